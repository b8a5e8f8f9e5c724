// One chart as SVG, drawn by ECharts without a browser, for a wide page or for a phone, where bars lie on their side
// because names need room. Colours are CSS variables of the page, so one drawing serves light and dark.
// What never came reaches to the top and says so.

import type { CustomSeriesOption, EChartsOption, SeriesOption } from 'echarts';
import { init } from 'echarts/dist/echarts.esm.min.mjs'; // one file: its 600 modules take a second to load
import type { Chart, Point, Series } from './chart.js';
import { formatNumber } from './numbers.js';
import { mark, place, type Scale, scaleFor } from './scale.js';
import { blend, OUTLINES, type SeriesStyle, seriesStyles, serverStyle } from './series-style.js';

export type Format = 'wide' | 'narrow';

/** In pixels; text has the same size in both. */
const SIZES = { wide: { width: 760, height: 380 }, narrow: { width: 358, height: 330 } } as const;
const FONT_SIZE = { wide: 13, narrow: 12 } as const;
const BAR_LAYOUT = { barGap: '12%', barCategoryGap: '30%', barMaxWidth: 48 } as const;
const LYING_BAR_HEIGHT = 24;
/** More words than these, such as a histogram's, have room only as marks on an axis. */
const MAX_LYING_WORDS = 16;
/** A longer word goes on in the next line. */
const MAX_WORD_WIDTH = 130;
/** More bars than these have no room for their figures. */
const MAX_LABELLED_BARS = { wide: 16, narrow: 80 } as const;
/** More points than these are a line without symbols. */
const MAX_SYMBOLS = 30;
const SYMBOL_SIZE = 9;

const [INK, MUTED, RULE, PAPER] = ['var(--ink)', 'var(--muted)', 'var(--rule)', 'var(--paper)'];

/** Everything that is known about a drawing before the first line is drawn. */
interface Draft {
  readonly chart: Chart;
  readonly format: Format;
  readonly looks: readonly SeriesStyle[];
  /** The words of the x axis; undefined for an axis of numbers. */
  readonly words: readonly string[] | undefined;
  /** What is varied runs downwards. */
  readonly lying: boolean;
  readonly x: Scale;
  readonly y: Scale;
}

/** @returns an svg element; the page gives it a name for those who cannot see it */
export function draw(chart: Chart, format: Format): string {
  const draft = drafted(chart, format);
  const { width, height } = SIZES[format];
  const canvas = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width,
    height: draft.lying ? lyingHeight(draft) : height,
  });
  canvas.setOption(option(draft));
  const svg = canvas.renderToSVGString();
  canvas.dispose();
  // ECharts leaves marks for a script that would make the chart answer to a mouse; there is none.
  return svg
    .replace(/<style >.*?<\/style>/s, '')
    .replaceAll(/ (?:ecmeta_\w+|class|pointer-events)="[^"]*"/g, '')
    .replace(/ width="\d+" height="\d+"/, '');
}

function drafted(source: Chart, format: Format): Draft {
  const chart = source.kind === 'bars' && source.x.words === undefined ? withWords(source) : source;
  const points = chart.series.flatMap((series) => series.points);
  const heights = points.flatMap(({ y, low, high }) =>
    [y, low, high].filter((height) => typeof height === 'number'),
  );
  const across = points.map((point) => point.x);
  const never = points.some((point) => point.y === 'never');
  return {
    chart,
    format,
    looks: seriesStyles(chart.series.map((series) => series.name)),
    words: chart.x.words,
    lying: chart.kind === 'bars' && liesDown(chart.x.words ?? [], format),
    x: scaleFor(chart.x, across, false, false),
    y: scaleFor(chart.y, heights, never, chart.kind === 'bars'),
  };
}

function liesDown(words: readonly string[], format: Format): boolean {
  if (words.length > MAX_LYING_WORDS) return false;
  return format === 'narrow' || textWidth(words, format) > (SIZES.wide.width * 0.9) / words.length;
}

/** Roughly, and rather too much: there is no browser to measure it. */
function textWidth(words: readonly string[], format: Format): number {
  return Math.max(...words.map((word) => word.length)) * FONT_SIZE[format] * 0.62;
}

/** Bars over numbers stand side by side, whatever lies between the numbers. */
function withWords(chart: Chart): Chart {
  const numbers = [...new Set(chart.series.flatMap(({ points }) => points.map(({ x }) => x)))];
  numbers.sort((one, other) => one - other);
  const placed = ({ x, ...rest }: Point): Point => ({ ...rest, x: numbers.indexOf(x) });
  return {
    ...chart,
    x: { ...chart.x, words: numbers.map(formatNumber) },
    series: chart.series.map((series) => ({ ...series, points: series.points.map(placed) })),
  };
}

function bars({ chart }: Draft): Series[] {
  return chart.kind === 'bars' ? chart.series.filter((series) => !series.reference) : [];
}

function lyingHeight(draft: Draft): number {
  return 100 + (draft.words?.length ?? 0) * (16 + bars(draft).length * LYING_BAR_HEIGHT);
}

