// What a check works with: a server, clients with names, random letters, and speakers. One trial is one run of one check.

import { setTimeout as sleep } from 'node:timers/promises';
import { checkHistory, fingerprint, type Operation } from '../../shared/linearizability.js';
import type { Prng } from '../../shared/prng.js';
import { CheckFailure } from './check-failure.js';
import type { CheckedServer } from './checked-server.js';
import type { Level } from './protocol-level.js';
import { StartedServer } from './started-server.js';
import { WireClient } from './wire-client.js';

/** Letters of one speaker, when another is never answered. */
const MAX_TOGETHER = 30;
const FIRST_LETTER = 0x21;
/** For a server that never sleeps. */
const SETTLE_MS = 5_000;
const SETTLE_POLL_MS = 20;
const LETTERS = 94; // printable ASCII without the space

export class Trial {
  readonly server: CheckedServer;
  readonly level: Level;
  /** The text when the trial began. */
  readonly text: Buffer;
  readonly chance: Prng;
  /** ASCII letters in a random order. */
  readonly alphabet: string;
  readonly #companion: boolean;
  readonly #clients: WireClient[] = [];
  #numbered = 0;
  #restarted: StartedServer | undefined;

  /** @param companion whether the server answers only if a second client is connected, which the check does not connect */
  constructor(server: CheckedServer, level: Level, text: Buffer, chance: Prng, companion: boolean) {
    this.server = server;
    this.level = level;
    this.text = text;
    this.chance = chance;
    this.#companion = companion;
    const ordered = Array.from({ length: LETTERS }, (_, i) => String.fromCharCode(FIRST_LETTER + i));
    this.alphabet = ordered
      .map((letter) => ({ letter, rank: chance.fraction() }))
      .sort((one, other) => one.rank - other.rank)
      .map(({ letter }) => letter)
      .join('');
  }

  /** For checks that start or end the server; only those with access `command` get one. */
  get started(): StartedServer {
    if (this.server instanceof StartedServer) return this.server;
    throw new Error('this check needs a server that strcheck has started');
  }

  /** @throws CheckFailure */
  async connect(): Promise<WireClient> {
    this.#numbered += 1;
    const client = await this.#connect(`client ${this.#numbered}`);
    if (this.#companion && this.#clients.length === 1) await this.#connect('the companion');
    return client;
  }

  /**
   * Resolves when the server has accepted them all, or does not: one that serves clients in turn would else have served the
   * first ones for a while before it knows the last, the longer the busier the machine is.
   */
  async connectAll(count: number): Promise<WireClient[]> {
    const clients = await Promise.all(Array.from({ length: count }, () => this.connect()));
    await this.untilSettled(() => this.server.acceptedAll || this.server.resting);
    return clients;
  }

  /** Random letters. */
  letters(count: number): string {
    return Array.from({ length: count }, () => this.alphabet[this.chance.below(LETTERS)]).join('');
  }

  /** A speaker for each client, each with letters of its own. */
  speakers(clients: readonly WireClient[]): Speaker[] {
    const size = Math.floor(LETTERS / clients.length);
    return clients.map((client, i) => {
      const alphabet = this.alphabet.slice(i * size, (i + 1) * size);
      return new Speaker(client, i, alphabet, this.text);
    });
  }

  /** Waits until the condition holds or the server sleeps. The time that the server waits for a core does not count. */
  async untilSettled(condition: () => boolean): Promise<void> {
    const [started, queued] = [performance.now(), this.server.usage().queuedSeconds];
    const ownMs = () => performance.now() - started - 1000 * (this.server.usage().queuedSeconds - queued);
    this.server.touch();
    while (!condition() && !this.server.idle && ownMs() < SETTLE_MS) await sleep(SETTLE_POLL_MS);
  }

  /**
   * Ends the server while its clients are connected, and starts it on the same port.
   * @throws CheckFailure if it does not listen again
   */
  async restart(): Promise<void> {
    this.#restarted = await this.started.again();
  }

  /** What the kernel says of the server, in a line. */
  describe(): string | undefined {
    return this.server.describe((port) => this.#nameOf(port));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#restarted?.stop();
  }

  async #connect(name: string): Promise<WireClient> {
    const client = await WireClient.connect(name, this.server, (port) => this.#nameOf(port));
    this.#clients.push(client);
    return client;
  }

  #nameOf(port: number): string {
    return this.#clients.find(({ localPort }) => localPort === port)?.name ?? 'a former client';
  }
}

/**
 * Sends one letter at a time and reads its reply while others send too, without line feeds: a reply ends where its letter
 * stands for the time for which it was sent. No other speaker sends it, so also the replies of a server can be told apart that
 * has a string for each client, or replies with the letter alone; until its letters are used up and begin anew.
 */
export class Speaker {
  readonly client: WireClient;
  readonly history: Operation[] = [];
  /** The longest reply so far. */
  text: Buffer = Buffer.alloc(0);
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

  /** @throws CheckFailure if no reply comes, or one that does not end in the letter */
  async say(): Promise<void> {
    const letter = this.#letter();
    const sent = performance.now();
    this.client.send(letter);
    const code = letter.charCodeAt(0);
    let left = this.#count(code);
    const complete = (byte: number) => byte === code && --left === 0;
    const reply = await this.client.receiveUntil(complete, `a reply that ends in ${letter}`);
    if (reply.length > this.text.length) this.text = reply;
    this.history.push({
      client: this.#number,
      letter,
      sent,
      answer: { at: performance.now(), reply: fingerprint(reply) },
    });
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

/**
 * One shared text must explain all replies.
 * @throws CheckFailure
 */
export function explainReplies({ text }: Trial, speakers: readonly Speaker[]): void {
  const longest = speakers.reduce((best, { text }) => (text.length > best.length ? text : best), text);
  const before = [...text.toString()].map((letter) => ({
    client: -1,
    letter,
    sent: Number.NEGATIVE_INFINITY,
  }));
  const found = checkHistory([...before, ...speakers.flatMap(({ history }) => history)], longest);
  if (found === undefined) return;
  const what = found.what.replace(/client (\d+)/g, (_, index) => `client ${Number(index) + 1}`);
  throw new CheckFailure(`expected replies that one shared text explains, got: ${what} (${found.invariant})`);
}
