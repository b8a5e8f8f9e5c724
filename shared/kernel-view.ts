// What the Linux kernel knows about a TCP server in any language: unread bytes of each connection, connections that are not
// accepted yet, and the system call in which each thread sleeps, with the connection that it waits for. Reads /proc (proc(5))
// and never touches the server. Without /proc, or for another user's process, the view says why there is none.

import { readdirSync, readlinkSync } from 'node:fs';
import { describe } from './errors.js';
import { plural } from './numbers.js';
import { readProcFile } from './procfs.js';

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
const LISTEN = '0A';
/** System calls that wait for one descriptor, their first argument. */
const ON_DESCRIPTOR = new Map<string, ReadonlyMap<number, string>>([
  [
    'x64',
    new Map([
      [0, 'read'],
      [1, 'write'],
      [19, 'readv'],
      [20, 'writev'],
      [43, 'accept'],
      [44, 'sendto'],
      [45, 'recvfrom'],
      [46, 'sendmsg'],
      [47, 'recvmsg'],
      [288, 'accept4'],
    ]),
  ],
  [
    'arm64',
    new Map([
      [63, 'read'],
      [64, 'write'],
      [65, 'readv'],
      [66, 'writev'],
      [202, 'accept'],
      [206, 'sendto'],
      [207, 'recvfrom'],
      [211, 'sendmsg'],
      [212, 'recvmsg'],
      [242, 'accept4'],
    ]),
  ],
]);
/** System calls that wait for several descriptors, a lock, a child or the time. */
const OTHER_CALLS = new Map<string, ReadonlyMap<number, string>>([
  [
    'x64',
    new Map([
      [7, 'poll'],
      [23, 'select'],
      [35, 'nanosleep'],
      [61, 'wait4'],
      [202, 'futex'],
      [230, 'clock_nanosleep'],
      [232, 'epoll_wait'],
      [270, 'pselect6'],
      [271, 'ppoll'],
      [281, 'epoll_pwait'],
      [426, 'io_uring_enter'],
      [441, 'epoll_pwait2'],
    ]),
  ],
  [
    'arm64',
    new Map([
      [22, 'epoll_pwait'],
      [72, 'pselect6'],
      [73, 'ppoll'],
      [98, 'futex'],
      [101, 'nanosleep'],
      [115, 'clock_nanosleep'],
      [260, 'wait4'],
      [426, 'io_uring_enter'],
      [441, 'epoll_pwait2'],
    ]),
  ],
]);

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
      ...others.flatMap((other) => attempt(() => threadsOf(`${root}/${other}`), [])),
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

/** The first of these processes that listens on the port; undefined if none does or /proc cannot be read. */
export function findListener(
  port: number,
  pids: readonly number[],
  source: ProcSource = SYSTEM,
): number | undefined {
  return pids.find((pid) => listeningPorts(pid, port, source).length > 0);
}

/**
 * The ports on which a process listens; none if /proc cannot be read.
 * @param port look for this one only
 */
export function listeningPorts(
  pid: number,
  port: number | undefined,
  { root }: ProcSource = SYSTEM,
): number[] {
  const folder = `${root}/${pid}`;
  const listeners = attempt(() => tcpRows(folder, port), []).filter(({ state }) => state === LISTEN);
  if (listeners.length === 0) return [];
  const inodes = new Set(descriptors(folder).map((fd) => socketInode(folder, fd)));
  return listeners.filter(({ inode }) => inodes.has(inode)).map(({ localPort }) => localPort);
}

/** The addresses on which these processes listen: `127.0.0.1:2000`, `[::]:2000`; none without /proc. */
export function listeningAddresses(
  pids: readonly number[],
  { root }: ProcSource = SYSTEM,
): ReadonlyArray<{ readonly pid: number; readonly address: string }> {
  return pids.flatMap((pid) => {
    const folder = `${root}/${pid}`;
    const rows = attempt(() => tcpRows(folder, undefined), []).filter(({ state }) => state === LISTEN);
    const inodes = new Set(rows.length > 0 ? descriptors(folder).map((fd) => socketInode(folder, fd)) : []);
    return rows
      .filter(({ inode }) => inodes.has(inode))
      .map(({ local }) => ({ pid, address: readable(local) }));
  });
}

/**
 * The view as one line: "thread 812 sleeps in recvfrom for client 1; client 2 has 2 bytes unread".
 * @param clientName of a client's port
 */
export function describeView(view: KernelView, clientName: (peerPort: number) => string): string {
  if (!view.available) return view.why;
  const threads = view.threads.flatMap((thread) => {
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
  const shown = threads.length > 4 ? [...threads.slice(0, 4), `${threads.length - 4} more threads`] : threads;
  return [...shown, ...waiting].join('; ');
}

interface TcpRow {
  /** The server's address, as the kernel writes it. */
  readonly local: string;
  readonly localPort: number;
  readonly peerPort: number;
  readonly state: string;
  readonly txBytes: number;
  /** Of a listener: the length of the accept queue. */
  readonly rxBytes: number;
  /** 0 until the connection is accepted. */
  readonly inode: number;
}

/**
 * The sockets on a local port in the network namespace of a process, IPv4 and IPv6. Busy machines have thousands of others.
 * @param port undefined: of all ports
 */
function tcpRows(folder: string, port: number | undefined): TcpRow[] {
  const hex = port?.toString(16).toUpperCase().padStart(4, '0') ?? '[0-9A-F]{4}';
  const local = new RegExp(`^ *\\d+: [0-9A-F]+:${hex} .*$`, 'gm');
  const tables = [readProcFile(`${folder}/net/tcp`), attempt(() => readProcFile(`${folder}/net/tcp6`), '')];
  return tables.flatMap((table) => table.match(local) ?? []).map(tcpRow);
}

function tcpRow(line: string): TcpRow {
  const [, local = '', peer = '', state = '', queues = '', , , , , inode] = line.trim().split(/\s+/);
  const portOf = (address: string) => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
  const [localPort, peerPort] = [portOf(local), portOf(peer)];
  const [txBytes = 0, rxBytes = 0] = queues.split(':').map((hex) => Number.parseInt(hex, 16));
  return { local, localPort, peerPort, state, txBytes, rxBytes, inode: Number(inode) };
}

/** The kernel writes each 32 bits of an address in the order of its own bytes: 0100007F:07D0 is 127.0.0.1:2000. */
function readable(local: string): string {
  const [host = '', port = ''] = local.split(':');
  const bytes = host.match(/.{8}/g)?.flatMap((word) => word.match(/../g)?.reverse() ?? []) ?? [];
  const number = Number.parseInt(port, 16);
  if (bytes.length === 4) return `${bytes.map((byte) => Number.parseInt(byte, 16)).join('.')}:${number}`;
  const groups = bytes.join('').match(/.{4}/g) ?? [];
  return `${new URL(`http://[${groups.join(':')}]`).hostname}:${number}`;
}

function thread(folder: string, tid: number, arch: string, rows: readonly TcpRow[]): ServerThread {
  const [first = '', argument = ''] = attempt(() => readProcFile(`${folder}/task/${tid}/syscall`), '')
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

function descriptors(folder: string): string[] {
  return attempt(() => readdirSync(`${folder}/fd`), []);
}

/** -1 if the descriptor is no socket or is closed. */
function socketInode(folder: string, fd: string): number {
  const target = attempt(() => readlinkSync(`${folder}/fd/${fd}`), '');
  return Number(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? -1);
}

/** For files that can disappear while they are read, or belong to another user. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
