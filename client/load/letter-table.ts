// What became of each letter of a run, by its number, in memory that is allocated before the run begins; and the
// histogram of the reply times.

import { type Operation, prefixHashes } from '../../shared/linearizability.js';
import type { LoadResult } from './plan.js';
import type { Schedule } from './schedule.js';

/** Bars of a histogram from one power of ten to the next. */
const BARS_A_DECADE = 10;
/** The bound of the first bar, in milliseconds. */
const FIRST_BOUND = 0.01;

export class LetterTable {
  readonly schedule: Schedule;
  /** By performance.now(), when the letter was to be sent, was sent, and was answered; 0: not yet. */
  readonly intended: Float64Array;
  readonly sent: Float64Array;
  readonly answered: Float64Array;
  /** Of its reply, the length in bytes and the last byte; the length is negative when it continued no earlier reply. */
  readonly #lengths: Int32Array;
  readonly #last: Uint8Array;

  constructor(schedule: Schedule) {
    const { letters } = schedule;
    this.schedule = schedule;
    this.intended = new Float64Array(letters);
    this.sent = new Float64Array(letters);
    this.answered = new Float64Array(letters);
    this.#lengths = new Int32Array(letters);
    this.#last = new Uint8Array(letters);
  }

  answer(number: number, now: number, length: number, last: number, mismatch: boolean): void {
    this.answered[number] = now;
    this.#lengths[number] = mismatch ? -length : length;
    this.#last[number] = last;
  }

  /** How long the answered letters took, in milliseconds from one of the times above. */
  times(since: Float64Array): Float64Array {
    return since
      .map((from, number) => (this.answered[number] as number) - from)
      .filter((_, number) => this.answered[number] !== 0);
  }

  /**
   * For shared/linearizability.ts.
   * @param known begins with every reply that was no mismatch
   */
  *history(known: Uint8Array): Generator<Operation, void> {
    const hashes = prefixHashes(known);
    for (const [number, sent] of this.sent.entries()) {
      if (sent === 0) continue;
      const letter = String.fromCharCode(this.schedule.letter(number));
      const client = number % this.schedule.clients;
      const at = this.answered[number] as number;
      if (at === 0) {
        yield { client, letter, sent };
        continue;
      }
      const length = this.#lengths[number] as number;
      const last = String.fromCharCode(this.#last[number] as number);
      const reply = { length: Math.abs(length), hash: hashes[length] ?? Number.NaN, last };
      yield { client, letter, sent, answer: { at, reply } };
    }
  }
}

/** A histogram: how many times lie below each of a row of bounds (and not below the one before), on a log axis. */
export function buckets(timesMs: Float64Array): LoadResult['buckets'] {
  const counts: number[] = [];
  for (const ms of timesMs) {
    const bar = Math.max(0, Math.floor(Math.log10(ms / FIRST_BOUND) * BARS_A_DECADE) + 1);
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return Array.from(counts, (count, bar) => [
    Number((FIRST_BOUND * 10 ** (bar / BARS_A_DECADE)).toPrecision(3)),
    count ?? 0,
  ]);
}
