// The three kinds of charts that experiments have, from an analysis.

import type { Analysis } from './analysis.js';
import type { Axis, Chart, Condition, Point } from './results.js';

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
