// The calls that only programs which load a server make, beside those of sockets.ts: they open connections, wait for
// thousands of them with epoll(7), and keep time to the microsecond.

import { constants } from 'node:os';
import type { Address } from '../address.js';
import { bindings } from './bindings.js';
import {
  IPPROTO_TCP,
  prepareConnection,
  SO_RCVBUF,
  SOL_SOCKET,
  setNonblocking,
  setOption,
  setResetOnClose,
  TCP_MAXSEG,
  throwPendingError,
} from './socket-options.js';
import { close, createSocket, poll, sockaddrOf } from './sockets.js';
import { EpollList, type PollList } from './structs.js';
import { attempt, SystemError } from './system-call.js';

export * from './sockets.js';
export { EpollList };

// Linux, as all of epoll(7) and prctl(2); the events of epoll have the values of poll's.
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_MOD = 3;
const EPOLL_CLOEXEC = 0o2000000;
const PR_SET_TIMERSLACK = 29;

/** A struct timespec: seconds and nanoseconds, each a long. */
const timespec = new BigInt64Array(2);

export interface TcpOptions {
  readonly nagle: boolean;
  /** Bytes that the kernel keeps until we read them; without: its default. */
  readonly receiveBuffer?: number;
  /** The largest segment in bytes; without: what the path allows, which is 64 KiB on loopback. */
  readonly maxSegment?: number;
}

/**
 * Begins to connect a nonblocking socket: it has connected, or failed, once it is writable.
 * @param host a numeric address
 */
export function connect({ host, port }: Address, options: TcpOptions): number {
  const { receiveBuffer, maxSegment } = options;
  return createSocket(host, (fd) => {
    setNonblocking(fd);
    prepareConnection(fd, options);
    if (receiveBuffer !== undefined) setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
    if (maxSegment !== undefined) setOption(fd, IPPROTO_TCP, TCP_MAXSEG, maxSegment);
    const address = sockaddrOf(host, port);
    const { connect, errno } = bindings();
    if (connect(fd, address, address.length) < 0 && errno() !== constants.errno.EINPROGRESS) {
      throw new SystemError('connect', errno());
    }
  });
}

/** To be called once poll has found the socket writable. @throws SystemError if the connect has failed */
export function connected(fd: number): void {
  throwPendingError(fd, 'connect');
}

/** Closes a connection with a reset: unread and unsent data is discarded, on both sides. */
export function abort(fd: number): void {
  setResetOnClose(fd);
  close(fd);
}

/** Like poll, for times below a millisecond, which macOS rounds up. */
export function ppoll(list: PollList, count: number, timeoutMs: number): number {
  const { ppoll } = bindings();
  if (ppoll === undefined) return poll(list, count, Math.ceil(timeoutMs));
  const nanoseconds = Math.round(timeoutMs * 1e6);
  timespec[0] = BigInt(Math.floor(nanoseconds / 1e9));
  timespec[1] = BigInt(nanoseconds % 1e9);
  return attempt('ppoll', () => ppoll(list.bytes, count, timespec, null));
}

/** A descriptor for epollSet and epollWait; undefined where the system has no epoll. */
export function epoll(): number | undefined {
  const { epoll_create1 } = bindings();
  return epoll_create1 && attempt('epoll_create1', () => epoll_create1(EPOLL_CLOEXEC));
}

/** Registers a socket with epoll under a number of our own, or changes the events it is registered for. */
export function epollSet(epoll: number, fd: number, events: number, data: number, known: boolean): void {
  const { epoll_ctl } = bindings();
  const event = new EpollList(1);
  event.set(0, events, data);
  const operation = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  attempt('epoll_ctl', () => epoll_ctl?.(epoll, operation, fd, event.bytes));
}

/** Like poll, for the registered sockets: those that are ready stand at the head of the list. */
export function epollWait(epoll: number, list: EpollList, timeoutMs: number): number {
  const { epoll_wait } = bindings();
  return attempt('epoll_wait', () => epoll_wait?.(epoll, list.bytes, list.capacity, timeoutMs));
}

/** Lets this thread's sleeps end on time; Linux otherwise adds up to 50 microseconds to save power (prctl(2)). */
export function disableTimerSlack(): void {
  const { prctl } = bindings();
  if (prctl !== undefined) attempt('prctl', () => prctl(PR_SET_TIMERSLACK, 'unsigned long', 1));
}
