// A client of the server under test. It compares what arrives with what must arrive, byte for byte, and stops waiting when
// the server sleeps: then no reply will come, however long the wait.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../../shared/errors.js';
import { plural } from '../../shared/numbers.js';
import { CheckFailure } from './check-failure.js';
import type { CheckedServer } from './checked-server.js';
import { quote, quoteAround, quoteEnd, SHOWN } from './quote.js';

/** For a server whose processes cannot be seen, or that never sleeps. */
const REPLY_DEADLINE_MS = 10_000;
const POLL_INTERVAL_MS = 50;
/** A server that never sleeps has stopped to write if this number of polls sees the same. */
const BUSY_POLLS = 60;
const BUSY_PAUSES = 3;
const QUIET_DEADLINE_MS = 3_000;
/** Of a server that sends without end, no more is read. */
const MAX_BUFFERED = 4_000_000;
/** A server that has closed a connection may be about to end. */
const EXIT_MS = 150;

export class WireClient {
  readonly name: string;
  readonly #server: CheckedServer;
  readonly #clientName: (peerPort: number) => string;
  readonly #socket: Socket;
  readonly #localPort: number;
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** Whether the check wants to read. */
  #reading = true;
  #ended: string | undefined;
  #wake = () => {};

  private constructor(
    name: string,
    server: CheckedServer,
    clientName: (port: number) => string,
    socket: Socket,
  ) {
    this.name = name;
    this.#server = server;
    this.#clientName = clientName;
    this.#socket = socket;
    this.#localPort = socket.localPort ?? 0;
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      if (this.#buffered > MAX_BUFFERED) socket.pause();
      server.touch();
      this.#wake();
    });
    const end = (how: string) => () => {
      this.#ended ??= how;
      this.#wake();
    };
    socket.on('end', end('the end of the stream'));
    socket.on('error', end('a reset of the connection'));
    socket.on('close', end('the end of the connection'));
    socket.on('close', () => server.countConnection(-1));
  }

  /** @throws CheckFailure */
  static async connect(
    name: string,
    server: CheckedServer,
    clientName: (port: number) => string,
  ): Promise<WireClient> {
    server.countConnection(1);
    const socket = createConnection({ ...server.address, noDelay: true, allowHalfOpen: true });
    const signal = AbortSignal.timeout(REPLY_DEADLINE_MS);
    try {
      await once(socket, 'connect', { signal });
    } catch (error) {
      socket.destroy();
      server.countConnection(-1);
      await sleep(EXIT_MS);
      const reason = signal.aborted ? `no connection in ${REPLY_DEADLINE_MS / 1000} s` : describe(error);
      throw new CheckFailure(`expected to connect ${name}, got ${reason}${ending(server)}`, {
        deadline: signal.aborted,
      });
    }
    return new WireClient(name, server, clientName, socket);
  }

  /** Whether the server has ended the connection. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  get localPort(): number {
    return this.#localPort;
  }

  send(data: string | Uint8Array): void {
    this.#server.countSent(Buffer.byteLength(data));
    this.#socket.write(data);
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.#reading = false;
    this.#socket.pause();
  }

  resume(): void {
    this.#reading = true;
    this.#server.touch();
    this.#socket.resume();
  }

  /**
   * Receives exactly these bytes.
   * @throws CheckFailure at the first byte that differs, or if no more come
   */
  async receive(expected: Uint8Array): Promise<void> {
    const long = expected.length > SHOWN;
    const [wanted, before] = long
      ? [`a reply of ${plural(expected.length, 'byte')}`, (at: number) => `the first ${plural(at, 'byte')}`]
      : [quote(expected), (at: number) => quote(expected.subarray(0, at))];
    for (let at = 0; at < expected.length; ) {
      const chunk = await this.#next(wanted, () => before(at));
      const length = Math.min(chunk.length, expected.length - at);
      if (Buffer.compare(chunk.subarray(0, length), expected.subarray(at, at + length)) !== 0)
        throw this.#difference(expected, Buffer.concat([expected.subarray(0, at), chunk]));
      this.#putBack(chunk.subarray(length));
      at += length;
    }
  }

  /**
   * Receives up to and including the byte at which `complete` returns true.
   * @param expected for the message
   */
  async receiveUntil(complete: (byte: number) => boolean, expected: string): Promise<Buffer> {
    const received: Buffer[] = [];
    for (;;) {
      const chunk = await this.#next(expected, () => quoteEnd(Buffer.concat(received)));
      const end = chunk.findIndex(complete);
      received.push(end < 0 ? chunk : chunk.subarray(0, end + 1));
      if (end < 0) continue;
      this.#putBack(chunk.subarray(end + 1));
      return Buffer.concat(received);
    }
  }

  /** Receives nothing for this time. */
  async receiveNothing(ms: number, after: string): Promise<void> {
    if (this.#chunks.length === 0) await sleep(ms);
    if (this.#chunks.length > 0) throw this.#failure(`nothing ${after}`, quote(Buffer.concat(this.#chunks)));
  }

  /**
   * What arrives until there has been a pause in which the server slept, or for 3 s: for a server whose text is not known.
   * @param ms of the pause; some more for a server that is not seen to sleep
   */
  async receiveUntilQuiet(ms: number): Promise<Buffer> {
    const deadline = performance.now() + QUIET_DEADLINE_MS;
    for (let [seen, pauses] = [-1, 0]; performance.now() < deadline; ) {
      pauses = seen === this.#buffered ? pauses + 1 : 0;
      if (pauses >= (this.#server.paused ? 1 : BUSY_PAUSES)) break;
      seen = this.#buffered;
      await sleep(ms);
    }
    const received = Buffer.concat(this.#chunks.splice(0));
    this.#consumed(received.length);
    return received;
  }

  /** Whether something arrives before the server sleeps. */
  async answered(): Promise<boolean> {
    try {
      while (this.#chunks.length === 0 && this.#ended === undefined) await this.#more('', () => '');
    } catch {}
    return this.#chunks.length > 0;
  }

  /** For a check that has seen no answer. */
  async noReply(expected: string): Promise<CheckFailure> {
    if (this.#ended !== undefined) await sleep(EXIT_MS);
    return this.#failure(expected, `${this.#ended ?? 'nothing'}${ending(this.#server)}`);
  }

  /** Waits until the server has read all that was sent, as far as can be seen, or sleeps. */
  async untilRead(): Promise<void> {
    const read = () => (this.#server.connection(this.localPort)?.unreadBytes ?? 0) === 0;
    await this.#until(() => read() || this.#server.idle);
  }

  /** Waits until the bytes that the server could write, but this client does not read, have stopped to grow. */
  async untilBlocked(): Promise<void> {
    let [last, same] = [-1, 0];
    await this.#until(() => {
      const { unsentBytes = 0, unreadBytes = 0 } = this.#server.connection(this.localPort) ?? {};
      const now = unsentBytes * 1e6 + unreadBytes;
      same = now === last && (unsentBytes > 0 || unreadBytes === 0) ? same + 1 : 0;
      last = now;
      return same >= (this.#server.resting ? 5 : BUSY_POLLS);
    });
  }

  /** Ends our side of the connection. */
  end(): void {
    this.#server.touch();
    this.#socket.end();
  }

  reset(): void {
    this.#server.touch();
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Without a deadline of its own: that of the check allows for a busy machine. */
  async #until(condition: () => boolean): Promise<void> {
    await sleep(10);
    while (!condition() && !this.#socket.destroyed && this.#server.ended === undefined) await sleep(30);
  }

  async #next(expected: string, before: () => string): Promise<Buffer> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#consumed(chunk.length);
        return chunk;
      }
      if (this.#ended !== undefined) {
        await sleep(EXIT_MS);
        throw this.#failure(expected, `${before()}, then ${this.#ended}${ending(this.#server)}`);
      }
      await this.#more(expected, before);
    }
  }

  #putBack(rest: Buffer): void {
    if (rest.length > 0) this.#chunks.unshift(rest);
    this.#buffered += rest.length;
  }

  #consumed(bytes: number): void {
    this.#buffered -= bytes;
    if (this.#reading && this.#buffered <= MAX_BUFFERED) this.#socket.resume();
  }

  /** Waits for something to arrive, as long as the server can still do something. */
  async #more(expected: string, before: () => string): Promise<void> {
    const deadline = performance.now() + REPLY_DEADLINE_MS;
    let arrived = false;
    this.#wake = () => {
      arrived = true;
      go();
    };
    let go = () => {};
    while (!arrived) {
      const woken = new Promise<void>((resolve) => {
        go = resolve;
      });
      const timer = new AbortController();
      await Promise.race([
        woken,
        sleep(POLL_INTERVAL_MS, undefined, { signal: timer.signal }).catch(() => {}),
      ]);
      timer.abort();
      if (arrived || this.#ended !== undefined) return;
      const late = performance.now() > deadline;
      if (!late && !this.#server.idle) continue;
      throw this.#failure(expected, `${before()}, then no more`, late);
    }
  }

  /** @param received more or other bytes */
  #difference(expected: Uint8Array, received: Uint8Array): CheckFailure {
    if (expected.length <= SHOWN) return this.#failure(quote(expected), quote(received));
    const at = expected.findIndex((byte, index) => byte !== received[index]);
    const where = `byte ${(at + 1).toLocaleString('en')} of a reply of ${plural(expected.length, 'byte')}`;
    return this.#failure(`${quoteAround(expected, at)} at ${where}`, quoteAround(received, at));
  }

  #failure(expected: string, got: string, deadline = false): CheckFailure {
    const kernel = this.#server.describe(this.#clientName);
    const message = `${this.name}: expected ${expected}, got ${got}`;
    return new CheckFailure(message, { deadline, ...(kernel !== undefined && { kernel }) });
  }
}

/** How the server has ended, for the end of a message. */
function ending({ ended }: CheckedServer): string {
  return ended === undefined ? '' : ` (the server has ended: ${ended})`;
}
