// How the server closes a connection without losing replies.
//
// Closing a socket while input is unread makes the kernel send a reset, which can destroy replies on their way. So the
// client gets our end of stream first; then its input is read and discarded until it ends its side, or is idle, or
// LINGER_MS have passed. While the kernel still delivers replies (seen on Linux with koffi), only a stall ends that.

import type { Socket } from 'node:net';
import { delivering } from '../../shared/libc/tcp-info.js';
import type { CloseFailure, Closing } from '../core/close-reason.js';
import type { Session } from '../core/session.js';
import { socketFd } from './socket-fd.js';
import { nextProgress, type ReadProgress } from './stall-detector.js';

/** The longest that a connection lingers without delivering, and that a stop waits for clients. */
export const LINGER_MS = 5_000;
/** A client from which no input came for this long has none on its way. */
export const LINGER_IDLE_MS = 250;

/** The server stops, and the client did not read its replies in time. */
export const DRAIN_TIMEOUT: CloseFailure = {
  reason: 'drainTimeout',
  detail: `it did not read its replies in ${LINGER_MS / 1000} s`,
};

/** The journal or the cluster has failed, so no further reply may leave. */
export const JOURNAL_FAILED: CloseFailure = { reason: 'journal', detail: 'the journal has failed' };
export const CLUSTER_FAILED: CloseFailure = { reason: 'unavailable', detail: 'the cluster has failed' };

/** As DRAIN_TIMEOUT, with another reason for a client that waits for the disk. */
export function drainTimeout(socket: Socket, session: Session): CloseFailure {
  if (socket.writableLength > 0 || session.wants !== 'durability') return DRAIN_TIMEOUT;
  return { reason: 'journal', detail: `its letters could not be stored in ${LINGER_MS / 1000} s` };
}

/** Ends connections of node:net at once. @param why without: the server stops, and has waited long enough */
export function disconnect(
  clients: Iterable<{
    readonly socket: Socket;
    readonly session: Session;
    failure: CloseFailure | undefined;
  }>,
  why?: CloseFailure,
): void {
  for (const client of clients) {
    client.failure ??= why ?? drainTimeout(client.socket, client.session);
    client.socket.destroy();
  }
}

/**
 * Closes a socket to which all output has been written. Calling it again changes nothing.
 * @param stallTimeoutMs how long to wait for a client that acknowledges too little; 0: for ever; undefined, and when
 *   the server stops: not at all, because the kernel delivers what it has without us
 */
export function closeLingering(socket: Socket, reason?: Closing, stallTimeoutMs?: number): void {
  if (socket.writableEnded) return;
  socket.end(() => {
    if (reason === 'ended' || socket.destroyed) return; // the client has closed its side too
    let progress: ReadProgress | undefined;
    let bytesRead = socket.bytesRead;
    let ticks = 0;
    const timer = setInterval(() => {
      const taken = stallTimeoutMs === undefined || reason === 'stopped' ? undefined : delivered(socket);
      progress = nextProgress(taken, progress);
      const idle = socket.bytesRead === bytesRead;
      bytesRead = socket.bytesRead;
      if (taken !== undefined) {
        if (stallTimeoutMs && progress.ticks * LINGER_IDLE_MS >= stallTimeoutMs) socket.destroy();
        return;
      }
      ticks += 1;
      if (idle || ticks * LINGER_IDLE_MS >= LINGER_MS) socket.destroy();
    }, LINGER_IDLE_MS);
    socket.once('close', () => clearInterval(timer));
    socket.resume();
  });
}

/** The bytes that the client has acknowledged while more are on their way; undefined when none are, or it is unknown. */
function delivered(socket: Socket): number | undefined {
  const fd = socketFd(socket);
  try {
    return fd === undefined ? undefined : delivering(fd);
  } catch {
    return undefined; // koffi is not installed, or the connection is gone
  }
}
