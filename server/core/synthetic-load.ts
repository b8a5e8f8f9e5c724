// Letters that are expensive to compute, for the laboratory: a loop on the CPU before each append, the same amount of work
// for every I/O model. With a lock the loop runs outside it.

import { Text } from './text.js';

/** @param rounds a few nanoseconds each; 0 returns the text as it is */
export function withSyntheticLoad(text: Text, rounds: number): Text {
  return rounds === 0 ? text : new SyntheticLoadText(text, rounds);
}

/** Another view of a text's memory, whose append first computes. */
class SyntheticLoadText extends Text {
  readonly #text: Text;
  readonly #rounds: number;
  #state = 1;

  constructor(text: Text, rounds: number) {
    super(text.memory);
    this.#text = text;
    this.#rounds = rounds;
  }

  override append(letter: number): number {
    this.#state = burnCpu(this.#state, this.#rounds);
    return this.#text.append(letter);
  }

  override offsetOf(appended: number): number {
    return this.#text.offsetOf(appended);
  }

  override letterAt(appended: number): string {
    return this.#text.letterAt(appended);
  }
}

/** Xorshift: each round needs the result of the one before. */
function burnCpu(seed: number, rounds: number): number {
  let state = seed;
  for (let round = 0; round < rounds; round += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
