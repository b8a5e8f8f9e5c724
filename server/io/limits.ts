// Who is admitted, and how a connection is closed without losing replies: decided here, for every I/O model.

import { readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { socketAddress } from '../../shared/address.js';
import type { CloseFailure, Log } from '../log.js';
import type { Closing, Session } from '../session.js';
import type { IoModelName } from './model.js';

/**
 * Closing a socket while input is unread makes the kernel send a reset, and the reset can destroy replies on their
 * way. So a connection that we close gets our end of stream first; then we read on and throw away, until the client
 * ends too, has been quiet for QUIET_MS, or LINGER_MS have passed.
 */
export const LINGER_MS = 5_000;
export const QUIET_MS = 250;

/** A connection that may not be answered any more. */
export const JOURNAL_FAILED: CloseFailure = { reason: 'journal', detail: 'the journal has failed' };

/** A connection that outlived the time the server gives it when it stops. */
export const OVERDUE: CloseFailure = {
  reason: 'overdue',
  detail: `it did not take its replies in ${LINGER_MS / 1000} s`,
};

/** The same for a client that may have waited for the disk: one that is owed a reply of which nothing waits to be taken. */
export function overdue(socket: Socket, session: Session): CloseFailure {
  if (session.wantsInput || socket.writableLength > 0) return OVERDUE;
  return {
    reason: 'journal',
    detail: `its letters could not be brought to disk in ${LINGER_MS / 1000} s`,
  };
}

/** Closes a socket to which everything owed has been written. Calling it again changes nothing. */
export function closeLingering(socket: Socket, reason?: Closing): void {
  if (socket.writableEnded) return;
  socket.end(() => {
    if (reason === 'ended' || socket.destroyed) return; // the client has gone too: there is nothing to linger for
    socket.setTimeout(QUIET_MS, () => socket.destroy());
    const deadline = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(deadline));
    socket.resume();
  });
}

/** One client's turn, in bytes of output: a fast reader of a long text must not starve the others. */
export const TURN_BYTES = 64 * 1024;

/** What one receive may bring, in bytes: in `nonblocking` one, as in the tutorial's strsvr.py. */
export function receiveBytes(io: IoModelName): number {
  return io === 'nonblocking' ? 1 : 16 * 1024;
}

/** Descriptors kept back for everything that is not a client. */
const SPARE_DESCRIPTORS = 64;

/**
 * How many clients can really be connected. At the descriptor limit libuv drops clients without a word, so we stay
 * below it and refuse aloud.
 */
export function admissible(maxConnections: number, descriptors = descriptorLimit()): number {
  return Math.min(maxConnections, Math.max(1, descriptors - SPARE_DESCRIPTORS));
}

/** Refuses aloud whoever comes while as many clients are connected as may be. */
export function refuseBeyond(maxConnections: number, listener: Server, log: Log): void {
  listener.maxConnections = maxConnections;
  listener.on('drop', (peer) => {
    const remote = socketAddress(peer?.remoteAddress, peer?.remotePort);
    log.record({ type: 'refused', remote, reason: tooMany(maxConnections) });
  });
}

/** Why one client more is refused. */
export function tooMany(maxConnections: number): string {
  return `${maxConnections} clients are connected, as many as are allowed`;
}

/** The soft limit on open files (Node has raised it to the hard one); Infinity where the system does not say. */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
