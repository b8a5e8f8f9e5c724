// What a run of a check works with: a server, clients with names, random letters, and speakers.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '../../shared/prng.js';
import type { CheckedServer } from './checked-server.js';
import type { Spoken } from './level.js';
import type { Level } from './protocol-level.js';
import { usageOf } from './server-processes.js';
import { Speaker } from './speaker.js';
import { StartedServer } from './started-server.js';
import { WireClient } from './wire-client.js';

/** For a server that never sleeps. */
const SETTLE_MS = 5_000;
const SETTLE_POLL_MS = 20;
/** Printable ASCII without the space, and without what is hard to read in a quoted message. */
const LETTERS = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).filter(
  (letter) => !'"\\'.includes(letter),
);

export class CheckContext {
  readonly server: CheckedServer;
  readonly level: Level;
  /** The text when the check began. */
  readonly text: Buffer;
  readonly random: Prng;
  /** ASCII letters in a random order. */
  readonly alphabet: string;
  /** Whether the server answers only when two clients are connected, and serves no third. */
  readonly pair: boolean;
  readonly #companion: boolean;
  readonly #clients: WireClient[] = [];
  #numbered = 0;
  #restarted: StartedServer | undefined;
  #closed = false;

  /** @param clients how many the check connects at a time */
  constructor(server: CheckedServer, spoken: Spoken, text: Buffer, random: Prng, clients: number) {
    this.server = server;
    this.level = spoken.level;
    this.pair = spoken.pair;
    this.text = text;
    this.random = random;
    this.#companion = spoken.pair && clients === 1;
    this.alphabet = LETTERS.map((letter) => ({ letter, rank: random.fraction() }))
      .sort((one, other) => one.rank - other.rank)
      .map(({ letter }) => letter)
      .join('');
  }

  /** For checks that start or end the server; only those with access `command` get one. */
  get started(): StartedServer {
    if (this.server instanceof StartedServer) return this.server;
    throw new Error('this check needs a server that strcheck has started');
  }

  /** How long strcheck and the server together have waited for a core. */
  get queuedSeconds(): number {
    return usageOf([process.pid]).queuedSeconds + this.server.usage().queuedSeconds;
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
    return Array.from({ length: count }, () => this.alphabet[this.random.below(LETTERS.length)]).join('');
  }

  /** A speaker for each client, each with letters of its own. */
  speakers(clients: readonly WireClient[]): Speaker[] {
    const size = Math.floor(LETTERS.length / clients.length);
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
    if (this.#closed) await this.#restarted.stop(); // after the deadline of the check
  }

  /** What the kernel says of the server, in a line. */
  describe(): string | undefined {
    return this.server.describe((port) => this.#nameOf(port));
  }

  async close(): Promise<void> {
    this.#closed = true;
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
