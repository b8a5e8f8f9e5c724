// Connections that the load opens, and the plain conversations that it holds before and after it measures: one client,
// one line at a time, never longer than until a deadline.

import { type Address, formatAddress } from '../../shared/address.js';
import { BoundedBuffer } from '../../shared/bounded-buffer.js';
import { connectError, errorCode, lostError, OperationalError } from '../../shared/errors.js';
import { type ConnectOptions, EAGAIN, libc, POLLIN, POLLOUT, SHUT_WR } from '../../shared/libc/libc.js';
import { PollList } from '../../shared/libc/structs.js';
import { plural } from '../../shared/numbers.js';
import { DEFAULT_MAX_REPLY } from '../../shared/options.js';
import { LF } from '../../shared/utf8.js';

const SILENT = 'does not answer';
/** After so many new connections the server gets a little time to accept them, or its backlog would run over. */
const CONNECT_BATCH = 100;
const PAUSE_MS = 2;
const NOTHING = Buffer.alloc(0);

/**
 * Connects so many sockets, none of which blocks.
 * @param deadline by performance.now()
 * @throws OperationalError
 */
export function connectAll(
  address: Address,
  total: number,
  options: ConnectOptions,
  deadline: number,
): number[] {
  const descriptors: number[] = [];
  const one = new PollList(1);
  try {
    while (descriptors.length < total) {
      const batch = Math.min(CONNECT_BATCH, total - descriptors.length);
      const begun = Array.from({ length: batch }, () => libc().connect(address, options));
      descriptors.push(...begun);
      for (const fd of begun) {
        one.set(0, fd, POLLOUT);
        wait(one, deadline, address);
        libc().connected(fd);
      }
      if (descriptors.length < total) libc().poll(one, 0, PAUSE_MS);
    }
    return descriptors;
  } catch (error) {
    for (const fd of descriptors) libc().close(fd);
    if (error instanceof OperationalError) throw error;
    if (errorCode(error) === 'EMFILE') {
      const why = `only ${descriptors.length} sockets may be open at a time; ulimit -n says how many files`;
      throw new OperationalError('EMFILE', why, error);
    }
    throw connectError(error, address, 'strsvr');
  }
}

export class LineClient {
  readonly #server: Address;
  readonly #deadline: number;
  readonly #fd: number;
  readonly #list = new PollList(1);
  readonly #chunk = Buffer.alloc(64 * 1024);
  /** What has come after the last line. */
  #left: Buffer = NOTHING;

  /**
   * @param deadline by performance.now()
   * @param receiveBuffer see posix
   * @throws OperationalError, as all of its methods do
   */
  constructor(server: Address, deadline: number, receiveBuffer?: number) {
    this.#server = server;
    this.#deadline = deadline;
    const options = { nagle: false, ...(receiveBuffer !== undefined && { receiveBuffer }) };
    [this.#fd = -1] = connectAll(server, 1, options, deadline);
  }

  send(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let left = bytes; left.length > 0; ) {
        const taken = libc().send(this.#fd, left);
        if (taken === EAGAIN) this.#wait(POLLOUT, 'does not read');
        else left = left.subarray(taken);
      }
    });
  }

  /**
   * The next line, without its LF.
   * @param silence what to say of a server that sends none until the deadline
   */
  line(silence = SILENT): Buffer {
    const begun = new BoundedBuffer(DEFAULT_MAX_REPLY);
    for (;;) {
      const end = this.#left.indexOf(LF);
      if (!begun.append(this.#left.subarray(0, end < 0 ? undefined : end))) throw this.#endless();
      if (end >= 0) {
        this.#left = this.#left.subarray(end + 1);
        return begun.take();
      }
      this.#left = this.#receive(silence);
      if (this.#left.length === 0) throw lostError('it has closed the connection', this.#server);
    }
  }

  /** Whether something came before the end of the stream. */
  answered(): boolean {
    return this.#receive(SILENT).length > 0;
  }

  /** Ends our side, waits until the server has ended its own, and closes. */
  end(): void {
    this.#attempt(() => libc().shutdown(this.#fd, SHUT_WR));
    while (
      this.#receive('does not close the connection of a client that has ended its side (FIN)').length > 0
    );
    libc().close(this.#fd);
  }

  /** Closes at once; what is on its way is thrown away. */
  reset(): void {
    libc().abort(this.#fd);
  }

  /** A copy of what comes next; nothing at the end of the stream. */
  #receive(silence: string): Buffer {
    return this.#attempt(() => {
      for (;;) {
        const length = libc().recv(this.#fd, this.#chunk);
        if (length !== EAGAIN) return Buffer.from(this.#chunk.subarray(0, length));
        this.#wait(POLLIN, silence);
      }
    });
  }

  #wait(events: number, silence: string): void {
    this.#list.set(0, this.#fd, events);
    wait(this.#list, this.#deadline, this.#server, silence);
  }

  #endless(): OperationalError {
    const why = `more than ${plural(DEFAULT_MAX_REPLY, 'byte')} came without a line feed`;
    return new OperationalError('NOT_LINES', `${formatAddress(this.#server)} does not answer lines: ${why}`);
  }

  #attempt<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw error instanceof OperationalError ? error : lostError(error, this.#server);
    }
  }
}

/** Waits for the one socket of a list. */
function wait(list: PollList, deadline: number, server: Address, silence = SILENT): void {
  const left = Math.ceil(deadline - performance.now());
  if (left > 0 && libc().poll(list, 1, left) > 0) return;
  throw new OperationalError('ETIMEDOUT', `${formatAddress(server)} ${silence}`);
}
