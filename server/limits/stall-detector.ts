// Which clients are dead or stalled. Time is counted in ticks of a timer, so a SIGSTOP or an overload of the server
// disconnects no healthy client: a tick that comes late is one tick.

import type { Socket } from 'node:net';
import type { CloseFailure } from '../core/close-reason.js';

/**
 * TCP keepalive: an idle peer that has vanished is found within a minute, by a probe after `idle` seconds and then `probes`
 * probes `interval` seconds apart. node:net takes the first figure only and has the others from libuv.
 */
export const KEEP_ALIVE_SECONDS = { idle: 45, interval: 1, probes: 10 } as const;
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 1000 * KEEP_ALIVE_SECONDS.idle } as const;

/** The least that a client with pending replies must acknowledge in a stall timeout, in bytes. */
const STALL_BYTES = 1024;

/** Ticks in a stall timeout. */
const STALL_TICKS = 10;

/** What a client had taken when it last took STALL_BYTES, and how many ticks ago that was. */
export interface ReadProgress {
  /** In bytes; undefined: nothing is pending. */
  readonly taken: number | undefined;
  readonly ticks: number;
}

/** One tick: the progress of a client that has taken `taken` bytes by now. */
export function nextProgress(taken: number | undefined, before: ReadProgress | undefined): ReadProgress {
  if (taken === undefined || before?.taken === undefined) return { taken, ticks: 0 };
  if (taken - before.taken >= STALL_BYTES) return { taken, ticks: 0 };
  return { taken: before.taken, ticks: before.ticks + 1 };
}

/**
 * Watches all clients with one timer; clear it at the end.
 * @param clients those connected at each tick
 * @param timeoutMs 0: no client ever stalls, and there is no timer
 * @param taken the bytes that a client has taken so far; undefined while it has nothing to take
 * @param disconnect called with a client that has stalled
 */
export function watchStalls<Client extends object>(
  clients: { values(): Iterable<Client> },
  timeoutMs: number,
  taken: (client: Client) => number | undefined,
  disconnect: (client: Client, why: CloseFailure) => void,
): NodeJS.Timeout | undefined {
  if (timeoutMs === 0) return undefined;
  const detail = `it acknowledged less than ${STALL_BYTES} bytes of its replies in ${timeoutMs / 1000} s`;
  const progress = new WeakMap<Client, ReadProgress>();
  return setInterval(() => {
    for (const client of clients.values()) {
      const now = nextProgress(taken(client), progress.get(client));
      progress.set(client, now);
      if (now.ticks >= STALL_TICKS) disconnect(client, { reason: 'stalled', detail });
    }
  }, timeoutMs / STALL_TICKS).unref();
}

/** A connection, and why it was disconnected. */
export interface WatchedSocket {
  readonly socket: Socket;
  failure: CloseFailure | undefined;
}

/**
 * The same on node:net. Only bytes that the kernel has not taken count as pending: other replies wait for the scheduler
 * or for the journal. A stalled connection is reset, since the kernel would offer its buffer for minutes.
 */
export function watchSockets(
  clients: ReadonlySet<WatchedSocket>,
  timeoutMs: number,
): NodeJS.Timeout | undefined {
  const taken = (socket: Socket) =>
    socket.writableLength === 0 ? undefined : socket.bytesWritten - socket.writableLength;
  return watchStalls(
    clients,
    timeoutMs,
    ({ socket }) => taken(socket),
    (client, why) => {
      client.failure ??= why;
      client.socket.resetAndDestroy();
    },
  );
}
