// Which clients are admitted: how many at a time, from which networks, and as far as the process has file descriptors.

import { readFileSync } from 'node:fs';
import type { DropArgument, Server, Socket } from 'node:net';
import { type Address, socketAddress } from '../../shared/address.js';
import { plural } from '../../shared/numbers.js';
import type { RejectionCause } from '../log/events.js';
import type { Log } from '../log/log.js';
import { IpAllowList } from './ip-allow-list.js';
import { socketFd } from './socket-fd.js';

export interface AdmissionOptions {
  /** Further clients are rejected. */
  readonly maxConnections: number;
  /** Networks such as 10.0.0.0/8 whose addresses are admitted; none: all addresses. */
  readonly allow: readonly string[];
}

/** Descriptors that are kept for everything but clients. */
const SPARE_DESCRIPTORS = 64;

/**
 * With fewer free descriptors than this, a client is rejected. At the limit itself libuv resets connections without a
 * callback, so they could not be counted.
 */
const RESERVED_DESCRIPTORS = 8;

/** How long not to accept after accept(2) has failed for want of descriptors; the listening socket stays readable. */
export const ACCEPT_BACKOFF_MS = 100;

/**
 * How many clients the process has descriptors for.
 * @param perClient descriptors that each client takes
 */
export function clampToFdLimit(
  maxConnections: number,
  perClient: number,
  descriptors = descriptorLimit(),
): number {
  return Math.min(maxConnections, Math.max(1, Math.floor((descriptors - SPARE_DESCRIPTORS) / perClient)));
}

/** Why a client is not admitted: the kind of reason, and the reason in words. */
export interface Rejection {
  readonly cause: RejectionCause;
  readonly reason: string;
}

const NOT_ALLOWED: Rejection = { cause: 'address', reason: 'its address is in no allowed network' };
const NO_DESCRIPTOR: Rejection = {
  cause: 'descriptors',
  reason: 'no file descriptor is free (see ulimit -n)',
};

/** The rule of admission, for every I/O model. */
export class Admission {
  readonly #maxConnections: number;
  /** undefined: all addresses. */
  readonly #allowed: IpAllowList | undefined;

  constructor({ maxConnections, allow }: AdmissionOptions) {
    this.#maxConnections = maxConnections;
    if (allow.length > 0) this.#allowed = new IpAllowList(allow);
  }

  /** Why a client is not admitted, given the number of connected clients; undefined: it is admitted. */
  rejection({ host }: Address, connected: number): Rejection | undefined {
    if (this.#allowed?.include(host) === false) return NOT_ALLOWED;
    if (connected < this.#maxConnections) return undefined;
    return { cause: 'full', reason: serverFull(this.#maxConnections) };
  }
}

/** Why a client is rejected when the server is full. */
export function serverFull(maxConnections: number): string {
  return `the maximum of ${plural(maxConnections, 'client')} is reached`;
}

/** Makes a connection secure, or drops it. */
export interface Handshaker {
  handshake(socket: Socket, accept: (secure: Socket) => void): void;
}

/** On node:net: hands admitted sockets to `accept`; closes, counts and logs the others. */
export function admit(
  listener: Server,
  { log, tls, ...options }: AdmissionOptions & { readonly log: Log; readonly tls?: Handshaker | undefined },
  accept: (socket: Socket) => void,
): void {
  const admission = new Admission(options);
  const highestFd = descriptorLimit() - RESERVED_DESCRIPTORS;
  const rejected = (peer: Socket | DropArgument | undefined, connected: number, fd = 0): boolean => {
    const remote = socketAddress(peer?.remoteAddress, peer?.remotePort);
    const full = fd < highestFd ? undefined : NO_DESCRIPTOR;
    const rejection = admission.rejection(remote, connected) ?? full; // the kernel gives the lowest free descriptor
    if (rejection !== undefined) log.record({ type: 'rejected', remote, ...rejection });
    return rejection !== undefined;
  };
  listener.maxConnections = options.maxConnections; // node:net closes further ones before it makes a Socket
  listener.on('drop', (peer) => rejected(peer, options.maxConnections));
  listener.on('connection', (socket) => {
    if (rejected(socket, 0, socketFd(socket))) socket.destroy();
    else if (tls === undefined) accept(socket);
    else tls.handshake(socket, (secure) => (listener.listening ? accept(secure) : secure.destroy()));
  });
}

/** The soft limit on open files (Node.js has raised it to the hard limit); Infinity where it is unknown. */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
