// Quantiles of measured values.

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
