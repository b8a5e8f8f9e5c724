// The socket calls of the I/O models: they block, poll and wait as the tutorial's programs do. "Not now" and the end of
// the stream are results; everything else that goes wrong is a SystemError.

import { constants } from 'node:os';
import type { Address } from '../address.js';
import { bindings } from './bindings.js';
import {
  F_SETFL,
  type KeepAlive,
  O_NONBLOCK,
  prepareConnection,
  SO_REUSEADDR,
  SOL_SOCKET,
  setKeepAlive,
  setNonblocking,
  setOption,
  setResetOnClose,
} from './socket-options.js';
import { decodeAddress, encodeAddress, family, MACOS, Message, PollList, SOCKADDR_BYTES } from './structs.js';
import { attempt, EAGAIN, SystemError, wouldBlock } from './system-call.js';

export { EAGAIN, type Message, PollList, SystemError };

/** The outcome of accept "not before something is closed": no descriptor, or no memory, for one connection more. */
export const NO_RESOURCES = -2;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

/** The events of poll(2). */
export const POLLIN = 0x001;
export const POLLOUT = 0x004;
/** In a poll list: skipped. */
export const IGNORED_FD = -1;

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000; // Linux, as accept4 takes it
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = MACOS ? 0 : 0x4000;

const { EINTR, ENOTCONN } = constants.errno;
const OUT_OF_RESOURCES = errnos('EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM');
/** The connection that waited is gone; accept(2) of Linux passes on its error. */
const GONE = errnos(
  'EINTR',
  'ECONNABORTED',
  'EPROTO',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENOPROTOOPT',
);

const sockaddr = Buffer.alloc(SOCKADDR_BYTES);
const sockaddrLength = Buffer.alloc(4);
const singleFd = new PollList(1);

export interface Accepted {
  readonly fd: number;
  readonly remote: Address;
}

export interface AcceptFlags {
  readonly nonblocking: boolean;
  readonly nagle: boolean;
  readonly keepAlive: KeepAlive;
}

/**
 * A nonblocking listening socket.
 * @param host a numeric address
 * @param backlog how many connections may wait to be accepted
 */
export function listen({ host, port }: Address, backlog: number): number {
  return createSocket(host, (fd) => {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    setNonblocking(fd);
    const address = sockaddrOf(host, port);
    attempt('bind', () => bindings().bind(fd, address, address.length));
    attempt('listen', () => bindings().listen(fd, backlog));
  });
}

/** Makes an inherited listening socket like one of `listen`. */
export function adopt(fd: number): number {
  setNonblocking(fd);
  return fd;
}

/** A socket of the host's address family, after `prepare`; closed again if that throws. */
export function createSocket(host: string, prepare: (fd: number) => void): number {
  const type = SOCK_STREAM | (MACOS ? 0 : SOCK_CLOEXEC);
  const fd = attempt('socket', () => bindings().socket(family(host), type, 0));
  try {
    prepare(fd);
    return fd;
  } catch (error) {
    bindings().close(fd);
    throw error;
  }
}

/** The bytes of an address, which may end in the interface that it belongs to: fe80::1%eth0, or fe80::1%2. */
export function sockaddrOf(host: string, port: number): Buffer {
  const [address = '', zone] = host.split('%');
  if (zone === undefined) return encodeAddress(address, port);
  const scope = /^\d+$/.test(zone) ? Number(zone) : bindings().if_nametoindex(zone);
  if (scope === 0) throw new SystemError('if_nametoindex', constants.errno.ENODEV);
  return encodeAddress(address, port, scope);
}

/** Takes a connection that waits; EAGAIN when none does, NO_RESOURCES when there is no descriptor for it. */
export function accept(listener: number, flags: AcceptFlags): Accepted | typeof EAGAIN | typeof NO_RESOURCES {
  for (;;) {
    const fd = acceptOnce(listener, flags.nonblocking);
    if (fd >= 0) {
      const remote = decodeAddress(sockaddr);
      prepareConnection(fd, flags);
      setKeepAlive(fd, flags.keepAlive);
      return { fd, remote };
    }
    const errno = bindings().errno();
    if (errno === constants.errno.EAGAIN) return EAGAIN;
    if (OUT_OF_RESOURCES.has(errno)) return NO_RESOURCES;
    if (!GONE.has(errno)) throw new SystemError('accept', errno);
  }
}

