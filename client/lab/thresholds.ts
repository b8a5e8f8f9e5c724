// What a comparison is held to: a number made of medians, with its interval, and a bound. A bound is met or missed only when
// the whole interval is on one side of it; otherwise the result is inconclusive, with the reason.

import { formatNumber } from '../../shared/numbers.js';
import type { Analysis, MetricSample } from './analysis.js';
import type { Bound, Condition, Estimate, Findings, ThresholdResult } from './results.js';

export interface Threshold {
  readonly what: string;
  readonly samples: readonly MetricSample[];
  /** Gets the medians in the order of the samples; by default the first is divided by the second, if there is one. */
  readonly combine?: (medians: readonly number[]) => number;
  /** Without a bound the number is only reported. */
  readonly bound?: Bound | undefined;
  /** Why the bound does not hold on this machine, if it does not. */
  readonly unless?: (analysis: Analysis) => string | undefined;
}

/** A metric under a condition; under two, their ratio. */
export function threshold(what: string, metric: string, conditions: Condition[], bound?: Bound): Threshold {
  return { what, samples: conditions.map((condition) => ({ ...condition, metric })), bound };
}

export function evaluate(threshold: Threshold, analysis: Analysis): ThresholdResult {
  const { what, samples, combine, bound, unless } = threshold;
  const estimate = analysis.combination(samples, combine);
  const result = { what, ...(bound && { bound }), ...(estimate && { estimate }) };
  if (estimate === undefined) return { ...result, verdict: 'inconclusive', why: missing(samples, analysis) };
  if (bound === undefined) return result;
  const why = unless?.(analysis) ?? inconclusiveReason(estimate, bound);
  if (why !== undefined) return { ...result, verdict: 'inconclusive', why };
  return { ...result, verdict: reaches(estimate.median, bound) ? 'met' : 'missed' };
}

function inconclusiveReason({ low, high, repeats }: Estimate, bound: Bound): string | undefined {
  if (low === undefined || high === undefined) return `${repeats} repeats, no interval`;
  return reaches(low, bound) === reaches(high, bound) ? undefined : 'the bound is inside the interval';
}

function reaches(value: number, bound: Bound): boolean {
  return 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost;
}

/** Names the first sample that was not measured. */
function missing(samples: readonly MetricSample[], analysis: Analysis): string {
  const sample = samples.find((one) => analysis.values(one, one.metric).length === 0);
  const row = analysis
    .rows()
    .find(({ target, parameter }) => target === sample?.target && parameter === sample.parameter);
  return `${sample?.target} was not measured${row === undefined ? '' : `: ${row.remarks.join('; ')}`}`;
}

/** A row for each threshold: comparison, what, estimate, bound, verdict. */
export function thresholdRows(findings: readonly Pick<Findings, 'id' | 'thresholds'>[]): string[][] {
  return findings.flatMap(({ id, thresholds }) =>
    thresholds.map(({ what, estimate, bound, verdict, why }) => [
      id,
      what,
      estimateText(estimate),
      bound === undefined ? '' : 'atLeast' in bound ? `>= ${bound.atLeast}` : `<= ${bound.atMost}`,
      [verdict, why].filter((part) => part !== undefined).join(': '),
    ]),
  );
}

function estimateText(estimate: Estimate | undefined): string {
  if (estimate === undefined) return '–';
  const { median, low, high } = estimate;
  return low === undefined || high === undefined
    ? `about ${formatNumber(median)}`
    : `${formatNumber(median)} (${formatNumber(low)} to ${formatNumber(high)})`;
}
