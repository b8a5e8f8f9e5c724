// One chart as SVG, for a wide page or for a phone. Bars lie on their side, so that names and numbers have room. A value
// that is 'never' reaches to the end of the scale and says so.

import { type Html, html } from '../../../shared/markup.js';
import { formatNumber } from '../../../shared/numbers.js';
import type { BarChart, Chart, LineChart, Point } from '../results.js';
import { type Scale, scaleFor } from './scale.js';
import {
  blend,
  referenceLine,
  type SeriesStyle,
  type StyledSeries,
  serverStyle,
  stroke,
  symbol,
} from './series-style.js';

export type Format = 'wide' | 'narrow';

/** In pixels; text has the same size in both formats. */
const WIDTH = { wide: 760, narrow: 358 } as const;
const LINES_HEIGHT = { wide: 380, narrow: 330 } as const;
const FONT_SIZE = 13;
/** Of a character, on average and rather too much: there is no browser to measure it. */
const CHARACTER = 0.6 * FONT_SIZE;
const ROW = 18;
const BAR_GAP = 3;
const GROUP_GAP = 14;
/** Room for the number at the end of a bar. */
const NUMBER = 62;
/** Half of the line at the end of an interval. */
const CAP = 4;
/** A line with more points has no symbols. */
const MAX_SYMBOLS = 30;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** @param label what a screen reader says */
export function draw(chart: Chart, series: readonly StyledSeries[], format: Format, label: string): Html {
  const { height, content } =
    chart.kind === 'bars' ? bars(chart, series, format) : lines(chart, series, format);
  return html`<svg class="${format}" role="img" aria-label="${label}" viewBox="0 0 ${WIDTH[format]} ${height}" font-size="${FONT_SIZE}">${content}</svg>`;
}

function bars({ categories, y }: BarChart, series: readonly StyledSeries[], format: Format) {
  // Names stand beside the bars on a wide page, above them on a phone.
  const above = format === 'wide' ? 0 : ROW;
  const left = above > 0 ? 20 : Math.max(...categories.map((name) => name.length)) * CHARACTER + 8;
  const group = above + series.length * (ROW + BAR_GAP) + GROUP_GAP;
  const box = { left, right: WIDTH[format] - NUMBER, top: 4, bottom: 4 + categories.length * group };
  const scale = scaleFor(y, valuesOf(series), true);
  const x = (value: Point['y']) => round(box.left + scale.at(value) * (box.right - box.left));

  const drawn = series.flatMap(({ points, style }, nth) =>
    points.map((point) => {
      const server = serverStyle(categories[point.x] ?? '');
      // Where the categories are servers, colour stands for the server, and strength for the series.
      const own = server ? { ...server, opacity: series.length > 1 ? style.opacity : 1 } : style;
      const top = box.top + point.x * group + GROUP_GAP / 2 + above + nth * (ROW + BAR_GAP);
      return bar(point, own, x, top);
    }),
  );
  const names = categories.map((name, index) => {
    const top = box.top + index * group;
    return above > 0
      ? text(name, left, top + GROUP_GAP / 2 + ROW / 2, 'start')
      : text(name, left - 8, top + group / 2, 'end');
  });
  return {
    height: box.bottom + 2 * ROW + 10,
    content: [...axisBelow(scale, box, y.name, true), ...drawn, ...names],
  };
}

function bar(point: Point, style: SeriesStyle, x: (value: Point['y']) => number, top: number): Html {
  const [from, to] = [x(0), x(point.y)];
  const middle = top + ROW / 2;
  const end = Math.max(to, x(point.high ?? point.y));
  const area = html`<rect x="${from}" y="${top}" width="${round(to - from)}" height="${ROW}" rx="3"`;
  if (point.y === 'never')
    return html`${area} fill="${blend({ ...style, opacity: 0.22 })}" stroke="${blend(style)}" stroke-width="1.5" stroke-dasharray="4 3"/>${text('never', end + 6, middle, 'start')}`;
  const interval = whisker(point, 'ink', (value, cap) => `${x(value)},${middle + cap}`);
  const number = text(formatNumber(point.y), end + 6, middle, 'start');
  return html`${area} fill="${blend(style)}"/>${interval}${number}`;
}

