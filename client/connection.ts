// A socket as "send a letter, get the text". The line wire asks for an LF after each reply, so that the reply's end
// can be seen (server/README.md, "The wire"). The raw wire is for servers that know nothing of that, the tutorial's among them.

import type { Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as yieldToIo } from 'node:timers/promises';
import { type Address, formatAddress } from '../shared/address.js';
import { BoundedBuffer } from '../shared/bounded-buffer.js';
import { errorCode, lostError, OperationalError, tooLongError } from '../shared/errors.js';
import { excerpt } from '../shared/escape.js';
import { splitLines } from '../shared/line-splitter.js';
import {
  type Checks,
  checkOptions,
  DEFAULT_HOST,
  DEFAULT_MAX_REPLY,
  DEFAULT_PORT,
  flag,
  MAX_PORT,
  MAX_REPLY_LIMIT,
  MAX_WAIT_MS,
  nonEmpty,
  wholeNumber,
} from '../shared/options.js';
import { isControl } from '../shared/utf8.js';
import { openSocket } from './socket.js';

export { OperationalError };

/** On the raw wire a reply is over when nothing has followed it for so long. */
const RAW_QUIET_MS = 20;

export interface ConnectOptions extends Partial<Address> {
  /** Talk to a server that stores or ignores LF; replies are then told apart by time alone. */
  readonly raw?: boolean;
  readonly connectTimeoutMs?: number;
  /** Give up on a reply that is longer, in bytes; 64 MiB unless told otherwise. */
  readonly maxReply?: number;
}

const CHECKS: Checks = new Map(
  Object.entries({
    host: nonEmpty('host'),
    port: wholeNumber('port', 1, MAX_PORT),
    raw: flag('raw'),
    connectTimeoutMs: wholeNumber('connectTimeoutMs', 1, MAX_WAIT_MS),
    maxReply: wholeNumber('maxReply', 1, MAX_REPLY_LIMIT),
  } satisfies Record<keyof ConnectOptions, (value: unknown) => unknown>),
);

/** Gives the reply to a letter that has been sent; undefined when the stream ends before it. */
type ReplyReader = (letter: string) => Promise<string | undefined>;

/**
 * Connects to a string-concatenation server, on 127.0.0.1:2000 unless told otherwise.
 * @throws TypeError that names an option which is unknown or not what it may be; OperationalError when there is no server
 *   or it does not answer the connect
 * @example
 * const connection = await connect({ port: 2000 });
 * const text = await connection.send('a');
 * connection.close();
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  checkOptions(options, CHECKS);
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, connectTimeoutMs, ...how } = options;
  const socket = await openSocket({ host, port }, { server: 'strsvr', timeoutMs: connectTimeoutMs }).catch(
    (error: unknown) => {
      throw errorCode(error) === 'ECONNRESET' ? closedError({ host, port }, false) : error;
    },
  );
  return new Connection(socket, { host, port }, how);
}

export class Connection {
  readonly #socket: Socket;
  readonly #server: Address;
  readonly #letterEnd: string;
  readonly #readReply: ReplyReader;
  /** The length of the longest reply so far: the next one must be longer, for the text only grows. */
  #lastLength = 0;

  /** @param socket connected; the connection owns it from now on. Use `connect`. */
  constructor(socket: Socket, server: Address, options: Pick<ConnectOptions, 'raw' | 'maxReply'>) {
    const { raw = false, maxReply = DEFAULT_MAX_REPLY } = options;
    this.#socket = socket;
    this.#server = server;
    this.#letterEnd = raw ? '' : '\n';
    this.#readReply = raw ? rawReader(socket, maxReply) : lineReader(socket, maxReply);
  }

  /**
   * Sends a letter and waits for its reply: the text up to and including that letter. A connection that waits for
   * one reply may be given the next letter on the line wire, not on the raw one.
   * @param letter one Unicode scalar value that is not a control character
   * @throws OperationalError when the connection ends before the reply; whether the letter is in the text is then
   *   not known
   */
  async send(letter: string): Promise<string> {
    if (!isLetter(letter)) throw new TypeError(`expected one letter, got ${JSON.stringify(letter)}`);
    this.#socket.write(letter + this.#letterEnd);
    const reply = await this.#readReply(letter).catch((error: unknown) => {
      if (error instanceof OperationalError) throw error;
      if (errorCode(error) === 'EPIPE' || this.#socket.bytesRead === 0) return undefined; // closed, or not admitted
      throw lostError(error, this.#server);
    });
    if (reply === undefined) throw closedError(this.#server, this.#socket.bytesRead > 0);
    if (!reply.endsWith(letter) || reply.length <= this.#lastLength) {
      const why = "this server stores line ends, as the tutorial's does; use --raw";
      throw new OperationalError(
        'NOT_A_REPLY',
        this.#letterEnd ? why : `not a reply to ${letter}: ${excerpt(reply)}`,
      );
    }
    this.#lastLength = reply.length;
    return reply;
  }

  /** Ends the connection; replies that are still on their way are given up. */
  close(): void {
    this.#socket.destroySoon();
  }
}

/** The wire has no word for why a server closes. One that does not admit a client closes before its first reply. */
function closedError(server: Address, replied: boolean): OperationalError {
  const why = 'it has stopped, or its text or disk is full';
  const whyNoReply = `${why}, or it does not admit this client (--max-connections, --allow)`;
  const message = `${formatAddress(server)} has closed the connection: ${replied ? why : whyNoReply}`;
  return new OperationalError('CLOSED', message);
}

function isLetter(text: string): boolean {
  const letter = text.codePointAt(0);
  if (letter === undefined || isControl(letter)) return false;
  return text === String.fromCodePoint(letter) && text.isWellFormed();
}

function lineReader(socket: Socket, maxLength: number): ReplyReader {
  const replies = splitLines(socket, { unfinished: false, maxLength }); // half a reply is none
  return async () => (await replies.next()).value ?? undefined;
}

function rawReader(socket: Socket, maxLength: number): ReplyReader {
  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();
  const arrived = new BoundedBuffer(maxLength);
  let coming: Promise<IteratorResult<Buffer>> | undefined;
  return async (letter) => {
    for (;;) {
      coming ??= chunks.next();
      const whole = arrived.bytes.subarray(-Buffer.byteLength(letter)).toString() === letter;
      const next = await (whole ? Promise.race([coming, quiet()]) : coming);
      if (next === undefined) return arrived.take().toString();
      coming = undefined;
      if (next.done) return whole ? arrived.take().toString() : undefined;
      if (!arrived.append(next.value)) {
        socket.destroy();
        throw tooLongError(maxLength);
      }
    }
  };
}

/** Where this process itself was asleep or busy, what has come meanwhile is received first. */
async function quiet(): Promise<undefined> {
  await sleep(RAW_QUIET_MS);
  await yieldToIo();
}
