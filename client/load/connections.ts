// Connections that the load opens, and what it waits for on one of them with a deadline (by performance.now()).

import { type Address, formatAddress } from '../../shared/address.js';
import { connectError, errorCode, lostError, OperationalError } from '../../shared/errors.js';
import * as libc from '../../shared/libc/load-calls.js';

/** After this many new connections the server gets time to accept them, so that its backlog does not overflow. */
const CONNECT_BATCH = 100;
const PAUSE_MS = 2;

/** Blocks this thread. */
export function pause(ms: number): void {
  libc.poll(new libc.PollList(0), 0, ms);
}

/**
 * Connects nonblocking sockets.
 * @throws OperationalError
 */
export function connectAll(
  address: Address,
  total: number,
  options: libc.TcpOptions,
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

/**
 * Uses one connection and closes it with a reset: data in flight is discarded.
 * @throws OperationalError
 */
export function withConnection<T>(
  server: Address,
  deadline: number,
  options: libc.TcpOptions,
  use: (fd: number) => T,
): T {
  const [fd = -1] = connectAll(server, 1, options, deadline);
  try {
    return use(fd);
  } catch (error) {
    throw error instanceof OperationalError ? error : lostError(error, server);
  } finally {
    libc.abort(fd);
  }
}

/** @param silence what to report of a server when the deadline has passed */
export function awaitEvent(
  fd: number,
  event: number,
  deadline: number,
  server: Address,
  silence = 'does not answer',
): void {
  const list = new libc.PollList(1);
  list.set(0, fd, event);
  const left = Math.ceil(deadline - performance.now());
  if (left > 0 && libc.poll(list, 1, left) > 0) return;
  throw new OperationalError('ETIMEDOUT', `${formatAddress(server)} ${silence}`);
}
