// Numbers as people read them.

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** At most three digits: 0.0123, 1.2, 123, 1.23K, 1.23M. */
export function short(value: number): string {
  return Number.isFinite(value) ? compact.format(value) : '–';
}
