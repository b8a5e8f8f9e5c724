// The style of each server in every chart: colour for its I/O model, line and fill for its language. What is no server (a
// parameter, a reference) is grey. Colours are CSS variables of the page, so that one drawing serves light and dark.

import { type Html, html } from '../../../shared/markup.js';
import type { IoModelName } from '../../../shared/options.js';
import type { Series } from '../results.js';

/** The symbol of each I/O model, in SVG around (0, 0), 10 wide and high. Its colour has its name. */
const SYMBOLS = {
  events: 'M-5,0 A5,5 0 1,1 5,0 A5,5 0 1,1 -5,0 Z', // a circle
  poll: 'M0,-5 L5,0 L0,5 L-5,0 Z', // a diamond
  nonblocking: 'M0,-5 L5,5 L-5,5 Z', // a triangle
  blocking: 'M-5,-5 L5,-5 L5,5 L-5,5 Z', // a square
  threads: 'M-5,-5 L5,-5 L0,5 Z', // a triangle on its tip
  uring: 'M-5,-2 L5,-2 L5,2 L-5,2 Z', // a bar
} as const satisfies Record<IoModelName, string>;
const MODELS = Object.keys(SYMBOLS) as IoModelName[];

export interface SeriesStyle {
  /** A CSS variable. */
  readonly color: string;
  /** An outline in SVG around (0, 0). */
  readonly symbol: string;
  /** Lengths of dash and gap; undefined for a solid line. */
  readonly dash?: string | undefined;
  /** Whether the symbol is only an outline. */
  readonly hollow: boolean;
  /** 0 to 1. */
  readonly opacity: number;
}

const DASHES = [undefined, '8 4', '2 3', '8 3 2 3'] as const;

/** All known servers by name. */
export const SERVERS: ReadonlyMap<string, SeriesStyle> = new Map([
  ...MODELS.map((model) => [model, server(model)] as const),
  ['plain', { ...server('events'), color: 'plain', hollow: true }],
  ['C epoll', server('events', DASHES[1])],
  ['C threads', server('threads', DASHES[1])],
  ['C io_uring', server('uring', DASHES[1])],
  ['Python asyncio', server('events', DASHES[2])],
  ['Python nonblocking loop', server('nonblocking', DASHES[2])],
  ['Python threads', server('threads', DASHES[2])],
]);

function server(model: IoModelName, dash?: string): SeriesStyle {
  return { color: model, symbol: SYMBOLS[model], dash, hollow: dash !== undefined, opacity: 1 };
}

/** The style of a server; a suffix does not matter: `events` and `events, 2 cores` have the same. */
export function serverStyle(name: string): SeriesStyle | undefined {
  const known = [...SERVERS].find(([server]) => name === server || name.startsWith(`${server},`));
  return known?.[1];
}

export interface StyledSeries extends Series {
  readonly style: SeriesStyle;
}

/** All series of one chart, no two alike. */
export function withStyles(series: readonly Series[]): StyledSeries[] {
  const seen = new Map<SeriesStyle, number>();
  const others = series.filter(({ name }) => serverStyle(name) === undefined);
  return series.map((one) => {
    const style = serverStyle(one.name);
    if (style === undefined) return { ...one, style: grey(others.indexOf(one), others.length) };
    const nth = seen.get(style) ?? 0;
    seen.set(style, nth + 1);
    return { ...one, style: nth === 0 ? style : variation(style, nth) };
  });
}

/** The same server once more in one chart. */
function variation(style: SeriesStyle, nth: number): SeriesStyle {
  const dash = DASHES[nth % DASHES.length];
  return { ...style, dash, hollow: !style.hollow, opacity: Math.max(0.4, 1 - 0.3 * nth) };
}

/** The last of several is the darkest: parameters come in rising order. */
function grey(nth: number, of: number): SeriesStyle {
  const dash = of > 1 ? DASHES[(of - 1 - nth) % DASHES.length] : undefined;
  const opacity = of === 1 ? 0.8 : 0.3 + (0.7 * nth) / (of - 1);
  const symbol = SYMBOLS[MODELS[nth % MODELS.length] ?? 'events'];
  return { color: 'tone', symbol, dash, hollow: false, opacity };
}

/** The colour of an area: mixed with the paper instead of translucent, so that no grid line shines through. */
export function blend({ color, opacity }: SeriesStyle): string {
  return opacity === 1
    ? `var(--${color})`
    : `color-mix(in srgb, var(--${color}) ${Math.round(opacity * 100)}%, var(--paper))`;
}

/** A line along an SVG path. */
export function stroke({ color, dash, opacity }: SeriesStyle, path: string): Html {
  const dashes = dash && html` stroke-dasharray="${dash}"`;
  return html`<path d="${path}" fill="none" stroke="var(--${color})" stroke-width="2" opacity="${opacity}"${dashes}/>`;
}

/** A symbol around a point. */
export function symbol(style: SeriesStyle, x: number, y: number): Html {
  const fill = style.hollow ? 'var(--paper)' : blend(style);
  return html`<path d="${style.symbol}" transform="translate(${x} ${y})" fill="${fill}" stroke="${blend(style)}" stroke-width="1.8"/>`;
}

/** A line to compare with. */
export function referenceLine(path: string): Html {
  return html`<path d="${path}" fill="none" stroke="var(--muted)" stroke-width="1.2" stroke-dasharray="5 4"/>`;
}
