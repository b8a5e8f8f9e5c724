// Who waits for whom: a pure function from a snapshot to one sentence, why it is so, and the state of each client.

import { ioThreads, sends, type Waiting, waitingOf } from './io-threads.js';
import type { Snapshot, SnapshotClient, SnapshotThread } from './snapshot.js';
import type { ClientState } from './wording.js';

/** A letter that was sent as long ago and is not answered counts as waiting, whatever the kernel shows. */
const UNANSWERED_MS = 300;
/** Longer than a round trip over any Wi-Fi. */
const NOT_READING_MS = 1_000;

export interface Verdict {
  /** `waiting`: some client waits. */
  readonly tone: 'calm' | 'waiting';
  /** "7 of 8 clients wait for Grace", without the time. */
  readonly headline: string;
  readonly why: string;
  /** The longest wait, in milliseconds; 0 if no client waits. */
  readonly waitMs: number;
  /** The clients that are waited for. */
  readonly blockers: readonly number[];
  readonly states: ReadonlyMap<number, ClientState>;
  /** The threads that do the I/O. */
  readonly io: readonly SnapshotThread[];
}

export function verdict(snapshot: Snapshot): Verdict {
  const io = ioThreads(snapshot);
  const waiting = waitingOf(io);
  const states = new Map(snapshot.clients.map((client) => [client.id, stateOf(client, io, waiting)]));
  const present = snapshot.clients.filter(({ left }) => !left);
  const waiters = present.filter(({ id }) => WAITS.has(states.get(id) ?? 'silent'));
  const common = { states, io };
  if (waiters.length === 0) {
    const headline = present.length === 0 ? 'No client is connected' : 'No client waits';
    return {
      ...common,
      tone: 'calm',
      headline,
      why: whyCalm(snapshot, io, waiting),
      waitMs: 0,
      blockers: [],
    };
  }
  const blockers = blockersOf(snapshot, io, waiting);
  const count = counted(waiters, present);
  const accepts = waiters.some(({ id }) => states.get(id) !== 'notAccepted');
  return {
    ...common,
    tone: 'waiting',
    headline: count + objectOf(blockers, waiting, accepts),
    why: whyWaiting(snapshot, io, waiting, blockers, accepts),
    waitMs: Math.max(...waiters.map(waitMsOf)),
    blockers: blockers.map(({ id }) => id),
  };
}

const WAITS: ReadonlySet<ClientState> = new Set(['unread', 'notAccepted', 'unanswered']);

function stateOf(client: SnapshotClient, io: readonly SnapshotThread[], waiting: Waiting): ClientState {
  if (client.left) return 'left';
  const thread = io.find((thread) => thread.client === client.id);
  if (client.unsentMs >= NOT_READING_MS || (thread !== undefined && sends(thread))) return 'notReading';
  if (client.notAcceptedMs > 0) return 'notAccepted';
  if (client.unreadMs > 0) return 'unread';
  if (thread === undefined && client.unansweredMs >= UNANSWERED_MS)
    return client.unreadBytes > 0 ? 'unread' : 'unanswered';
  if (thread === undefined) return 'silent';
  return waiting === 'thread per client' ? 'ownThread' : 'awaited';
}

/** How long a client has waited: the bridge knows it to the letter, the kernel only since the first sample. */
export function waitMsOf({ unreadMs, notAcceptedMs, unansweredMs }: SnapshotClient): number {
  return Math.max(unreadMs, notAcceptedMs, unansweredMs);
}

/** While a thread polls, accepts or computes, no client blocks another. */
function blockersOf(
  { clients }: Snapshot,
  io: readonly SnapshotThread[],
  waiting: Waiting,
): readonly SnapshotClient[] {
  if (waiting !== 'for one client') return [];
  return clients.filter(({ id }) => io.some(({ client }) => client === id));
}

function counted(waiters: readonly SnapshotClient[], present: readonly SnapshotClient[]): string {
  const [only] = waiters;
  if (waiters.length === 1 && only !== undefined) return `${only.name} waits`;
  if (waiters.length === present.length) return `All ${waiters.length} clients wait`;
  return `${waiters.length} of ${present.length} clients wait`;
}

/** @param accepts whether a client that waits has been accepted */
function objectOf(blockers: readonly SnapshotClient[], waiting: Waiting, accepts: boolean): string {
  if (blockers.length > 3) return ` for ${blockers.length} others`;
  if (blockers.length > 0) return ` for ${names(blockers)}`;
  if (waiting === 'accept') return ' for one more client';
  if (waiting !== 'busy') return '';
  return accepts ? ' while the server computes' : ' to be accepted';
}

function names(clients: readonly SnapshotClient[]): string {
  return clients.map(({ name }) => name).join(' and ');
}

function whyWaiting(
  { unavailable }: Snapshot,
  io: readonly SnapshotThread[],
  waiting: Waiting,
  blockers: readonly SnapshotClient[],
  accepts: boolean,
): string {
  if (unavailable !== undefined) return `The kernel's view is missing: ${unavailable}`;
  const [thread] = io;
  const who = names(blockers);
  if (blockers.length === 1 && thread !== undefined) {
    const [subject, ends] =
      io.length === 1 ? ['The only I/O thread', 's'] : [`All ${io.length} I/O threads`, ''];
    const until = sends(thread) ? `${who} reads` : `${who} sends`;
    return `${subject} sleep${ends} in ${thread.call}(2) until ${until}. No other client is read meanwhile.`;
  }
  if (blockers.length > 1)
    return `All ${io.length} I/O threads sleep, each for one client. A client without a thread is not read.`;
  switch (waiting) {
    case 'accept':
      return `The server sleeps in ${thread?.call}(2) for a new client, and reads from no other meanwhile.`;
    case 'busy':
      return `Its thread is on a core, or waits for one, and does not ${accepts ? 'read' : 'accept'}.`;
    case 'unknown':
      return 'No thread sleeps for a client: the server does something else.';
    default:
      return `${subjectOf(io)} in ${callsOf(io)}. No thread reads from a waiting client.`;
  }
}

function whyCalm(
  { unavailable, cpuWanted = 0, clients }: Snapshot,
  io: readonly SnapshotThread[],
  waiting: Waiting,
): string {
  if (unavailable !== undefined) return `The kernel's view is missing: ${unavailable}`;
  switch (waiting) {
    case 'for one client': {
      const who = names(clients.filter(({ id }) => io.some(({ client }) => client === id)));
      return `${subjectOf(io)} in ${callsOf(io)} for ${who}. A client that sends meanwhile has to wait.`;
    }
    case 'thread per client':
      return `Each client has a thread of its own, asleep in ${callsOf(io.filter(({ client }) => client !== undefined))}.`;
    case 'accept':
      return `${subjectOf(io)} in ${callsOf(io)} until a client connects.`;
    case 'busy':
      return `One thread asks every client in turn and never sleeps. It wants ${Math.round(100 * cpuWanted)} % of a core.`;
    case 'unknown':
      return 'No thread of the server sleeps for a client now.';
    default:
      return clients.length === 0
        ? `${subjectOf(io)} in ${callsOf(io)} until a client connects.`
        : `${subjectOf(io)} in ${callsOf(io)} until any client sends. A silent client costs nothing.`;
  }
}

function subjectOf(io: readonly SnapshotThread[]): string {
  return io.length === 1 ? 'One thread sleeps' : `${io.length} threads sleep`;
}

function callsOf(io: readonly SnapshotThread[]): string {
  return [...new Set(io.map(({ call }) => `${call}(2)`))].join(' and ');
}
