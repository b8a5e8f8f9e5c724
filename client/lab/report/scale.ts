// Axes of numbers: where they begin and end, what stands beside their marks, and where they put what a log axis has no
// place for.

import type { Axis } from './chart.js';

/** An axis of numbers. */
export interface Scale {
  readonly log: boolean;
  readonly min: number;
  readonly max: number;
  /** From mark to mark on an axis that is not log. */
  readonly interval?: number;
  /** All marks of an axis that is log. */
  readonly marks?: readonly number[];
  /** Whether `min` stands for 0, which a log axis does not have. */
  readonly fromZero: boolean;
  /** Whether `max` stands for what never came. */
  readonly toNever: boolean;
}

/**
 * @param values what must fit
 * @param never whether there is something that never came, which stands above all values
 * @param decades whether a log axis begins and ends at powers of ten
 */
export function scaleFor(axis: Axis, values: readonly number[], never: boolean, decades: boolean): Scale {
  return axis.log ? logScale(values, never, decades) : linearScale(values, never);
}

/** Where a value is drawn. */
export function place(value: number, { log, min }: Scale): number {
  return log && value < min ? min : value;
}

/** What stands beside a mark. */
export function mark(value: number, { min, max, fromZero, toNever }: Scale): string {
  if (fromZero && value <= min) return '0';
  if (toNever && value >= max) return 'never';
  if (Math.abs(value) >= 1_000_000) return `${value / 1_000_000}M`;
  if (Math.abs(value) >= 10_000) return `${value / 1_000}k`;
  return Number(value.toPrecision(6)).toLocaleString('en', { maximumFractionDigits: 6 });
}

function logScale(values: readonly number[], toNever: boolean, decades: boolean): Scale {
  const positive = values.filter((value) => value > 0);
  const fromZero = positive.length < values.length;
  const [least, most] = positive.length > 0 ? [Math.min(...positive), Math.max(...positive)] : [1, 1];
  const steps = decades ? [1] : [1, 2, 5];
  // A bar needs some length, and 0 a decade of its own below the others.
  const min = fromZero
    ? 10 ** (Math.ceil(Math.log10(least)) - 1)
    : below(decades ? least / 1.3 : least, steps);
  const top = above(most, steps);
  const max = Math.max(toNever ? 10 ** (Math.floor(Math.log10(top)) + 1) : top, min * 10);
  return { log: true, min, max, marks: logMarks(min, max), fromZero, toNever };
}

/** Powers of ten, fewer of them on a long axis, and 2 and 5 too on a short one. */
function logMarks(min: number, max: number): number[] {
  const [low, high] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  const steps = high - low <= 2 ? [1, 2, 5] : [1];
  const apart = Math.ceil((high - low) / 8);
  const marks = [min, max];
  for (let power = low; power <= high; power += apart)
    for (const step of steps) marks.push(Number((step * 10 ** power).toPrecision(1)));
  return [...new Set(marks)].filter((at) => at >= min && at <= max).toSorted((one, other) => one - other);
}

/** The next round number below, which is a power of ten times one of the steps. */
function below(value: number, steps: readonly number[]): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return Number((power * (steps.findLast((step) => step * power <= value * (1 + 1e-9)) ?? 1)).toPrecision(1));
}

function above(value: number, steps: readonly number[]): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [...steps, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10;
  return Number((power * step).toPrecision(1));
}

function linearScale(values: readonly number[], toNever: boolean): Scale {
  const [least, most] = [Math.min(...values, 0), Math.max(...values, 0)];
  const span = (most - least || 1) * (toNever ? 1.25 : 1);
  const power = 10 ** Math.floor(Math.log10(span / 5));
  const interval = power * ([1, 2, 5].find((step) => step * power >= span / 5) ?? 10);
  const min = Math.floor(least / interval) * interval;
  const max = Math.ceil((least + span) / interval - 1e-9) * interval;
  return { log: false, min, max, interval, fromZero: false, toNever };
}
