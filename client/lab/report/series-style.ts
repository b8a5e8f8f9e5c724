// How each server looks in every chart: the colour tells its I/O model, the line and the fill tell its language. What is
// no server (a level, a reference) is drawn in tones of grey, so colour always means a server. Colours are names of
// CSS variables, which the page sets for light and for dark; the hues stay apart for colour-blind eyes.

export type Shape = 'circle' | 'diamond' | 'triangle' | 'square' | 'wedge';

export interface SeriesStyle {
  /** A CSS variable. */
  readonly color: string;
  readonly shape: Shape;
  /** Lengths of dash and gap; undefined for a line without gaps. */
  readonly dash?: readonly number[];
  /** Filled or only an outline. */
  readonly hollow: boolean;
  /** 0 to 1. */
  readonly opacity: number;
}

/** Outlines around (0, 0), 10 wide and high. */
export const OUTLINES: Record<Shape, string> = {
  circle: 'M-5,0 A5,5 0 1,1 5,0 A5,5 0 1,1 -5,0 Z',
  diamond: 'M0,-5 L5,0 L0,5 L-5,0 Z',
  triangle: 'M0,-5 L5,5 L-5,5 Z',
  square: 'M-5,-5 L5,-5 L5,5 L-5,5 Z',
  wedge: 'M-5,-5 L5,-5 L0,5 Z',
};

const SHAPES: readonly Shape[] = ['circle', 'diamond', 'triangle', 'square', 'wedge'];
const DASHES = [undefined, [8, 4], [2, 3], [8, 3, 2, 3]] as const;
const LANGUAGES = {
  'Node.js': { hollow: false },
  C: { hollow: true, dash: [8, 4] },
  Python: { hollow: true, dash: [2, 3] },
} as const;

/** All known servers by name. */
export const SERVERS: ReadonlyMap<string, SeriesStyle> = new Map([
  ['events', look('events', 'Node.js')],
  ['poll', look('poll', 'Node.js')],
  ['nonblocking', look('nonblocking', 'Node.js')],
  ['blocking', look('blocking', 'Node.js')],
  ['threads', look('threads', 'Node.js')],
  ['plain', { color: 'plain', shape: 'circle', hollow: true, opacity: 1 }],
  ['C epoll', look('events', 'C')],
  ['C threads', look('threads', 'C')],
  ['Python asyncio', look('events', 'Python')],
  ['Python nonblocking loop', look('nonblocking', 'Python')],
  ['Python threads', look('threads', 'Python')],
]);

function look(
  model: 'events' | 'poll' | 'nonblocking' | 'blocking' | 'threads',
  language: keyof typeof LANGUAGES,
): SeriesStyle {
  const shapes = {
    events: 'circle',
    poll: 'diamond',
    nonblocking: 'triangle',
    blocking: 'square',
    threads: 'wedge',
  } as const;
  return { color: model, shape: shapes[model], opacity: 1, ...LANGUAGES[language] };
}

/** The look of a server, also where more follows its name: `events` and `events, 2 cores` look the same. */
export function serverStyle(name: string): SeriesStyle | undefined {
  const known = [...SERVERS.keys()].filter((server) => name === server || name.startsWith(`${server},`));
  return SERVERS.get(known[0] ?? '');
}

/** The colour of an area, as strong as the look is: mixed with the paper, so that nothing shines through. */
export function blend({ color, opacity }: SeriesStyle): string {
  return opacity === 1
    ? `var(--${color})`
    : `color-mix(in srgb, var(--${color}) ${Math.round(opacity * 100)}%, var(--paper))`;
}

/** Looks for all series of one chart, no two alike. */
export function seriesStyles(names: readonly string[]): SeriesStyle[] {
  const seen = new Map<string, number>();
  const others = names.filter((name) => serverStyle(name) === undefined);
  return names.map((name) => {
    const server = serverStyle(name);
    if (server === undefined) return tone(others.indexOf(name), others.length);
    const key = `${server.color} ${server.dash}`;
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    return nth === 0 ? server : variation(server, nth);
  });
}

/** The same server once more in one chart. */
function variation(server: SeriesStyle, nth: number): SeriesStyle {
  const dash = DASHES[nth % DASHES.length];
  const { dash: _, ...rest } = server;
  return { ...rest, ...(dash && { dash }), hollow: !server.hollow, opacity: Math.max(0.4, 1 - 0.3 * nth) };
}

/** Grey, the last of several the darkest: levels come in rising order. */
function tone(nth: number, of: number): SeriesStyle {
  const dash = of > 1 ? DASHES[(of - 1 - nth) % DASHES.length] : undefined;
  return {
    color: 'tone',
    shape: SHAPES[nth % SHAPES.length] ?? 'circle',
    ...(dash && { dash }),
    hollow: false,
    opacity: of === 1 ? 0.8 : 0.3 + (0.7 * nth) / (of - 1),
  };
}
