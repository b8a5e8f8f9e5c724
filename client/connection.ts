// A connection that sends a letter and returns the text. It sends an LF after each letter, so that a reply ends in an LF
// (server/README.md, "The wire"). The raw wire, without LF, is for servers that store line ends, such as the tutorial's.

import type { Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as yieldToIo } from 'node:timers/promises';
import { type Address, formatAddress } from '../shared/address.js';
import { BoundedBuffer } from '../shared/bounded-buffer.js';
import { errorCode, lostError, OperationalError, tooLongError, UsageError } from '../shared/errors.js';
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
import { isLetter } from '../shared/utf8.js';
import type { TlsOptions } from './secure-socket.js';
import { openSocket } from './socket.js';

export { OperationalError };

/** On the raw wire a reply ends when nothing arrives for this time. */
const RAW_QUIET_MS = 20;

export interface ConnectOptions extends Partial<Address> {
  /** For a server that stores or ignores LF; only a pause then shows where a reply ends. */
  readonly raw?: boolean;
  readonly connectTimeoutMs?: number;
  /** Encrypt; `{}` trusts the authorities that the system knows. */
  readonly tls?: TlsOptions | undefined;
  /** Reject a longer reply, in bytes; 64 MiB by default. */
  readonly maxReply?: number;
}

const CHECKS: Checks = new Map(
  Object.entries({
    host: nonEmpty('host'),
    port: wholeNumber('port', 1, MAX_PORT),
    raw: flag('raw'),
    tls: tlsOptions,
    connectTimeoutMs: wholeNumber('connectTimeoutMs', 1, MAX_WAIT_MS),
    maxReply: wholeNumber('maxReply', 1, MAX_REPLY_LIMIT),
  } satisfies Record<keyof ConnectOptions, (value: unknown) => unknown>),
);

/** Reads the texts in PEM. Throws UsageError. */
function tlsOptions(value: unknown): TlsOptions {
  const isPem = (text: unknown) => text === undefined || typeof text === 'string' || Buffer.isBuffer(text);
  if (typeof value !== 'object' || value === null) throw new UsageError('tls: expected an object');
  for (const [name, text] of Object.entries(value)) {
    if (!['ca', 'cert', 'key'].includes(name))
      throw new UsageError(`tls.${name}: no such option, expected ca, cert, key`);
    if (!isPem(text)) throw new UsageError(`tls.${name}: expected a text in PEM, got ${typeof text}`);
  }
  return value;
}

/** Resolves to the reply to a letter that was sent; undefined if the stream ends before it. */
type ReplyReader = (letter: string) => Promise<string | undefined>;

/**
 * Connects to a string-concatenation server, by default on 127.0.0.1:2000.
 * @throws TypeError that names an unknown or invalid option; OperationalError if there is no server or the connect
 *   times out
 * @example
 * const connection = await connect({ port: 2000 });
 * const text = await connection.send('a');
 * connection.close();
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  checkOptions(options, CHECKS);
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, connectTimeoutMs, tls, ...how } = options;
  const socket = await openSocket(
    { host, port },
    { server: 'strsvr', timeoutMs: connectTimeoutMs, tls },
  ).catch((error: unknown) => {
    throw errorCode(error) === 'ECONNRESET' ? closedError({ host, port }, false) : error;
  });
  return new Connection(socket, { host, port }, how);
}

export class Connection {
  readonly #socket: Socket;
  readonly #server: Address;
  readonly #letterEnd: string;
  readonly #readReply: ReplyReader;
  /** The length of the longest reply so far: the next one must be longer, because the text only grows. */
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
   * Sends a letter and waits for its reply: the text up to and including that letter. The next letter may be sent
   * before the reply has arrived, but not on the raw wire.
   * @param letter one Unicode scalar value that is not a control character
   * @throws OperationalError if the connection ends before the reply; the letter may or may not be in the text
   */
  async send(letter: string): Promise<string> {
    if (!isLetter(letter)) throw new TypeError(`expected one letter, got ${JSON.stringify(letter)}`);
    this.#socket.write(letter + this.#letterEnd);
    const reply = await this.#readReply(letter).catch((error: unknown) => {
      if (error instanceof OperationalError) throw error;
      if (errorCode(error) === 'EPIPE' || this.#socket.bytesRead === 0) return undefined; // closed, or rejected
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

  /** Closes the connection; replies that have not arrived are discarded. */
  close(): void {
    this.#socket.destroySoon();
  }
}

/** The protocol cannot say why a server closes. A server that rejects a client closes before its first reply. */
function closedError(server: Address, replied: boolean): OperationalError {
  const why = 'it has stopped, or its text or disk is full';
  const whyNoReply = `${why}, or it does not admit this client (--max-connections, --allow, --tls-client-ca), or expects TLS (--tls)`;
  const message = `${formatAddress(server)} has closed the connection: ${replied ? why : whyNoReply}`;
  return new OperationalError('CLOSED', message);
}

function lineReader(socket: Socket, maxLength: number): ReplyReader {
  const replies = splitLines(socket, { unfinished: false, maxLength }); // an incomplete reply is not a reply
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

/** After the pause, receives what arrived while this process was suspended or busy. */
async function quiet(): Promise<undefined> {
  await sleep(RAW_QUIET_MS);
  await yieldToIo();
}
