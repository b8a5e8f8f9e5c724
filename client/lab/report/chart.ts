// A chart as plain data, without how it is drawn.

export interface Axis {
  readonly name: string;
  readonly log?: boolean;
}

export interface Point {
  /** A number, or the index of a category. */
  readonly x: number;
  /** 'never' where no reply came, in bars only: drawn above all other values. */
  readonly y: number | 'never';
  /** The interval of y. */
  readonly low?: number;
  readonly high?: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** A line to compare with, not a measurement, in charts of lines only: drawn thin and dashed. */
  readonly reference?: boolean;
}

export interface LineChart {
  readonly kind: 'lines';
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

export interface BarChart extends Omit<LineChart, 'kind'> {
  readonly kind: 'bars';
  /** The values of x. */
  readonly categories: readonly string[];
}

export type Chart = LineChart | BarChart;
