// What became of each letter of a run, by its number, in memory that is all there before the run begins.

import { type Operation, prefixHashes } from '../../shared/linearizability.js';
import type { Schedule } from './schedule.js';

/** In `places`: not answered, or with a reply that says nothing about where the letter is. */
export const NOWHERE = 0;

export class LetterTable {
  readonly schedule: Schedule;
  /** By performance.now(), when the letter was to be sent, was sent, and was answered; 0: not yet. */
  readonly intended: Float64Array;
  readonly sent: Float64Array;
  readonly answered: Float64Array;
  /** How much of the text was known when it was sent: its place must lie beyond. */
  readonly knownBefore: Int32Array;
  /** Where the letter ends in the text, as its reply says. */
  readonly places: Int32Array;

  constructor(schedule: Schedule) {
    const { letters } = schedule;
    this.schedule = schedule;
    this.intended = new Float64Array(letters);
    this.sent = new Float64Array(letters);
    this.answered = new Float64Array(letters);
    this.knownBefore = new Int32Array(letters);
    this.places = new Int32Array(letters);
  }

  /** How long the answered letters took, in milliseconds from one of the times above. */
  times(since: Float64Array): Float64Array {
    const times = new Float64Array(since.length);
    let count = 0;
    for (const [number, answered] of this.answered.entries()) {
      if (answered === 0) continue;
      times[count] = answered - (since[number] as number);
      count += 1;
    }
    return times.subarray(0, count);
  }

  /**
   * For shared/linearizability.ts, which says whether one shared text explains it all.
   * @param text begins with every reply that has a place
   */
  history(text: Uint8Array): Operation[] {
    const hashes = prefixHashes(text);
    const history: Operation[] = [];
    for (const [number, sent] of this.sent.entries()) {
      if (sent === 0) continue;
      const letter = String.fromCharCode(this.schedule.letter(number));
      const length = this.places[number] as number;
      const client = number % this.schedule.clients;
      if (length === NOWHERE) {
        history.push({ client, letter, sent });
      } else {
        const reply = { length, hash: hashes[length] as number, last: letter };
        history.push({ client, letter, sent, answer: { at: this.answered[number] as number, reply } });
      }
    }
    return history;
  }
}