function option(draft: Draft): EChartsOption {
  const [along, up] = [alongAxis(draft), upAxis(draft)];
  return {
    animation: false,
    textStyle: { fontFamily: 'inherit', fontSize: FONT_SIZE[draft.format], color: INK },
    grid: grid(draft),
    xAxis: draft.lying ? up : along,
    yAxis: draft.lying ? along : up,
    series: draft.chart.series.flatMap((series, nth) => seriesOptions(draft, series, nth)),
  };
}

/** The room around: for the names of the axes, and for the figures at the ends of bars. */
function grid({ lying, words, format }: Draft): object {
  if (!lying || words === undefined) return { left: 8, right: 22, top: 44, bottom: 30, containLabel: true };
  return { left: Math.min(textWidth(words, format), MAX_WORD_WIDTH) + 14, right: 58, top: 8, bottom: 52 };
}

/** The axis of what is varied. On a phone its words say enough without a name. */
function alongAxis(draft: Draft): object {
  const { chart, words, lying, format } = draft;
  const fontSize = FONT_SIZE[format];
  const common = {
    ...(!lying && { name: chart.x.name }),
    nameLocation: 'middle',
    nameGap: 32,
    nameTextStyle: { color: MUTED, fontSize },
    axisLine: { show: true, lineStyle: { color: MUTED } },
    axisTick: { show: false },
  };
  if (words === undefined) return { ...common, ...numbers(draft.x, fontSize), splitLine: { show: false } };
  const axisLabel = { color: INK, fontSize, ...(words.length <= MAX_LYING_WORDS && { interval: 0 }) };
  const width = lying ? { width: MAX_WORD_WIDTH, overflow: 'break' } : {};
  return {
    ...common,
    type: 'category',
    data: [...words],
    inverse: lying,
    axisLabel: { ...axisLabel, ...width },
  };
}

/** The axis of what is measured. */
function upAxis({ chart, lying, y, format }: Draft): object {
  const fontSize = FONT_SIZE[format];
  return {
    name: chart.y.name,
    nameLocation: lying ? 'middle' : 'end',
    nameGap: lying ? 32 : 20,
    nameTextStyle: { color: MUTED, fontSize, align: lying ? 'center' : 'left' },
    ...numbers(y, fontSize),
    axisLine: { show: false },
  };
}

function numbers(scale: Scale, fontSize: number): object {
  const { log, min, max, interval, marks } = scale;
  const formatter = (value: number) => mark(value, scale);
  return {
    type: log ? 'log' : 'value',
    ...{ min, max },
    ...(interval !== undefined && { interval }),
    startValue: min, // bars would begin at 1 on a log axis
    axisTick: { show: false },
    axisLabel: {
      ...{ color: MUTED, fontSize, hideOverlap: true, formatter },
      ...(marks && { customValues: [...marks] }),
    },
    splitLine: { lineStyle: { color: RULE } },
  };
}

function seriesOptions(draft: Draft, series: Series, nth: number): SeriesOption[] {
  const look = draft.looks[nth] as SeriesStyle;
  if (series.reference) return [reference(draft, series)];
  if (draft.chart.kind === 'bars') return [bar(draft, series, look), atBars(draft, series)];
  return [...line(draft, series, nth), whiskers(draft, series, look)];
}

/** A point as ECharts wants it, in the order of its axes. */
function data(draft: Draft, x: number, y: number): [number, number] {
  const along = draft.words === undefined ? place(x, draft.x) : x;
  const up = place(y, draft.y);
  return draft.lying ? [up, along] : [along, up];
}

function reference(draft: Draft, { points }: Series): SeriesOption {
  const known = points.flatMap(({ x, y }) => (y === 'never' ? [] : [data(draft, x, y)]));
  const lineStyle = { color: MUTED, width: 1.2, type: [5, 4], opacity: 1 };
  const only = known.length === 1 ? known[0] : undefined;
  if (only === undefined) return { type: 'line', data: known, symbol: 'none', silent: true, lineStyle };
  // One value to compare with everything.
  const at = draft.lying ? { xAxis: only[0] } : { yAxis: only[1] };
  const markLine = { silent: true, symbol: 'none', label: { show: false }, data: [at], lineStyle };
  return { type: 'line', data: [], markLine };
}

function bar(draft: Draft, { points }: Series, own: SeriesStyle): SeriesOption {
  const many = bars(draft).length > 1;
  return {
    type: 'bar',
    silent: true,
    ...BAR_LAYOUT,
    data: points.map(({ x, y }) => {
      // Where the bars' words are servers, colour tells the server, and strength which bar of its group it is.
      const server = serverStyle(draft.words?.[x] ?? '');
      const look = server === undefined ? own : { ...server, ...(many && { opacity: own.opacity }) };
      const solid = { color: blend(look), borderRadius: draft.lying ? [0, 3, 3, 0] : [3, 3, 0, 0] };
      const never = {
        color: blend({ ...look, opacity: 0.22 }),
        borderColor: `var(--${look.color})`,
        borderWidth: 1.5,
        borderType: 'dashed' as const,
      };
      const top = draft.y.max;
      return {
        value: data(draft, x, y === 'never' ? top : y),
        itemStyle: y === 'never' ? never : solid,
      };
    }),
  };
}