/** Afterwards the peer's address is in `sockaddr`. */
function acceptOnce(listener: number, nonblocking: boolean): number {
  const { accept, accept4, fcntl } = bindings();
  sockaddrLength.writeUInt32LE(SOCKADDR_BYTES);
  if (accept4 !== undefined) {
    return accept4(listener, sockaddr, sockaddrLength, SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0));
  }
  const fd = accept(listener, sockaddr, sockaddrLength);
  if (fd >= 0) fcntl(fd, F_SETFL, 'int', nonblocking ? O_NONBLOCK : 0); // it has inherited the listener's
  return fd;
}

/** How many bytes are now in the buffer; 0 at the end of the stream; EAGAIN if a nonblocking socket has none. */
export function recv(fd: number, buffer: Uint8Array): number {
  // Each letter costs one recv and one send, so these two create no closure for `attempt`.
  for (;;) {
    const length = bindings().recv(fd, buffer, buffer.length, 0);
    if (length >= 0) return length;
    if (wouldBlock('recv')) return EAGAIN;
  }
}

/** How many of the bytes the kernel has taken; EAGAIN if a nonblocking socket has no room. */
export function send(fd: number, bytes: Uint8Array): number {
  for (;;) {
    const length = bindings().send(fd, bytes, bytes.length, MSG_NOSIGNAL);
    if (length >= 0) return length;
    if (wouldBlock('send')) return EAGAIN;
  }
}

/** The same for bytes in several places. */
export function sendmsg(fd: number, message: Message): number {
  for (;;) {
    const length = bindings().sendmsg(fd, message.address, MSG_NOSIGNAL);
    if (length >= 0) return length;
    if (wouldBlock('sendmsg')) return EAGAIN;
  }
}

/** An empty message with room for this many places in memory. */
export function createMessage(capacity: number): Message {
  return new Message(capacity, bindings().address);
}

/** The address of a piece of memory. It stays the same as long as the memory is referenced. */
export function addressOf(memory: ArrayBufferView): number {
  return bindings().address(memory);
}

/** Sleeps until one of the first `count` of a list is ready, at most `timeoutMs` milliseconds (-1: without limit). */
export function poll(list: PollList, count: number, timeoutMs: number): number {
  return attempt('poll', () => bindings().poll(list.bytes, count, timeoutMs));
}

/** Whether a connection is over in both directions, as after a reset: poll always reports POLLHUP and POLLERR. */
export function hungUp(fd: number): boolean {
  singleFd.set(0, fd, 0);
  return poll(singleFd, 1, 0) > 0;
}

/** Also wakes a thread that sleeps on the socket. No error if the peer has already disconnected. */
export function shutdown(fd: number, how: number): void {
  if (bindings().shutdown(fd, how) >= 0) return;
  const errno = bindings().errno();
  if (errno !== ENOTCONN) throw new SystemError('shutdown', errno);
}

/** Ends a connection with a reset: unsent data is discarded. The descriptor is still to be closed. */
export function reset(fd: number): void {
  setResetOnClose(fd);
  shutdown(fd, SHUT_RDWR);
}

export function close(fd: number): void {
  const errno = bindings().close(fd) < 0 ? bindings().errno() : EINTR;
  if (errno !== EINTR) throw new SystemError('close', errno); // after EINTR it is closed all the same (close(2))
}

/** Our own end of a socket. */
export function localAddress(fd: number): Address {
  sockaddrLength.writeUInt32LE(SOCKADDR_BYTES);
  attempt('getsockname', () => bindings().getsockname(fd, sockaddr, sockaddrLength));
  return decodeAddress(sockaddr);
}

function errnos(...codes: Array<keyof typeof constants.errno>): ReadonlySet<number> {
  return new Set(codes.map((code) => constants.errno[code]));
}
