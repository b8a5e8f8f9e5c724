// The TCP sockets of processes, from /proc/PID/net/tcp and /proc/PID/fd (proc(5)): which process listens where, and the queues
// of each connection. What cannot be read is not there.

import { readdirSync, readlinkSync } from 'node:fs';
import { type Address, formatAddress, unmapped } from './address.js';
import { readOr, readProcFile } from './procfs.js';

/** The state of a listening socket in net/tcp (include/net/tcp_states.h). */
export const LISTEN = '0A';
/** How an IPv4-mapped IPv6 address begins (RFC 4291 section 2.5.5.2). */
const MAPPED = '00000000000000000000FFFF';

export interface TcpRow {
  /** The server's address, as the kernel writes it. */
  readonly local: string;
  readonly localPort: number;
  /** The client's address, in the same form. */
  readonly peer: string;
  readonly peerPort: number;
  readonly state: string;
  /** Written and not yet acknowledged. */
  readonly txBytes: number;
  /** Of a listener: the length of the accept queue. A connection: received and not yet read. */
  readonly rxBytes: number;
  /** 0 until the connection is accepted. */
  readonly inode: number;
}

/** The first of these processes that listens on the port; undefined if none does or /proc cannot be read. */
export function findListener(port: number, pids: readonly number[], root = '/proc'): number | undefined {
  return pids.find((pid) => listeningPorts(pid, port, root).length > 0);
}

/**
 * The ports on which a process listens; none if /proc cannot be read.
 * @param port look for this one only
 */
export function listeningPorts(pid: number, port: number | undefined, root = '/proc'): number[] {
  return listeners(`${root}/${pid}`, port).map(({ localPort }) => localPort);
}

/** The addresses on which these processes listen: `127.0.0.1:2000`, `[::]:2000`; none without /proc. */
export function listeningAddresses(
  pids: readonly number[],
): ReadonlyArray<{ readonly pid: number; readonly address: string }> {
  return pids.flatMap((pid) =>
    listeners(`/proc/${pid}`, undefined).map(({ local }) => ({ pid, address: readable(local) })),
  );
}

/** What finds a connection of this process by both of its addresses; nothing without /proc. @param port the local one */
export function connectionFinder(port: number): (local: Address, remote: Address) => TcpRow | undefined {
  const keyOf = (local: string, peer: string) => `${local} ${peer}`;
  const rows = readOr(() => tcpRows('/proc/self', port), []);
  const byKey = new Map(rows.map((row) => [keyOf(readable(row.local), readable(row.peer)), row]));
  const plain = ({ host, port }: Address) => formatAddress({ host: unmapped(host), port });
  return (local, remote) => byKey.get(keyOf(plain(local), plain(remote)));
}

/**
 * The sockets on a local port in the network namespace of a process, IPv4 and IPv6. Busy machines have thousands of others.
 * @param port undefined: of all ports
 */
export function tcpRows(folder: string, port: number | undefined): TcpRow[] {
  const hex = port?.toString(16).toUpperCase().padStart(4, '0') ?? '[0-9A-F]{4}';
  const local = new RegExp(`^ *\\d+: [0-9A-F]+:${hex} .*$`, 'gm');
  const tables = [readProcFile(`${folder}/net/tcp`), readOr(() => readProcFile(`${folder}/net/tcp6`), '')];
  return tables.flatMap((table) => table.match(local) ?? []).map(tcpRow);
}

function tcpRow(line: string): TcpRow {
  const [, local = '', peer = '', state = '', queues = '', , , , , inode] = line.trim().split(/\s+/);
  const portOf = (address: string) => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
  const [localPort, peerPort] = [portOf(local), portOf(peer)];
  const [txBytes = 0, rxBytes = 0] = queues.split(':').map((hex) => Number.parseInt(hex, 16));
  return { local, localPort, peer, peerPort, state, txBytes, rxBytes, inode: Number(inode) };
}

/** The listening sockets that a process holds; tcpRows has those of its whole network namespace. */
function listeners(folder: string, port: number | undefined): TcpRow[] {
  const rows = readOr(() => tcpRows(folder, port), []).filter(({ state }) => state === LISTEN);
  if (rows.length === 0) return [];
  const descriptors = readOr(() => readdirSync(`${folder}/fd`), []);
  const inodes = new Set(descriptors.map((fd) => socketInode(folder, fd)));
  return rows.filter(({ inode }) => inodes.has(inode));
}

/** -1 if the descriptor is no socket or is closed. */
export function socketInode(folder: string, fd: string): number {
  const target = readOr(() => readlinkSync(`${folder}/fd/${fd}`), '');
  return Number(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? -1);
}

/**
 * The kernel writes each 32 bits of an address in the order of its own bytes: 0100007F:07D0 is 127.0.0.1:2000. An IPv4-mapped
 * address is shown as IPv4.
 */
function readable(local: string): string {
  const [host = '', port = ''] = local.split(':');
  const bytes = host.match(/.{8}/g)?.flatMap((word) => word.match(/../g)?.reverse() ?? []) ?? [];
  const number = Number.parseInt(port, 16);
  if (bytes.length === 4 || bytes.slice(0, 12).join('') === MAPPED) {
    const numbers = bytes.slice(-4).map((byte) => Number.parseInt(byte, 16));
    return `${numbers.join('.')}:${number}`;
  }
  const groups = bytes.join('').match(/.{4}/g) ?? [];
  return `${new URL(`http://[${groups.join(':')}]`).hostname}:${number}`;
}
