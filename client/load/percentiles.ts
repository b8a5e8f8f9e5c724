// From reply times to what is reported of them.

import type { LoadResult, Percentiles } from './plan.js';

/** A percentile is reported only if at least this number of values lies beyond it. */
const BEYOND = 10;
/** Bars of a histogram from one power of ten to the next. */
const BARS_A_DECADE = 10;
/** The bound of the first bar, in milliseconds. */
const FIRST_BOUND = 0.01;

/** Percentiles by nearest rank, each one of the times itself, so that none is above the maximum; undefined of nothing. */
export function percentiles(timesMs: Float64Array): Percentiles | undefined {
  if (timesMs.length === 0) return undefined;
  const sorted = timesMs.toSorted();
  const at = (perMille: number) => sorted[Math.ceil((perMille * sorted.length) / 1000) - 1] ?? Number.NaN;
  return {
    count: timesMs.length,
    p50: at(500),
    p90: at(900),
    p99: at(990),
    ...(timesMs.length >= 1000 * BEYOND && { p999: at(999) }),
    max: at(1000),
  };
}

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
