// Numbers as people read them, the same in conclusions, tables and charts.

/** Three digits, and all that stand before the point: 0.0123, 1.2, 123, 12,345; a dash for none. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) < 999.5 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return value.toLocaleString('en', digits);
}
