// A picture as plain data: what an experiment wants shown, without saying how it is drawn.

export interface Axis {
  readonly name: string;
  readonly log?: boolean;
  /** For an axis of words instead of numbers. */
  readonly words?: readonly string[];
}

export interface Point {
  /** A number, or the place of a word on the axis. */
  readonly x: number;
  /** 'never' where nothing ever came: drawn as a bar or point above all others, with that word. */
  readonly y: number | 'never';
  /** The interval of y. */
  readonly low?: number;
  readonly high?: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** A line to compare with, not a measurement: drawn thin and dashed. */
  readonly reference?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly kind: 'bars' | 'lines';
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}
