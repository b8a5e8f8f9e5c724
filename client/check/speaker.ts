// A client that sends one letter at a time and reads its reply, and several of them at once.

import { fingerprint, type Operation } from '../../shared/linearizability.js';
import type { WireClient } from './wire-client.js';

/** Letters of one speaker, when another is never answered. */
const MAX_TOGETHER = 30;

/** A letter with its reply. */
export interface Said extends Required<Operation> {
  /** The client's. */
  readonly name: string;
  readonly reply: Buffer;
}

/**
 * Sends one letter at a time and reads its reply while others send too, without line feeds: a reply ends where its letter
 * stands for the time for which it was sent. No other speaker sends it, so also the replies of a server can be told apart that
 * has a string for each client, or replies with the letter alone; until its letters are used up and begin anew.
 */
export class Speaker {
  readonly client: WireClient;
  readonly history: Said[] = [];
  readonly #number: number;
  readonly #alphabet: string;
  /** How often each letter is in the text. */
  readonly #counts = new Map<number, number>();
  #sent = 0;

  constructor(client: WireClient, number: number, alphabet: string, text: Buffer) {
    this.client = client;
    this.#number = number;
    this.#alphabet = alphabet;
    for (const byte of text) this.#count(byte);
  }

  letters(count: number): string {
    return Array.from({ length: count }, () => this.#letter()).join('');
  }

  /**
   * Sends letters at once and reads their replies.
   * @throws CheckFailure if no reply comes, or one that does not end in its letter
   */
  async say(count = 1): Promise<void> {
    const letters = this.letters(count);
    const sent = performance.now();
    this.client.send(letters);
    for (const letter of letters) {
      const reply = await this.#replyTo(letter);
      this.history.push({
        ...{ client: this.#number, letter, sent, name: this.client.name, reply },
        answer: { at: performance.now(), reply: fingerprint(reply) },
      });
    }
  }

  #replyTo(letter: string): Promise<Buffer> {
    const code = letter.charCodeAt(0);
    const times = this.#count(code);
    let left = times;
    const complete = (byte: number) => byte === code && --left === 0;
    const more = times > 1 ? ` and has all ${times} of it that were sent` : '';
    return this.client.receiveUntil(complete, `a reply that ends in ${letter}${more}`);
  }

  #letter(): string {
    this.#sent += 1;
    return this.#alphabet[(this.#sent - 1) % this.#alphabet.length] ?? '';
  }

  #count(letter: number): number {
    const count = (this.#counts.get(letter) ?? 0) + 1;
    this.#counts.set(letter, count);
    return count;
  }
}

/**
 * Each speaker sends this number of letters and ends its side, and goes on until then while another waits: a server whose
 * receives block is not to stop at a client that has finished.
 * @param beside speaks until the others have finished, and stays connected
 */
export async function sayTogether(
  speakers: readonly Speaker[],
  letters: number,
  beside?: Speaker,
): Promise<void> {
  let waiting = speakers.length;
  const speak = async (speaker: Speaker, least: number) => {
    for (let said = 1; said <= MAX_TOGETHER; said += 1) {
      await speaker.say();
      if (said === least) waiting -= 1;
      if (said >= least && waiting === 0) return;
    }
  };
  const all = speakers.map(async (speaker) => {
    await speak(speaker, letters);
    if (waiting === 0) speaker.client.end(); // else a server may go on to the next client only now
  });
  await Promise.all(beside === undefined ? all : [...all, speak(beside, 0)]);
}
