// Formats numbers in English.

/** `1 byte`, `2 bytes`, `30,000 bytes`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${thousands(n)} ${n === 1 ? one : many}`;
}

/**
 * `30,000`. Not with toLocaleString, which loads the data of all languages: 20 to 60 ms at the end of each server.
 * @param n a whole number
 */
export function thousands(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Three significant digits, or all that stand before the point: 0.0123, 1.2, 123, 12,345; a dash for NaN and Infinity. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) < 999.5 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return value.toLocaleString('en', digits);
}
