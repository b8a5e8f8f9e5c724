// Which letter each client sends as its next, and when it is due. Letters are numbered over all clients: client c's
// k-th letter is number c + k * clients. Everything follows from the plan, so a run can be repeated.

import { prng } from '../../shared/prng.js';
import type { LoadPlan } from './plan.js';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');
/** Steps through the alphabet that meet every letter before the first comes again. */
const STEPS = [1, 3, 5, 7, 9, 11, 15, 17, 19, 21, 23, 25] as const;

export class Schedule {
  readonly clients: number;
  readonly letters: number;
  /** Milliseconds after the start at which each letter is due, in order; undefined in a closed loop. */
  readonly due: Float64Array | undefined;
  readonly #first: Uint8Array;
  readonly #step: Uint8Array;

  constructor({ clients, letters, rate, seed }: LoadPlan) {
    const { below, fraction, oneOf } = prng(seed);
    this.clients = clients;
    this.letters = letters;
    this.#first = Uint8Array.from({ length: clients }, () => below(ALPHABET.length));
    this.#step = Uint8Array.from({ length: clients }, () => oneOf(STEPS));
    this.due = rate === undefined ? undefined : arrivals(letters, rate, fraction);
  }

  /** The number of a client's k-th letter. */
  number(client: number, k: number): number {
    return client + k * this.clients;
  }

  /** How many letters a client sends. */
  share(client: number): number {
    return Math.ceil((this.letters - client) / this.clients);
  }

  /** The letter with this number, in ASCII. Two letters of one client are the same only 52 apart. */
  letter(number: number): number {
    const client = number % this.clients;
    const k = (number - client) / this.clients;
    const at = (this.#first[client] as number) + k * (this.#step[client] as number);
    return ALPHABET[at % ALPHABET.length] as number;
  }
}

/**
 * When letters of independent clients are due: the gaps have an exponential distribution (a Poisson process), and are
 * stretched so that the rate is exact over the whole run.
 */
function arrivals(letters: number, rate: number, fraction: () => number): Float64Array {
  let at = 0;
  const due = new Float64Array(letters).map(() => {
    at -= Math.log(1 - fraction());
    return at;
  });
  return due.map((arrival) => ((arrival / at) * (1000 * letters)) / rate);
}
