// A pseudorandom number generator (mulberry32): the same seed gives the same numbers, so a run can be replayed.

export interface Prng {
  /** From 0 to just below 1. */
  readonly fraction: () => number;
  /** A whole number from 0 to `limit` - 1. */
  readonly below: (limit: number) => number;
  readonly oneOf: <T>(choices: readonly [T, ...T[]]) => T;
}

export function prng(seed: number): Prng {
  let state = seed | 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(fraction() * limit);
  return { fraction, below, oneOf: (choices) => choices[below(choices.length)] as (typeof choices)[0] };
}
