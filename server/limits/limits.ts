// Who is admitted, who has stalled, and how a connection is closed without losing replies: decided here, for every
// I/O model. Only monotonic time decides, and of that only ticks of timers: nobody is cut for what a clock says.

import { readFileSync } from 'node:fs';
import type { DropArgument, Server, Socket } from 'node:net';
import { type Address, socketAddress } from '../../shared/address.js';
import { libc } from '../../shared/libc/libc.js';
import type { Closing, Session } from '../core/session.js';
import type { CloseFailure } from '../log/log.js';
import type { IoModelContext, IoModelName, IoModelOptions } from '../models/model.js';
import { IpAllowList } from './ip-allow-list.js';

// --- how a connection is closed ---

/**
 * Closing a socket while input is unread, or before input comes, makes the kernel send a reset, and the reset can destroy
 * replies on their way. So a connection that we close gets our end of stream first; then we read on and throw away, until
 * the client ends too or has acknowledged everything (where that can be seen: on Linux, with koffi) and has been quiet for
 * QUIET_MS, LINGER_MS at most. One that acknowledges too little for --stall-timeout is not waited for.
 */
export const LINGER_MS = 5_000;
export const LINGER_IDLE_MS = 250;

/** A connection that may not be answered any more. */
export const JOURNAL_FAILED: CloseFailure = { reason: 'journal', detail: 'the journal has failed' };

/** A connection that outlived the time the server gives it when it stops. */
export const DRAIN_TIMEOUT: CloseFailure = {
  reason: 'overdue',
  detail: `it did not take its replies in ${LINGER_MS / 1000} s`,
};

/** The same for a client that may have waited for the disk: one that is owed a reply of which nothing waits to be taken. */
export function drainTimeout(socket: Socket, session: Session): CloseFailure {
  if (session.wantsInput || socket.writableLength > 0) return DRAIN_TIMEOUT;
  return {
    reason: 'journal',
    detail: `its letters could not be brought to disk in ${LINGER_MS / 1000} s`,
  };
}

/**
 * Closes a socket to which everything owed has been written. Calling it again changes nothing.
 * @param stallTimeoutMs how long to wait for a client that acknowledges nothing; 0: for ever; undefined, and when
 *   the server stops: the kernel delivers what it has by itself
 */
export function closeLingering(socket: Socket, reason?: Closing, stallTimeoutMs?: number): void {
  if (socket.writableEnded) return;
  socket.end(() => {
    if (reason === 'ended' || socket.destroyed) return; // the client has gone too: there is nothing to linger for
    let progress: Progress | undefined;
    let bytesRead = socket.bytesRead;
    let ticks = 0;
    const timer = setInterval(() => {
      const taken = stallTimeoutMs === undefined || reason === 'stopped' ? undefined : delivering(socket);
      progress = look(taken, progress);
      const quiet = socket.bytesRead === bytesRead;
      bytesRead = socket.bytesRead;
      if (taken !== undefined) {
        if (stallTimeoutMs && progress.looks * LINGER_IDLE_MS >= stallTimeoutMs) socket.destroy();
        return;
      }
      ticks += 1;
      if (quiet || ticks * LINGER_IDLE_MS >= LINGER_MS) socket.destroy();
    }, LINGER_IDLE_MS);
    socket.once('close', () => clearInterval(timer));
    socket.resume();
  });
}

/** How much a client has acknowledged while the kernel has more for it; undefined when it has not, or does not say. */
function delivering(socket: Socket): number | undefined {
  const fd: unknown = Reflect.get(Reflect.get(socket, '_handle') ?? {}, 'fd');
  try {
    return typeof fd === 'number' ? libc().delivering(fd) : undefined;
  } catch {
    return undefined; // there is no koffi, or no connection any more
  }
}

/**
 * What one receive may bring, in bytes: in `nonblocking` one, as in the tutorial's strsvr.py. To look at 4 KiB of line ends
 * takes some 0.2 ms, so a round of 300 clients that flood the server is over in less than a tenth of a second.
 */
export function receiveBytes(io: IoModelName): number {
  return io === 'nonblocking' ? 1 : 4 * 1024;
}

// --- who is admitted ---

/** Descriptors kept back for everything that is not a client. */
const SPARE_DESCRIPTORS = 64;

/** What a client takes: its socket, and where it has a thread, the descriptors of that thread's own event loop. */
const DESCRIPTORS = 1;
const DESCRIPTORS_WITH_THREAD = 5;

/**
 * How many clients can really be connected. At the descriptor limit libuv drops clients without a word and no thread
 * can start, so we stay below it and refuse aloud.
 */
export function clampToFdLimit(
  maxConnections: number,
  io: IoModelName,
  descriptors = descriptorLimit(),
): number {
  const each = io === 'threads' ? DESCRIPTORS_WITH_THREAD : DESCRIPTORS;
  return Math.min(maxConnections, Math.max(1, Math.floor((descriptors - SPARE_DESCRIPTORS) / each)));
}

