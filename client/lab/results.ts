// What the laboratory found, as plain data: everything that the report, results.json and results.csv say.

import type { LoadResult } from '../load/plan.js';

/** Measurements by name. Units are part of the name: `p99 ms`, `letters/s`, `CPU µs/letter`. */
export type Metrics = Readonly<Record<string, number>>;

/** A server at one value of the experiment's variable, such as events at `10 idle`. */
export interface Condition {
  readonly target: string;
  readonly parameter: string;
}

/** What one run gives. */
export interface Measured {
  readonly metrics: Metrics;
  readonly load?: LoadResult | undefined;
  /** Why this run does not count, such as a load that was too slow. */
  readonly void?: string | undefined;
  /** What the server did wrong; a server that is fast and wrong is wrong. */
  readonly wrong?: string | undefined;
}

export interface Run extends Condition, Measured {
  readonly repeat: number;
  /** Why the server was not or could not be run under this condition. */
  readonly absent?: string;
}

/** A median with its interval; without one when there are too few repeats to claim any. */
export interface Estimate {
  readonly median: number;
  readonly low?: number;
  readonly high?: number;
  readonly repeats: number;
}

export interface Row extends Condition {
  readonly estimates: Readonly<Record<string, Estimate>>;
  /** wrong, void or absent, with the reason. */
  readonly remarks: readonly string[];
}

export type Bound = { readonly atLeast: number } | { readonly atMost: number };

export interface ThresholdResult {
  readonly what: string;
  readonly estimate?: Estimate;
  readonly bound?: Bound;
  readonly verdict?: 'met' | 'missed' | 'inconclusive';
  /** Why it is inconclusive. */
  readonly why?: string;
}

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

/** A chart without how it is drawn. */
export type Chart = LineChart | BarChart;

/** What an experiment asks. */
export interface Question {
  readonly id: string;
  readonly question: string;
  readonly variable: string;
  /** What is expected, and why. The results are free to disagree. */
  readonly hypothesis?: string | undefined;
  /** 'closed' or 'open' loop, and what that means for reply times. */
  readonly loop: string;
  /** The metrics that the tables show, in this order. */
  readonly columns: readonly string[];
}

export interface Findings extends Question {
  readonly runs: readonly Run[];
  readonly rows: readonly Row[];
  /** Sentences made from the metrics, the first of which answers the question; none with too few repeats. */
  readonly conclusions: readonly string[];
  readonly thresholds: readonly ThresholdResult[];
  readonly charts: readonly Chart[];
  /** Reference figures of others with their source, and what could not be measured here. */
  readonly notes: readonly string[];
}

export interface Environment {
  readonly processors: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Of the last minute, before anything was run. */
  readonly loadAverage: number;
  /** Versions of Node.js, cc and Python, as far as they are there. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Results {
  readonly version: string;
  /** The commit of the sources; undefined outside a repository. */
  readonly commit?: string | undefined;
  /** ISO 8601. */
  readonly date: string;
  readonly seed: number;
  /** Fewer parameters and letters. */
  readonly quick: boolean;
  readonly repeats: number;
  readonly machine: Environment;
  readonly experiments: readonly Findings[];
}
