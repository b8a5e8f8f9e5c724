// setsockopt(2), getsockopt(2) and fcntl(2) for TCP sockets, with the numbers of Linux and macOS (socket(7), tcp(7)).

import { bindings } from './bindings.js';
import { MACOS } from './structs.js';
import { attempt, SystemError } from './system-call.js';

export const SOL_SOCKET = MACOS ? 0xffff : 1;
export const SO_REUSEADDR = MACOS ? 4 : 2;
export const SO_RCVBUF = MACOS ? 0x1002 : 8;
const SO_ERROR = MACOS ? 0x1007 : 4;
const SO_LINGER = MACOS ? 0x1080 : 13; // macOS: SO_LINGER_SEC, its SO_LINGER counts in ticks
const SO_NOSIGPIPE = 0x1022; // macOS; Linux has MSG_NOSIGNAL
const SO_KEEPALIVE = MACOS ? 8 : 9;
export const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
const TCP_KEEPIDLE = MACOS ? 0x10 : 4;
const TCP_KEEPINTVL = MACOS ? 0x101 : 5;
const TCP_KEEPCNT = MACOS ? 0x102 : 6;
export const F_SETFL = 4;
export const O_NONBLOCK = MACOS ? 0x0004 : 0o4000;

/** When to probe a silent peer (tcp(7), TCP_KEEPIDLE and the two after it). */
export interface KeepAlive {
  /** Seconds of silence before the first probe, and between probes. */
  readonly idle: number;
  readonly interval: number;
  /** After this many probes without an answer the connection is broken. */
  readonly probes: number;
}

/** @param values one int, or two for the few options that take a struct of two */
export function setOption(fd: number, level: number, name: number, ...values: number[]): void {
  const bytes = Int32Array.from(values);
  attempt('setsockopt', () => bindings().setsockopt(fd, level, name, bytes, bytes.byteLength));
}

/** What every connected socket needs: TCP_NODELAY unless `nagle`, and no SIGPIPE. */
export function prepareConnection(fd: number, { nagle }: { readonly nagle: boolean }): void {
  if (!nagle) setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (MACOS) setOption(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
}

export function setKeepAlive(fd: number, { idle, interval, probes }: KeepAlive): void {
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
  setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval);
  setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, probes);
}

export function setNonblocking(fd: number): void {
  attempt('fcntl', () => bindings().fcntl(fd, F_SETFL, 'int', O_NONBLOCK));
}

/** The connection will end with a reset, and unsent data is discarded. */
export function setResetOnClose(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_LINGER, 1, 0);
}

/** @throws SystemError with what went wrong on the socket since the last call */
export function throwPendingError(fd: number, call: string): void {
  const errno = new Int32Array(1);
  getOption(fd, SOL_SOCKET, SO_ERROR, errno);
  if (errno[0] !== 0) throw new SystemError(call, errno[0] as number);
}

export function getOption(fd: number, level: number, name: number, value: NodeJS.TypedArray): void {
  const length = Uint32Array.of(value.byteLength);
  attempt('getsockopt', () => bindings().getsockopt(fd, level, name, value, length));
}
