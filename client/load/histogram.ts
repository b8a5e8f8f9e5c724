// The histogram of reply times.

import type { LoadResult } from './plan.js';

/** Bars of a histogram from one power of ten to the next. */
const BARS_A_DECADE = 10;
/** The bound of the first bar, in milliseconds. */
const FIRST_BOUND = 0.01;

/** How many times lie below each of a row of bounds (and not below the one before), on a log axis. */
export function buckets(timesMs: Float64Array): LoadResult['buckets'] {
  const counts: number[] = [];
  for (const ms of timesMs) {
    const bar = Math.max(0, Math.floor(Math.log10(ms / FIRST_BOUND) * BARS_A_DECADE) + 1);
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return Array.from(counts, (count, bar) => [
    Number((FIRST_BOUND * 10 ** (bar / BARS_A_DECADE)).toPrecision(3)),
    count ?? 0,
  ]);
}
