// Quantiles of measured values.

/** The values at these percentiles; p99.9 only where ten samples lie beyond it. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999?: number;
  readonly max: number;
}

/** A percentile is reported only if at least this number of values lies beyond it. */
const BEYOND = 10;

/** Interpolated between two neighbours of the sorted values; NaN of none. */
export function quantile(sorted: readonly number[], share: number): number {
  const index = share * (sorted.length - 1);
  const below = sorted[Math.floor(index)] ?? Number.NaN;
  const above = sorted[Math.ceil(index)] ?? below;
  return below + (above - below) * (index - Math.floor(index));
}

/** NaN of no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return quantile(sorted, 0.5);
}

/** By nearest rank, each one of the values itself, so that none is above the maximum; undefined of nothing. */
export function percentiles(values: ArrayLike<number>): Percentiles | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const at = (perMille: number) => sorted[Math.ceil((perMille * count) / 1000) - 1] as number;
  return {
    count,
    p50: at(500),
    p90: at(900),
    p99: at(990),
    ...(count >= 1000 * BEYOND && { p999: at(999) }),
    max: at(1000),
  };
}
