// Letters that are expensive to compute, for the laboratory: before each append a loop that needs nothing but a processor.
// It is the same amount of work for every I/O model, however long it takes.

import type { Text } from './text.js';

/** @param rounds some nanoseconds each; 0 leaves the text as it is */
export function burden<T extends Text>(text: T, rounds: number): T {
  if (rounds === 0) return text;
  const append = text.append.bind(text);
  let state = 1;
  text.append = (letter) => {
    state = burnCpu(state, rounds);
    return append(letter);
  };
  return text;
}

/** Xorshift, whose every round needs the one before. */
function burnCpu(seed: number, rounds: number): number {
  let state = seed;
  for (let round = 0; round < rounds; round += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
