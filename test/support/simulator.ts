// Deterministic simulation of sessions, text and stop: clients that send in chunks, read slowly, end, or are reset, and a
// server that stops at a random step. A seed determines the run. Time is the number of steps; nothing waits.

import type { Durability } from '../../server/core/durability.js';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { checkHistory, fingerprint, type Operation } from '../../shared/linearizability.js';
import { type Prng, prng } from '../../shared/prng.js';
import { ByteSession } from './byte-session.js';

const LF = '\n';
/** What a client may send besides letters. Not invalid UTF-8, since U+FFFD would belong to no client. */
const NOISE = [LF, '\r', '\0', '\u0085'] as const;

/** Runs one seed. @returns the violation, or undefined */
export function simulate(seed: number): string | undefined {
  return new World(prng(seed)).run();
}

class World {
  readonly #random: Prng;
  readonly #text: Text;
  readonly #clients: SimulatedClient[];
  #now = 0;
  #stopped = false;

  constructor(random: Prng) {
    this.#random = random;
    this.#text = new Text(allocateTextBuffer(random.below(4) === 0 ? 1 + random.below(20) : 10_000));
    this.#clients = Array.from(
      { length: 1 + random.below(4) },
      (_, id) => new SimulatedClient(id, random, this.#text),
    );
  }

  run(): string | undefined {
    for (let steps = 20 + this.#random.below(80); steps > 0; steps -= 1) {
      this.#now += 1;
      const client = this.#clients[this.#random.below(this.#clients.length)];
      client?.step(this.#now, this.#stopped);
      if (!this.#stopped && this.#random.below(300) === 0) this.#stop();
    }
    // At the end all clients read the pending replies, and the server stops.
    for (const client of this.#clients) client.readAll(this.#now + 1);
    this.#stop();
    for (const client of this.#clients) client.readAll(this.#now + 1);

    for (const client of this.#clients) {
      const wrong = client.wrong();
      if (wrong !== undefined) return wrong;
    }
    const history = this.#clients.flatMap(({ history: own }) => own);
    const broken = checkHistory(history, this.#text.view(0, this.#text.length));
    return broken && `${broken.invariant}: ${broken.what}`;
  }

  #stop(): void {
    this.#stopped = true;
    for (const { session } of this.#clients) session.stop();
  }
}

/** A client, its connection and its session. */
export class SimulatedClient {
  readonly session: ByteSession;
  readonly history: Operation[] = [];
  readonly #id: number;
  readonly #random: Prng;
  #sent = 0;
  /** In flight to the server. */
  #toServer = Buffer.alloc(0);
  /** Received and not parsed yet. */
  #arrived = '';
  /** Pending replies: letters, by their index in the history, and LFs. */
  #expected: Array<number | typeof LF> = [];
  #answered = 0;
  #ending = false;
  #gone = false;

  /** @param id below 16, and another one for each client */
  constructor(id: number, random: Prng, text: Text, durability?: Durability) {
    this.#id = id;
    this.#random = random;
    this.session = new ByteSession(text, durability);
  }

  step(now: number, stopped: boolean): void {
    if (this.#gone) return;
    const what = this.#random.below(20);
    if (what < 8) this.#send(now);
    else if (what < 14) this.#deliver();
    else if (what < 18) this.#read(now, 1 + this.#random.below(12));
    else if (what === 18) this.#ending ||= this.#random.below(6) === 0;
    else this.#gone = !stopped && this.#random.below(10) === 0;
  }

  /** Reads everything that the server still writes, and delivers everything in flight. */
  readAll(now: number): void {
    if (this.#gone) return;
    for (let steps = 0; steps < 10_000 && (this.#read(now, 1_000) || this.#deliver()); steps += 1);
  }

  /** Violations that this client alone can detect. */
  wrong(): string | undefined {
    if (this.#gone) return undefined;
    if (this.#arrived !== '')
      return `client ${this.#id} got ${JSON.stringify(this.#arrived)}, which answers nothing`;
    if (this.#answered === this.session.letters) return undefined;
    return `client ${this.#id}: ${this.session.letters} letters are in the text, ${this.#answered} were answered`;
  }

  #send(now: number): void {
    if (this.#ending) return;
    const burst = this.#random.below(500) === 0;
    const noise = burst
      ? LF.repeat(1_500)
      : this.#random.below(4) === 0
        ? this.#random.oneOf(NOISE)
        : undefined;
    const sent = noise ?? this.#newLetter();
    if (noise === undefined) {
      this.#expected.push(this.history.length);
      this.history.push({ client: this.#id, letter: sent, sent: now });
    } else if (noise.startsWith(LF)) {
      for (const lf of noise) if (lf === LF) this.#expected.push(lf);
    }
    this.#toServer = Buffer.concat([this.#toServer, Buffer.from(sent)]);
  }

  /** A letter of 1 to 4 bytes that no other client sends, and this one once, so that each reply is unique. */
  #newLetter(): string {
    const number = 16 * this.#sent + this.#id;
    this.#sent += 1;
    const first = this.#random.oneOf([0x21, 0x100, 0x4e00, 0x20000]);
    return String.fromCodePoint(first === 0x21 && number > 90 ? 0x100 + number : first + number);
  }

  /** Delivers some bytes to the server, if it reads; after the last one, perhaps the end of the stream. */
  #deliver(): boolean {
    if (this.session.wants !== 'input') return false;
    if (this.#toServer.length === 0) {
      if (this.#ending) this.session.end();
      return false;
    }
    const piece = this.#toServer.subarray(0, 1 + this.#random.below(6) ** 5);
    this.#toServer = this.#toServer.subarray(piece.length);
    const shared = Buffer.from(piece);
    this.session.receive(shared);
    shared.fill(0x58); // the read buffer is reused
    return true;
  }

  #read(now: number, max: number): boolean {
    const output = this.session.nextOutput(max);
    if (output === undefined) return false;
    this.#arrived += Buffer.from(output).toString('latin1');
    this.#understand(now);
    return true;
  }

  /** Parses complete replies. A reply ends at its letter, which occurs once. */
  #understand(now: number): void {
    for (let next = this.#expected[0]; next !== undefined; next = this.#expected[0]) {
      if (next === LF) {
        if (!this.#arrived.startsWith(LF)) return;
        this.#arrived = this.#arrived.slice(1);
      } else {
        const operation = this.history[next] as Operation;
        const letter = Buffer.from(operation.letter).toString('latin1');
        const at = this.#arrived.indexOf(letter);
        if (at < 0) return;
        const reply = fingerprint(Buffer.from(this.#arrived.slice(0, at + letter.length), 'latin1'));
        this.history[next] = { ...operation, answer: { at: now, reply } };
        this.#arrived = this.#arrived.slice(at + letter.length);
        this.#answered += 1;
      }
      this.#expected.shift();
    }
  }
}