/** Who may come in. */
export class Admission {
  readonly #maxConnections: number;
  /** undefined: whoever reaches the port. */
  readonly #allowed: IpAllowList | undefined;

  constructor({ maxConnections, allow }: IoModelOptions) {
    this.#maxConnections = maxConnections;
    if (allow.length > 0) this.#allowed = new IpAllowList(allow);
  }

  /** Why somebody may not come in while so many are connected; undefined: nothing is against it. */
  rejectionReason({ host }: Address, connected: number): string | undefined {
    if (this.#allowed?.include(host) === false) return 'in no network of --allow';
    if (connected < this.#maxConnections) return undefined;
    return serverFull(this.#maxConnections);
  }
}

/** Why one client more is refused. */
export function serverFull(maxConnections: number): string {
  return `${maxConnections} clients are connected, as many as are allowed`;
}

/** On node:net: hands over to `accept` who may come in, and refuses the others aloud. */
export function admit(listener: Server, context: IoModelContext, accept: (socket: Socket) => void): void {
  const admission = new Admission(context);
  const refused = (peer: Socket | DropArgument | undefined, connected: number): boolean => {
    const remote = socketAddress(peer?.remoteAddress, peer?.remotePort);
    const reason = admission.rejectionReason(remote, connected);
    if (reason !== undefined) context.log.record({ type: 'rejected', remote, reason });
    return reason !== undefined;
  };
  listener.maxConnections = context.maxConnections; // so that it closes the others before it makes a socket of them
  listener.on('drop', (peer) => refused(peer, context.maxConnections));
  listener.on('connection', (socket) => {
    if (refused(socket, 0)) socket.destroy();
    else accept(socket);
  });
}

/**
 * How long to leave the listening socket alone when there is no descriptor for who waits there: it stays readable, and
 * whoever asks on and on takes a whole core for it.
 */
export const ACCEPT_BACKOFF_MS = 100;

// --- who has gone or stalled ---

/**
 * A peer that has vanished while nothing is owed to it is asked after so long whether it is there, then once a second,
 * ten times: found within a minute. node:net knows the first figure alone, and has the others from libuv.
 */
export const KEEP_ALIVE_SECONDS = { idle: 45, between: 1, times: 10 } as const;
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 1000 * KEEP_ALIVE_SECONDS.idle } as const;

/** A client whose replies wait for it must take so many bytes of them within --stall-timeout. */
const STALL_BYTES = 1024;

/**
 * So many looks make a --stall-timeout. Looks are counted, not time: a server that was itself asleep (SIGSTOP) or busy
 * takes one look afterwards, however long that was, and so cuts nobody who could not have been served meanwhile.
 */
const STALL_TICKS = 10;

/**
 * Looks after all clients with one timer, to be cleared at the end.
 * @param clients those connected, whenever it looks
 * @param timeoutMs 0: nobody ever stalls, and there is no timer
 * @param taken how many bytes a client has taken so far; undefined while it keeps nothing waiting
 * @param cut is handed who has stalled
 */
export function watchStalls<Client extends object>(
  clients: { values(): Iterable<Client> },
  timeoutMs: number,
  taken: (client: Client) => number | undefined,
  cut: (client: Client, why: CloseFailure) => void,
): NodeJS.Timeout | undefined {
  if (timeoutMs === 0) return undefined;
  const detail = `it took less than ${STALL_BYTES} bytes of its replies in ${timeoutMs / 1000} s`;
  const progress = new WeakMap<Client, Progress>();
  return setInterval(() => {
    for (const client of clients.values()) {
      const now = look(taken(client), progress.get(client));
      progress.set(client, now);
      if (now.looks >= STALL_TICKS) cut(client, { reason: 'stalled', detail });
    }
  }, timeoutMs / STALL_TICKS).unref();
}

/** What a client had taken when it last took enough, and how many looks ago that was. */
interface Progress {
  readonly taken: number | undefined;
  readonly looks: number;
}

function look(taken: number | undefined, before: Progress | undefined): Progress {
  if (taken === undefined || before?.taken === undefined) return { taken, looks: 0 };
  if (taken - before.taken >= STALL_BYTES) return { taken, looks: 0 };
  return { taken: before.taken, looks: before.looks + 1 };
}

/**
 * The same on node:net. What the kernel has not taken is what keeps a client waiting by its own fault: otherwise it
 * waits for its turn or for the journal. A reset, because the kernel would go on offering what it has for minutes.
 */
export function watchSockets(
  clients: ReadonlySet<{ readonly socket: Socket; failure?: CloseFailure }>,
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

/** The soft limit on open files (Node has raised it to the hard one); Infinity where the system does not say. */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