/** What stands at the end of each bar: its interval, and its figure where there is room. */
function atBars(draft: Draft, series: Series): CustomSeriesOption {
  const [groups, fontSize] = [bars(draft), FONT_SIZE[draft.format]];
  const count = groups.reduce((total, { points }) => total + points.length, 0);
  const labelled = count <= MAX_LABELLED_BARS[draft.format];
  const { lying } = draft;
  return {
    type: 'custom',
    silent: true,
    clip: false,
    z: 5,
    data: series.points.map(({ x, y }) => data(draft, x, y === 'never' ? draft.y.max : y)),
    renderItem: ({ dataIndex }, api) => {
      const point = series.points[dataIndex] as Point;
      const layout = api.barLayout({ ...BAR_LAYOUT, count: groups.length })?.[groups.indexOf(series)];
      const offset = layout?.offsetCenter ?? 0;
      const at = (value: number): [number, number] => {
        const [left = 0, top = 0] = api.coord(data(draft, point.x, value));
        return lying ? [left, top + offset] : [left + offset, top];
      };
      const { y, low, high } = point;
      const end = at(y === 'never' ? draft.y.max : Math.max(y, high ?? y));
      const label = {
        type: 'text' as const,
        x: end[0] + (lying ? 6 : 0),
        y: end[1] - (lying ? 0 : 5),
        style: {
          text: y === 'never' ? 'never' : labelled ? formatNumber(y) : '',
          fill: INK,
          fontSize: fontSize - 1,
          fontFamily: 'inherit',
          ...(y === 'never' && { fontWeight: 'bold' as const }),
          align: lying ? ('left' as const) : ('center' as const),
          verticalAlign: lying ? ('middle' as const) : ('bottom' as const),
        },
        // Neighbours that both never came have no room for the word but along the bar.
        ...(y === 'never' &&
          !lying &&
          groups.length > 1 && { rotation: Math.PI / 2, x: end[0] + 6, y: end[1] + 26 }),
      };
      const interval = low === undefined || high === undefined ? [] : [whisker(at(low), at(high), INK)];
      return { type: 'group', children: [...interval, label] };
    },
  };
}

function line(draft: Draft, { points }: Series, nth: number): SeriesOption[] {
  const look = draft.looks[nth] as SeriesStyle;
  const color = `var(--${look.color})`;
  const symbol = `path://${OUTLINES[look.shape]}`;
  const itemStyle = look.hollow
    ? { color: PAPER, borderColor: color, borderWidth: 1.8, opacity: 1 }
    : { color, opacity: look.opacity };
  // Those that never came at the same place stand side by side.
  const before = (x: number) =>
    draft.chart.series
      .slice(0, nth)
      .filter((other) => other.points.some((point) => point.x === x && point.y === 'never')).length;
  const never = points.filter(({ y }) => y === 'never');
  return [
    {
      type: 'line',
      silent: true,
      // A line does not go on to where nothing came.
      data: points.map(({ x, y }) => (y === 'never' ? [x, '-'] : data(draft, x, y))),
      symbol: points.length > MAX_SYMBOLS ? 'none' : symbol,
      symbolSize: SYMBOL_SIZE,
      showAllSymbol: true,
      itemStyle,
      lineStyle: { color, width: 2, opacity: look.opacity, type: look.dash ? [...look.dash] : 'solid' },
    },
    {
      type: 'scatter',
      silent: true,
      clip: false,
      data: never.map(({ x }) => ({
        value: data(draft, x, draft.y.max),
        symbolOffset: [-before(x) * (SYMBOL_SIZE + 3), 0],
      })),
      symbol,
      symbolSize: SYMBOL_SIZE + 2,
      itemStyle,
    },
  ];
}

function whiskers(draft: Draft, { points }: Series, look: SeriesStyle): CustomSeriesOption {
  const known = points.filter(({ low, high }) => low !== undefined && high !== undefined);
  return {
    type: 'custom',
    silent: true,
    data: known.map(({ x, low = 0 }) => data(draft, x, low)),
    renderItem: ({ dataIndex }, api) => {
      const { x, low = 0, high = 0 } = known[dataIndex] as Point;
      const at = (value: number) => api.coord(data(draft, x, value)) as [number, number];
      return whisker(at(low), at(high), `var(--${look.color})`);
    },
  };
}

/** A line from end to end with a cap at each, drawn along either axis. */
function whisker([x1, y1]: [number, number], [x2, y2]: [number, number], stroke: string) {
  const cap = 4;
  const [dx, dy] = x1 === x2 ? [cap, 0] : [0, cap];
  const piece = (shape: { x1: number; y1: number; x2: number; y2: number }) => ({
    type: 'line' as const,
    shape,
    style: { stroke, lineWidth: 1.4 },
  });
  return {
    type: 'group' as const,
    children: [
      piece({ x1, y1, x2, y2 }),
      piece({ x1: x1 - dx, y1: y1 - dy, x2: x1 + dx, y2: y1 + dy }),
      piece({ x1: x2 - dx, y1: y2 - dy, x2: x2 + dx, y2: y2 + dy }),
    ],
  };
}
