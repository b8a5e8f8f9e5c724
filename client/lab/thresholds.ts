// What a comparison is held to: a number made of medians, with its interval, and a bound. A bound is met or missed only when
// the whole interval lies on one side of it; otherwise that was not shown, and the reason is said.

import type { Analysis, Condition, Sample } from './analysis.js';
import { formatNumber } from './report/numbers.js';
import type { Estimate } from './results.js';

export type Target = { readonly atLeast: number } | { readonly atMost: number };

export interface Threshold {
  readonly what: string;
  readonly samples: readonly Sample[];
  /** Is given the medians in the order of the samples. */
  readonly combine: (medians: readonly number[]) => number;
  /** Without, the number is only told. */
  readonly target?: Target;
  /** Why the target does not hold here, if it does not. */
  readonly unless?: (analysis: Analysis) => string | undefined;
}

/** met and missed: by the whole interval. */
export type Verdict = 'met' | 'missed' | 'not shown';

export interface ThresholdResult {
  readonly comparison: string;
  readonly what: string;
  readonly estimate?: Estimate;
  readonly target?: Target;
  readonly verdict?: Verdict;
  /** Why nothing was shown. */
  readonly why?: string;
}

/** How many times as much of a figure there it is here. */
export function ratioOf(
  what: string,
  metric: string,
  here: Condition,
  there: Condition,
  target?: Target,
): Threshold {
  const samples = [here, there].map((condition) => ({ ...condition, metric }));
  return { what, samples, combine: ([one = 0, other = 0]) => one / other, ...(target && { target }) };
}

/** A figure by itself. */
export function metricOf(what: string, metric: string, condition: Condition, target?: Target): Threshold {
  const samples = [{ ...condition, metric }];
  return { what, samples, combine: ([value = 0]) => value, ...(target && { target }) };
}

export function evaluate(comparison: string, threshold: Threshold, analysis: Analysis): ThresholdResult {
  const { what, samples, combine, target } = threshold;
  const estimate = analysis.combination(samples, combine);
  const said = { comparison, what, ...(target && { target }), ...(estimate && { estimate }) };
  if (estimate === undefined) return { ...said, verdict: 'not shown', why: missing(samples, analysis) };
  if (target === undefined) return said;
  const why = threshold.unless?.(analysis) ?? doubt(estimate, target);
  if (why !== undefined) return { ...said, verdict: 'not shown', why };
  return { ...said, verdict: reaches(estimate.median, target) ? 'met' : 'missed' };
}

/** Why an estimate neither meets nor misses a target; undefined if it does. */
function doubt({ low, high, repeats }: Estimate, target: Target): string | undefined {
  if (low === undefined || high === undefined) return `${repeats} repeats, no interval`;
  if (reaches(low, target) === reaches(high, target)) return undefined;
  return 'the interval has the target in it';
}

function reaches(value: number, target: Target): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

/** Of the first that has no figure. */
function missing(samples: readonly Sample[], analysis: Analysis): string {
  const sample = samples.find(({ metric, ...condition }) => analysis.values(condition, metric).length === 0);
  const row = analysis
    .rows()
    .find(({ target, parameter }) => target === sample?.target && parameter === sample.parameter);
  return `${sample?.target} was not measured${row === undefined ? '' : `: ${row.remarks.join('; ')}`}`;
}

/** A table of all of them. */
export function formatThresholds(outcomes: readonly ThresholdResult[]): string {
  const rows = outcomes.map(({ comparison, what, estimate, target, verdict, why }) => ({
    trials: [comparison, what, estimateText(estimate), targetText(target), verdict ?? ''],
    why,
  }));
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map(({ trials }) => trials[column]?.length ?? 0)),
  );
  return rows
    .map(({ trials, why }) => {
      const line = trials.map((trial, column) => trial.padEnd(widths[column] ?? 0)).join('  ');
      return `${line}${why === undefined ? '' : `: ${why}`}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

function estimateText(estimate: Estimate | undefined): string {
  if (estimate === undefined) return '–';
  const { median, low, high } = estimate;
  return low === undefined || high === undefined
    ? `about ${formatNumber(median)}`
    : `${formatNumber(median)} (${formatNumber(low)} to ${formatNumber(high)})`;
}

function targetText(target: Target | undefined): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
}
