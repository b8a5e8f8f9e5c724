// What a few repeats of a noisy measurement allow to be said: medians, their intervals, and whether two differ.
//
// The bootstrap is unpaired and at 99 %: with five repeats a paired one at 95 % covers too little, and two runs of the same
// server must say "no difference" at least 95 times in 100.

import type { Prng } from '../../shared/prng.js';
import type { Estimate } from './results.js';

/** Fewer repeats than these claim no interval. */
export const ENOUGH_REPEATS = 5;
const RESAMPLES = 2_000;
/** The share of the resamples outside the interval on each side. */
const TAIL = 0.005;

export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Whether the interval leaves out 1; otherwise no difference was shown. */
  readonly differs: boolean;
}

/** NaN of no values. */
export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((one, other) => one - other),
    0.5,
  );
}

/** A median with its interval, where there are enough repeats to claim one. */
export function estimate(values: readonly number[], random: Prng): Estimate {
  return combination([values], ([middle = Number.NaN]) => middle, random);
}

/** The median of the ones over the median of the others; undefined with too few repeats of either. */
export function ratio(ones: readonly number[], others: readonly number[], random: Prng): Ratio | undefined {
  const { median, low, high } = combination([ones, others], ([one = 0, other = 0]) => one / other, random);
  return low === undefined || high === undefined
    ? undefined
    : { ratio: median, low, high, differs: low > 1 || high < 1 };
}

/**
 * A number made of the medians of several samples, with its interval where each has enough repeats to claim one.
 * @param combine gets the medians in the order of the samples
 */
export function combination(
  samples: ReadonlyArray<readonly number[]>,
  combine: (medians: readonly number[]) => number,
  random: Prng,
): Estimate {
  const repeats = Math.min(...samples.map(({ length }) => length));
  const together = { median: combine(samples.map(median)), repeats };
  if (repeats < ENOUGH_REPEATS) return together;
  const draw = () => combine(samples.map((values) => median(resample(values, random))));
  const drawn = Array.from({ length: RESAMPLES }, draw).sort((one, other) => one - other);
  return { ...together, low: quantile(drawn, TAIL), high: quantile(drawn, 1 - TAIL) };
}

function resample(values: readonly number[], random: Prng): number[] {
  return values.map(() => values[random.below(values.length)] as number);
}

/** Interpolated between two neighbours of the sorted values; NaN of none. */
function quantile(sorted: readonly number[], share: number): number {
  const index = share * (sorted.length - 1);
  const below = sorted[Math.floor(index)] ?? Number.NaN;
  const above = sorted[Math.ceil(index)] ?? below;
  return below + (above - below) * (index - Math.floor(index));
}