function lines(chart: LineChart, series: readonly StyledSeries[], format: Format) {
  const height = LINES_HEIGHT[format];
  const along = series.flatMap(({ points }) => points.map(({ x }) => x));
  const xs = scaleFor(chart.x, along);
  const ys = scaleFor(chart.y, valuesOf(series));
  const labels = Math.max(...ys.ticks.map((tick) => ys.label(tick).length));
  const box = { left: labels * CHARACTER + 14, right: WIDTH[format] - 22, top: 34, bottom: height - 46 };
  const x = (value: number) => round(box.left + xs.at(value) * (box.right - box.left));
  const y = (value: number | 'never') => round(box.bottom - ys.at(value) * (box.bottom - box.top));

  const drawn = series.map(({ points, style, reference }) => {
    const path = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${x(point.x)},${y(point.y)}`).join('');
    if (reference) return referenceLine(path);
    return html`${stroke(style, path)}${points.map((point) => [
      whisker(point, style.color, (value, cap) => `${x(point.x) + cap},${y(value)}`),
      points.length <= MAX_SYMBOLS ? symbol(style, x(point.x), y(point.y)) : undefined,
    ])}`;
  });
  const ticks = ys.ticks.flatMap((tick) => [
    line(`M${box.left},${y(tick)} H${box.right}`),
    text(ys.label(tick), box.left - 8, y(tick), 'end', 'muted'),
  ]);
  const name = text(chart.y.name, 4, 10, 'start', 'muted');
  return { height, content: [...ticks, name, ...axisBelow(xs, box, chart.x.name, false), ...drawn] };
}

/** All that an axis must have room for. */
function valuesOf(series: readonly StyledSeries[]): Array<Point['y']> {
  return series
    .flatMap(({ points }) => points.flatMap(({ y, low, high }) => [y, low, high]))
    .filter((value) => value !== undefined);
}

function round(pixels: number): number {
  return Math.round(10 * pixels) / 10;
}

/** A line from end to end of an interval, with a cap at each. */
function whisker(
  { low, high }: Point,
  color: string,
  at: (value: number, cap: number) => string,
): Html | undefined {
  if (low === undefined || high === undefined) return undefined;
  const caps = [low, high].map((end) => `M${at(end, -CAP)} L${at(end, CAP)}`);
  return line(`M${at(low, 0)} L${at(high, 0)} ${caps.join(' ')}`, color, 1.4);
}

/** @param grid whether the ticks have lines, and not only labels */
function axisBelow(scale: Scale, { left, right, top, bottom }: Box, name: string, grid: boolean): Html[] {
  let free = Number.POSITIVE_INFINITY;
  const ticks = scale.ticks.toReversed().flatMap((tick) => {
    const [x, label] = [round(left + scale.at(tick) * (right - left)), scale.label(tick)];
    const half = (label.length * CHARACTER) / 2;
    const overlaps = x + half > free;
    if (!overlaps) free = x - half - 4;
    return [
      ...(grid ? [line(`M${x},${top} V${bottom}`)] : []),
      ...(overlaps ? [] : [text(label, x, bottom + 13, 'middle', 'muted')]),
    ];
  });
  const axis = grid ? [] : [line(`M${left},${bottom} H${right}`, 'muted')];
  return [...ticks, ...axis, text(name, (left + right) / 2, bottom + 13 + ROW, 'middle', 'muted')];
}

function text(words: string, x: number, y: number, anchor: 'start' | 'middle' | 'end', color = 'ink'): Html {
  return html`<text x="${round(x)}" y="${round(y)}" dy="0.35em" text-anchor="${anchor}" fill="var(--${color})">${words}</text>`;
}

function line(path: string, color = 'rule', width = 1): Html {
  return html`<path d="${path}" fill="none" stroke="var(--${color})" stroke-width="${width}"/>`;
}
