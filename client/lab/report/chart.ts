// A chart as plain data: what an experiment wants shown, without how it is drawn; and the two charts that most want.

import type { Analysis } from '../analysis.js';
import type { Condition } from '../results.js';

export interface Axis {
  readonly name: string;
  readonly log?: boolean;
}

export interface Point {
  /** A number, or the index of a category. */
  readonly x: number;
  /** 'never' where no reply came: drawn above all other values. */
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

/** A line for each server: the metric against the number that each parameter begins with. */
export function lineChart(analysis: Analysis, title: string, metric: string, x: Axis, y?: Axis): Chart {
  const series = analysis.targets.map((name) => ({
    name,
    points: analysis.parameters.flatMap((parameter) =>
      analysis.point({ target: name, parameter }, metric, leadingNumber(parameter)),
    ),
  }));
  return { title, kind: 'lines', x, y: y ?? { name: metric, log: true }, series };
}

/** A group of bars for each parameter, a bar for each server; 'never' where this metric has a median above 0. */
export function barChart(
  analysis: Analysis,
  title: string,
  metric: string,
  x: string,
  y: Axis,
  never = '',
): Chart {
  const categories = analysis.parameters;
  const series = analysis.targets.map((target) => ({
    name: target,
    points: categories.flatMap((parameter, index): Point[] =>
      analysis.median({ target, parameter }, never) > 0
        ? [{ x: index, y: 'never' }]
        : analysis.point({ target, parameter }, metric, index),
    ),
  }));
  return { title, kind: 'bars', categories, x: { name: x }, y, series };
}

/** A group of bars for each condition, named by its target or parameter, a bar for each metric. */
export function conditionChart(
  analysis: Analysis,
  title: string,
  metrics: readonly string[],
  name: keyof Condition,
  y: string,
): Chart {
  const { conditions } = analysis;
  const series = metrics.map((metric) => ({
    name: metric,
    points: conditions.flatMap((condition, index) => analysis.point(condition, metric, index)),
  }));
  const categories = conditions.map((condition) => condition[name]);
  return { title, kind: 'bars', categories, x: { name }, y: { name: y }, series };
}

/** 10000 of `10,000 clients`. */
function leadingNumber(parameter: string): number {
  return Number.parseFloat(parameter.replaceAll(',', ''));
}
