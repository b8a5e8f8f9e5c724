// Axes of numbers: where they begin and end, what stands beside their marks, and where they put what a log axis has no
// place for. Numbers for people are written here too, so that charts and tables say the same.

import type { Axis } from './chart.js';

/** An axis of numbers. */
export interface Scale {
  readonly log: boolean;
  readonly min: number;
  readonly max: number;
  /** From mark to mark: on a log axis in powers of ten. */
  readonly interval: number;
  /** Whether `min` stands for 0, which a log axis does not have. */
  readonly fromZero: boolean;
}

/**
 * @param values what must fit
 * @param room whether to leave room above for what never came
 */
export function scaleFor(axis: Axis, values: readonly number[], room = false): Scale {
  return axis.log ? logScale(values, room) : linearScale(values, room);
}

/** Where a value is drawn. */
export function place(value: number, { log, min }: Scale): number {
  return log && value < min ? min : value;
}

/** What stands beside a mark. */
export function mark(value: number, { min, fromZero }: Scale): string {
  if (fromZero && value <= min) return '0';
  if (Math.abs(value) >= 1_000_000) return `${value / 1_000_000}M`;
  if (Math.abs(value) >= 10_000) return `${value / 1_000}k`;
  return Number(value.toPrecision(6)).toLocaleString('en', { maximumFractionDigits: 6 });
}

/** A figure for people: three digits, more only before the point. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && size < 0.0005) return value.toExponential(1);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function logScale(values: readonly number[], room: boolean): Scale {
  const positive = values.filter((value) => value > 0);
  const fromZero = positive.length < values.length;
  const [least, most] = positive.length > 0 ? [Math.min(...positive), Math.max(...positive)] : [1, 1];
  // A bar needs some length, and 0 a decade of its own below the others.
  const low = fromZero ? Math.ceil(Math.log10(least)) - 1 : Math.floor(Math.log10(least / 1.3));
  const high = Math.max(Math.ceil(Math.log10(most)), low + 1) + (room ? 1 : 0);
  return { log: true, min: 10 ** low, max: 10 ** high, interval: Math.ceil((high - low) / 8), fromZero };
}

function linearScale(values: readonly number[], room: boolean): Scale {
  const [least, most] = [Math.min(...values, 0), Math.max(...values, 0)];
  const span = (most - least || 1) * (room ? 1.25 : 1);
  const power = 10 ** Math.floor(Math.log10(span / 5));
  const interval = power * ([1, 2, 5].find((step) => step * power >= span / 5) ?? 10);
  const min = Math.floor(least / interval) * interval;
  const max = Math.ceil((least + span) / interval - 1e-9) * interval;
  return { log: false, min, max, interval, fromZero: false };
}
