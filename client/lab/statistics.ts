// What a few repeats of a noisy measurement allow to be said: medians, their intervals, and whether two differ.
//
// The bootstrap is unpaired and at 99 %: with five repeats a paired one at 95 % covers too little, and two runs of the same
// server must say "no difference" at least 95 times in 100.

import type { Prng } from '../../shared/prng.js';
import { median, quantile } from '../../shared/quantile.js';
import type { Estimate } from './results.js';

/** Fewer repeats than these claim no interval. */
export const ENOUGH_REPEATS = 5;
const RESAMPLES = 2_000;
/** The share of the resamples outside the interval on each side. */
const TAIL = 0.005;

/** The first of several medians over the second; the first itself if there is no second. */
export const quotient = ([value = Number.NaN, base = 1]: readonly number[]) => value / base;

/**
 * A number made of the medians of several samples, with its interval where each has enough repeats to claim one.
 * @param combine gets the medians in the order of the samples
 */
export function estimate(
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
