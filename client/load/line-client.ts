// Connections that the load opens, and one plain client for what it does before and after it measures: a line and its
// answer at a time, with a deadline.

import { type Address, formatAddress } from '../../shared/address.js';
import { BoundedBuffer } from '../../shared/bounded-buffer.js';
import { connectError, errorCode, lostError, OperationalError } from '../../shared/errors.js';
import * as libc from '../../shared/libc/load-calls.js';
import { plural } from '../../shared/numbers.js';
import { DEFAULT_MAX_REPLY } from '../../shared/options.js';
import { LF } from '../../shared/utf8.js';

const SILENT = 'does not answer';
const STAYS = 'does not close the connection of a client that has ended its side (FIN)';
/** After this many new connections the server gets time to accept them, so that its backlog does not overflow. */
const CONNECT_BATCH = 100;
const PAUSE_MS = 2;
const RECEIVE_BYTES = 64 * 1024;

/** Blocks this thread. */
export function pause(ms: number): void {
  libc.poll(new libc.PollList(0), 0, ms);
}

/**
 * Connects nonblocking sockets.
 * @param deadline by performance.now()
 * @throws OperationalError
 */
export function connectAll(
  address: Address,
  total: number,
  options: libc.ConnectOptions,
  deadline: number,
): number[] {
  const descriptors: number[] = [];
  try {
    while (descriptors.length < total) {
      const batch = Math.min(CONNECT_BATCH, total - descriptors.length);
      const begun = Array.from({ length: batch }, () => libc.connect(address, options));
      descriptors.push(...begun);
      for (const fd of begun) {
        awaitEvent(fd, libc.POLLOUT, deadline, address);
        libc.connected(fd);
      }
      if (descriptors.length < total) pause(PAUSE_MS);
    }
    return descriptors;
  } catch (error) {
    for (const fd of descriptors) libc.close(fd);
    if (error instanceof OperationalError) throw error;
    if (errorCode(error) !== 'EMFILE') throw connectError(error, address, 'strsvr');
    const why = `only ${descriptors.length} sockets may be open at a time; ulimit -n says how many files`;
    throw new OperationalError('EMFILE', why, error);
  }
}

function awaitEvent(fd: number, event: number, deadline: number, server: Address, silence = SILENT): void {
  const list = new libc.PollList(1);
  list.set(0, fd, event);
  const left = Math.ceil(deadline - performance.now());
  if (left > 0 && libc.poll(list, 1, left) > 0) return;
  throw new OperationalError('ETIMEDOUT', `${formatAddress(server)} ${silence}`);
}

/** All methods throw OperationalError when the connection fails or the deadline has passed. */
export class LineClient {
  readonly #server: Address;
  readonly #deadline: number;
  readonly #fd: number;
  /** What has come after the last line. */
  #left: Buffer = Buffer.alloc(0);

  /**
   * @param deadline by performance.now()
   * @param options such as a receive buffer
   */
  constructor(server: Address, deadline: number, options: Partial<libc.ConnectOptions> = {}) {
    this.#server = server;
    this.#deadline = deadline;
    [this.#fd = -1] = connectAll(server, 1, { nagle: false, ...options }, deadline);
  }

  /**
   * Sends bytes, fewer than a new socket's send buffer takes, and waits for a line.
   * @param silence what to report of a server that sends none until the deadline
   * @returns the line, without its LF
   */
  ask(bytes: Uint8Array, silence: string): Buffer {
    this.send(bytes);
    const line = new BoundedBuffer(DEFAULT_MAX_REPLY);
    for (;;) {
      const end = this.#left.indexOf(LF);
      if (!line.append(this.#left.subarray(0, end < 0 ? undefined : end))) {
        const why = `more than ${plural(DEFAULT_MAX_REPLY, 'byte')} came without a line feed`;
        throw new OperationalError(
          'NOT_LINES',
          `${formatAddress(this.#server)} does not answer lines: ${why}`,
        );
      }
      if (end >= 0) {
        this.#left = this.#left.subarray(end + 1);
        return line.take();
      }
      this.#left = this.receive(silence);
      if (this.#left.length === 0) throw lostError('it has closed the connection', this.#server);
    }
  }

  send(bytes: Uint8Array): void {
    const taken = this.#attempt(() => libc.send(this.#fd, bytes));
    if (taken < bytes.length) throw new Error(`the kernel took ${taken} of ${bytes.length} bytes`);
  }

  /** What comes next; empty at the end of the stream. */
  receive(silence = SILENT): Buffer {
    const chunk = Buffer.alloc(RECEIVE_BYTES);
    for (;;) {
      const length = this.#attempt(() => libc.recv(this.#fd, chunk));
      if (length !== libc.EAGAIN) return chunk.subarray(0, length);
      awaitEvent(this.#fd, libc.POLLIN, this.#deadline, this.#server, silence);
    }
  }

  /** Ends our side, waits until the server has ended its own, and closes. */
  end(): void {
    this.#attempt(() => libc.shutdown(this.#fd, libc.SHUT_WR));
    while (this.receive(STAYS).length > 0);
    libc.close(this.#fd);
  }

  /** Closes at once; what is on its way is thrown away. */
  reset(): void {
    libc.abort(this.#fd);
  }

  #attempt<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw lostError(error, this.#server);
    }
  }
}
