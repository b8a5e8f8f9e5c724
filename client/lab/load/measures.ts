// From reply times to what is reported of them.

import histograms from 'hdr-histogram-js/dist/Int32Histogram.js'; // all of the package takes 50 ms to load, this 9
import type { LoadResult, Percentiles } from './plan.js';

/** Microseconds: a day. */
const LONGEST = 86_400_000_000;
/** Of the counted values, so many must lie beyond a percentile that is told. */
const BEYOND = 10;
/** Bars of a histogram from one power of ten to the next. */
const BARS_A_DECADE = 10;
/** The bound of the first bar, in milliseconds. */
const FIRST_BOUND = 0.01;

/** Percentiles to three digits, as the field's HdrHistogram counts them; undefined of nothing. */
export function percentiles(timesMs: Float64Array): Percentiles | undefined {
  if (timesMs.length === 0) return undefined;
  const histogram = new histograms.default(1, LONGEST, 3);
  for (const ms of timesMs) histogram.recordValue(Math.max(1, Math.round(ms * 1000)));
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    count: timesMs.length,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    ...(timesMs.length >= 1000 * BEYOND && { p999: at(99.9) }),
    max: timesMs.reduce((max, ms) => Math.max(max, ms), 0),
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
