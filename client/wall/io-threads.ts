// Which threads of a process do the I/O, and how they wait, as the kernel shows it: a process of Node.js has ten others, which
// belong to V8 and libuv and sleep on futexes or in an epoll of their own.

import type { Snapshot, SnapshotThread } from './snapshot.js';

const MULTIPLEXED = new Set(['poll', 'ppoll', 'select', 'pselect6']);
const EVENT_LOOP = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'io_uring_enter']);
const SENDS = new Set(['write', 'writev', 'sendto', 'sendmsg']);
/** A thread that is on a core in one sample may do anything; one that is there in two, of a process that wants a core, is busy. */
const BUSY_SHARE = 0.5;

/** How the I/O threads wait. */
export type Waiting =
  /** One client after another, or a pool of threads that does so. */
  | 'for one client'
  /** A thread for each client, and one that accepts. */
  | 'thread per client'
  /** For a new client only. */
  | 'accept'
  | 'poll'
  | 'event loop'
  /** Does not sleep. */
  | 'busy'
  | 'unknown';

export function ioThreads({
  threads,
  mainThread,
  cpuWanted = 0,
  model,
}: Snapshot): readonly SnapshotThread[] {
  const waiting = threads.filter(
    ({ call = '', client, accepts }) => client !== undefined || accepts || MULTIPLEXED.has(call),
  );
  const busy = threads.filter(
    ({ call, sinceMs, tid }) =>
      call === undefined &&
      sinceMs > 0 &&
      cpuWanted >= BUSY_SHARE &&
      (tid !== mainThread || waiting.length === 0),
  );
  if (waiting.length + busy.length > 0) return [...waiting, ...busy];
  const rings = threads.filter(({ call }) => call === 'io_uring_enter');
  if (rings.length > 0) return rings;
  // The worker of a model that has just been on a core, or slept for a moment, is none of these.
  if (model !== undefined && model !== 'events') return [];
  const loops = threads.filter(({ call = '' }) => EVENT_LOOP.has(call));
  const main = loops.filter(({ tid }) => tid === mainThread);
  return main.length > 0 ? main : loops;
}

export function waitingOf(threads: readonly SnapshotThread[]): Waiting {
  const forClients = threads.filter(({ client }) => client !== undefined).length;
  if (threads.some(({ call }) => call === undefined)) return 'busy';
  const others = threads.filter(({ client }) => client === undefined);
  if (forClients > 0) return others.length > 0 ? 'thread per client' : 'for one client';
  if (threads.length === 0) return 'unknown';
  if (others.every(({ accepts }) => accepts)) return 'accept';
  return others.some(({ call = '' }) => MULTIPLEXED.has(call)) ? 'poll' : 'event loop';
}

export function sends({ call = '' }: SnapshotThread): boolean {
  return SENDS.has(call);
}
