// Where the letters of the own stream stand in the text. Letters that follow each other in both are one run, so a server
// that is alone has one run, and one beside others at most one per group that it has committed: 8 bytes each.

import { FULL } from '../core/text.js';

const FIRST_CAPACITY = 64;

export class Places {
  /** Where each run ends in the own stream; ascending. */
  #ends = new Uint32Array(FIRST_CAPACITY);
  /** How much further on the run stands in the text: letters of other servers before it. Never less than the run before. */
  #shifts = new Uint32Array(FIRST_CAPACITY);
  #runs = 0;

  /** Letters of the own stream that end at `ownEnd` stand in the text, where they end at `textEnd`. Call it in order. */
  add(ownEnd: number, textEnd: number): void {
    const shift = textEnd - ownEnd;
    if (this.#runs > 0 && this.#shifts[this.#runs - 1] === shift) this.#runs -= 1;
    if (this.#runs === this.#ends.length) this.#grow();
    this.#ends[this.#runs] = ownEnd;
    this.#shifts[this.#runs] = shift;
    this.#runs += 1;
  }

  /** The offset in the text of the letter that ends at `own` in the own stream; FULL: the text has no such letter. */
  offsetOf(own: number): number {
    if (own === 0) return 0;
    let [low, high] = [0, this.#runs];
    if (high > 1 && own > (this.#ends[high - 2] as number)) low = high - 1; // mostly the last run
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] as number) < own) low = middle + 1;
      else high = middle;
    }
    return low === this.#runs ? FULL : own + (this.#shifts[low] as number);
  }

  #grow(): void {
    const [ends, shifts] = [this.#ends, this.#shifts];
    this.#ends = new Uint32Array(2 * ends.length);
    this.#shifts = new Uint32Array(2 * ends.length);
    this.#ends.set(ends);
    this.#shifts.set(shifts);
  }
}
