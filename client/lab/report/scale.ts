// Axes of numbers: where they begin and end, their ticks, and where they put what a log axis has no place for.

import type { Axis } from '../results.js';

export interface Scale {
  readonly ticks: readonly number[];
  /** How far along the axis a value lies, 0 to 1. */
  at(value: number | 'never'): number;
  /** The text beside a tick. */
  label(tick: number): string;
}

/** 0.05, 20K, 1M. */
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 6 });
/** The most ticks that a log axis has. */
const MAX_TICKS = 8;

/**
 * An axis that ends at round numbers.
 * @param values what must fit; 'never' is above all others
 * @param bars whether every value needs some length
 */
export function scaleFor(
  { log = false }: Axis,
  values: ReadonlyArray<number | 'never'>,
  bars = false,
): Scale {
  const numbers = values.filter((value) => value !== 'never');
  const never = numbers.length < values.length;
  const zero = log && numbers.some((value) => value <= 0);
  const ticks = log ? logTicks(numbers, never, zero, bars) : linearTicks(numbers, never);
  const [min = 0, max = 1] = [ticks[0], ticks.at(-1)];
  const position = log ? Math.log10 : Number;
  const length = position(max) - position(min);
  return {
    ticks,
    at: (value) => (value === 'never' ? 1 : (position(Math.max(value, min)) - position(min)) / length),
    label: (tick) => (zero && tick === min ? '0' : never && tick === max ? 'never' : short.format(tick)),
  };
}

/** Powers of ten between two round numbers, with a decade of its own for 0, and one for 'never'. */
function logTicks(values: readonly number[], never: boolean, zero: boolean, bars: boolean): number[] {
  const positive = values.filter((value) => value > 0);
  const [least, most] = positive.length > 0 ? [Math.min(...positive), Math.max(...positive)] : [1, 1];
  const [low, high] = [Math.floor(Math.log10(least)) - 1, Math.ceil(Math.log10(most)) + 1];
  const powers = Array.from({ length: high - low + 1 }, (_, nth) => Number(`1e${low + nth}`));
  const ends = bars ? powers : powers.flatMap((power) => [power, 2 * power, 5 * power]);
  const min = zero
    ? powers.findLast((power) => power < least)
    : ends.findLast((end) => end <= (bars ? least / 1.3 : least));
  const top = ends.find((end) => end >= most && end > (min ?? 0)) ?? most;
  const max = never ? powers.find((power) => power > top) : top;
  const between = powers.filter((power) => power > (min ?? 0) && power < (max ?? 0));
  const apart = Math.ceil(between.length / MAX_TICKS);
  return [min ?? least, ...between.filter((_, nth) => (nth + 1) % apart === 0), max ?? most];
}

/** Multiples of 1, 2 or 5 times a power of ten, from 0. */
function linearTicks(values: readonly number[], never: boolean): number[] {
  const span = (Math.max(...values, 0) || 1) * (never ? 1.25 : 1);
  const power = 10 ** Math.floor(Math.log10(span / 5));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= span / 5) ?? 10);
  return Array.from({ length: Math.ceil(span / step - 1e-9) + 1 }, (_, nth) => nth * step);
}
