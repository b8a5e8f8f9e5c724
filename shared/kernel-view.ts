// What the Linux kernel knows about a TCP server in any language: unread bytes of each connection, connections that are not
// accepted yet, and the system call in which each thread sleeps, with the connection that it waits for. Reads /proc (proc(5))
// and never touches the server. Without /proc, or for another user's process, the view says why there is none. The tables of
// sockets are in proc-sockets.ts.

import { readdirSync } from 'node:fs';
import { describe } from './errors.js';
import { plural } from './numbers.js';
import { LISTEN, socketInode, type TcpRow, tcpRows } from './proc-sockets.js';
import { readOr, readProcFile } from './procfs.js';
import { ON_DESCRIPTOR, OTHER_CALLS } from './syscall-names.js';

export interface ServerConnection {
  /** The client's port; on loopback it identifies the client. */
  readonly peerPort: number;
  readonly unreadBytes: number;
  /** Written by the server, not yet acknowledged by the client. */
  readonly unsentBytes: number;
  /** False while the connection is in the accept queue. */
  readonly accepted: boolean;
  /** `peerClosed`: the client has ended its stream. `closing`: the server has ended its own. */
  readonly state: 'established' | 'peerClosed' | 'closing';
}

/** `peerPort` is there if the thread waits for that connection; `accepts` if it waits for a new one. */
export type ServerThread =
  | { readonly tid: number; readonly state: 'running' | 'unknown' }
  | {
      readonly tid: number;
      readonly state: 'sleeping';
      /** recvfrom, poll, ...; `system call N` if the number has no name here. */
      readonly call: string;
      readonly peerPort?: number;
      readonly accepts?: true;
    };

export interface VisibleServer {
  readonly available: true;
  readonly listening: boolean;
  readonly acceptQueue: number;
  readonly connections: readonly ServerConnection[];
  readonly threads: readonly ServerThread[];
}

export type KernelView = VisibleServer | { readonly available: false; readonly why: string };

/** Where to read, for tests with a recorded /proc. */
export interface ProcSource {
  readonly root: string;
  readonly arch: string;
}

const SYSTEM: ProcSource = { root: '/proc', arch: process.arch };
// States of a connection in net/tcp (include/net/tcp_states.h).
const ESTABLISHED = '01';
const CLOSE_WAIT = '08';
/** Threads and clients in one line. */
const SHOWN = 4;

/**
 * @param pid the process that accepts the connections
 * @param port on which it listens
 * @param others processes that serve connections too, such as one for each client; one that has ended has no threads
 */
export function kernelView(
  pid: number,
  port: number,
  { root, arch }: ProcSource = SYSTEM,
  others: readonly number[] = [],
): KernelView {
  try {
    const folder = `${root}/${pid}`;
    const rows = tcpRows(folder, port);
    const listeners = rows.filter(({ state }) => state === LISTEN);
    const open = rows.filter(({ state }) => state !== LISTEN);
    const threadsOf = (folder: string) =>
      readdirSync(`${folder}/task`).map((tid) => thread(folder, Number(tid), arch, rows));
    const threads = [
      ...threadsOf(folder),
      ...others.flatMap((other) => readOr(() => threadsOf(`${root}/${other}`), [])),
    ];
    return {
      available: true,
      listening: listeners.length > 0,
      acceptQueue: listeners.reduce((sum, { rxBytes }) => sum + rxBytes, 0),
      connections: open.map(({ peerPort, state, rxBytes, txBytes, inode }) => ({
        peerPort,
        unreadBytes: rxBytes,
        unsentBytes: txBytes,
        accepted: inode !== 0,
        state: state === ESTABLISHED ? 'established' : state === CLOSE_WAIT ? 'peerClosed' : 'closing',
      })),
      threads,
    };
  } catch (error) {
    return { available: false, why: `no view of process ${pid}: ${describe(error)}` };
  }
}

/**
 * The view as one line: "thread 812 sleeps in recvfrom for client 1; client 2 has 2 bytes unread".
 * @param clientName of a client's port
 */
export function describeView(view: KernelView, clientName: (peerPort: number) => string): string {
  if (!view.available) return view.why;
  const inOrder = [...view.threads].sort((one, other) => interest(other) - interest(one));
  const threads = inOrder.flatMap((thread) => {
    if (thread.state !== 'sleeping') return thread.state === 'running' ? [`thread ${thread.tid} runs`] : [];
    const { tid, call, peerPort, accepts } = thread;
    if (accepts) return [`thread ${tid} sleeps in ${call} for a new client`];
    const target = peerPort === undefined ? '' : ` for ${clientName(peerPort)}`;
    return [`thread ${tid} sleeps in ${call}${target}`];
  });
  const waiting = view.connections.flatMap(({ peerPort, unreadBytes, accepted, state }) => {
    if (!accepted && state !== 'closing') return [`${clientName(peerPort)} is not accepted`];
    return unreadBytes > 0 ? [`${clientName(peerPort)} has ${plural(unreadBytes, 'byte')} unread`] : [];
  });
  return [...shorten(threads, 'more thread'), ...shorten(waiting, 'more waiting client')].join('; ');
}

/** Of a runtime with many threads, those that wait for clients come first, then those that run. */
function interest(thread: ServerThread): number {
  if (thread.state === 'sleeping') return thread.peerPort !== undefined || thread.accepts ? 2 : 0;
  return thread.state === 'running' ? 1 : 0;
}

function shorten(phrases: readonly string[], rest: string): readonly string[] {
  return phrases.length > SHOWN
    ? [...phrases.slice(0, SHOWN), plural(phrases.length - SHOWN, rest)]
    : phrases;
}

function thread(folder: string, tid: number, arch: string, rows: readonly TcpRow[]): ServerThread {
  const [first = '', argument = ''] = readOr(() => readProcFile(`${folder}/task/${tid}/syscall`), '')
    .trim()
    .split(' ');
  if (first === 'running') return { tid, state: 'running' };
  if (first === '') return { tid, state: 'unknown' };
  const number = Number(first);
  const call = ON_DESCRIPTOR.get(arch)?.get(number);
  if (call === undefined) {
    const name = OTHER_CALLS.get(arch)?.get(number) ?? `system call ${number}`;
    return { tid, state: 'sleeping', call: name };
  }
  const inode = socketInode(folder, String(Number.parseInt(argument, 16)));
  const row = rows.find((row) => row.inode === inode);
  if (row === undefined) return { tid, state: 'sleeping', call };
  if (row.state === LISTEN) return { tid, state: 'sleeping', call, accepts: true };
  return { tid, state: 'sleeping', call, peerPort: row.peerPort };
}
