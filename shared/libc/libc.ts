// The few calls of libc that block, ask and wait the way the tutorial's programs do, and those that the laboratory's
// load drives servers with, through koffi; nothing else knows koffi. A wrong prototype would crash the process, so each
// call stands here with its C signature from the Linux manual. What a caller must reckon with (not yet, end of stream)
// is an outcome; everything else is a SystemError.
//
// Linux on x86-64 and arm64 with glibc. The macOS branches follow its headers and were not run.

import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type { Address } from '../address.js';
import { errnoName, OperationalError } from '../errors.js';
import {
  decodeAddress,
  EpollList,
  encodeAddress,
  family,
  MACOS,
  PollList,
  SOCKADDR_BYTES,
} from './structs.js';

/** The outcome "not now": nothing to read, no room to write, nobody to accept (EAGAIN; Python raises an exception). */
export const EAGAIN = -1;
/** The outcome of accept "not before something is closed": no descriptor, or no memory, for one connection more. */
export const NO_RESOURCES = -2;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

/** What poll(2) is asked for and answers. */
export const POLLIN = 0x001;
export const POLLOUT = 0x004;
/** In a poll list: passed over. */
export const IGNORED_FD = -1;

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000; // Linux, as accept4 takes it
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = MACOS ? 0xffff : 1;
const SO_REUSEADDR = MACOS ? 4 : 2;
const SO_ERROR = MACOS ? 0x1007 : 4;
const SO_RCVBUF = MACOS ? 0x1002 : 8;
const SO_LINGER = MACOS ? 0x1080 : 13; // macOS: SO_LINGER_SEC, its SO_LINGER counts in ticks
const SO_NOSIGPIPE = 0x1022; // macOS; Linux has MSG_NOSIGNAL
const SO_KEEPALIVE = MACOS ? 8 : 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_MAXSEG = 2;
const TCP_KEEPIDLE = MACOS ? 0x10 : 4;
const TCP_KEEPINTVL = MACOS ? 0x101 : 5;
const TCP_KEEPCNT = MACOS ? 0x102 : 6;
const TCP_INFO = 11; // Linux
/** Where struct tcp_info of linux/tcp.h has tcpi_unacked (u32), tcpi_bytes_acked (u64) and tcpi_notsent_bytes (u32), and up to there its length. */
const UNACKED_AT = 24;
const BYTES_ACKED_AT = 120;
const NOTSENT_BYTES_AT = 144;
const TCP_INFO_BYTES = 148;
const MSG_NOSIGNAL = MACOS ? 0 : 0x4000;
const PR_SET_TIMERSLACK = 29; // Linux
const EPOLL_CTL_ADD = 1; // Linux, as all of epoll(7); its events have the values of poll's
const EPOLL_CTL_MOD = 3;
const EPOLL_CLOEXEC = 0o2000000;
const F_SETFL = 4;
const O_NONBLOCK = MACOS ? 0x0004 : 0o4000;
/** A call of the system failed. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  /** ECONNRESET and the like. */
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call} ${code}`);
    this.code = code;
  }
}

/** What `connect` may be told besides the address. */
export interface ConnectOptions {
  readonly nagle: boolean;
  /** Bytes that the kernel keeps for us until we read them; without: as many as it likes. */
  readonly receiveBuffer?: number;
  /** The largest segment in bytes; without: what the way there allows, which is 64 KiB to one's own machine. */
  readonly maxSegment?: number;
}

export interface Accepted {
  readonly fd: number;
  readonly remote: Address;
}

/** When to ask a peer that says nothing whether it is there, as tcp(7) has it. */
export interface KeepAlive {
  /** Seconds of silence before the first question, and between questions. */
  readonly idle: number;
  readonly between: number;
  /** After so many without an answer the connection is broken. */
  readonly times: number;
}

export interface AcceptFlags {
  readonly nonblocking: boolean;
  readonly nagle: boolean;
  readonly keepAlive: KeepAlive;
}

type Libc = ReturnType<typeof bindings>;
let loaded: Libc | undefined;

/**
 * The calls, bound at the first use.
 * @throws OperationalError where koffi is not installed or the system is another
 */
export function libc(): Libc {
  loaded ??= bindings();
  return loaded;
}

function bindings() {
  const koffi = loadKoffi();
  const libc = koffi.load(null);
  koffi.alias('ssize_t', 'long');
  koffi.alias('socklen_t', 'uint32_t');
  koffi.alias('nfds_t', MACOS ? 'unsigned int' : 'unsigned long');

  const c = {
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    bind: libc.func('int bind(int fd, const void *address, socklen_t length)'),
    listen: libc.func('int listen(int fd, int backlog)'),
    accept4: MACOS ? undefined : libc.func('int accept4(int fd, void *address, void *length, int flags)'),
    connect: libc.func('int connect(int fd, const void *address, socklen_t length)'),
    accept: libc.func('int accept(int fd, void *address, void *length)'),
    recv: libc.func('ssize_t recv(int fd, void *buffer, size_t length, int flags)'),
    send: libc.func('ssize_t send(int fd, const void *buffer, size_t length, int flags)'),
    poll: libc.func('int poll(void *fds, nfds_t count, int timeout)'),
    ppoll: MACOS
      ? undefined
      : libc.func('int ppoll(void *fds, nfds_t count, const void *timeout, const void *signals)'),
    epoll_create1: MACOS ? undefined : libc.func('int epoll_create1(int flags)'),
    epoll_ctl: MACOS ? undefined : libc.func('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
    epoll_wait: MACOS
      ? undefined
      : libc.func('int epoll_wait(int epoll, void *events, int capacity, int timeout)'),
    prctl: MACOS ? undefined : libc.func('int prctl(int option, ...)'),
    shutdown: libc.func('int shutdown(int fd, int how)'),
    close: libc.func('int close(int fd)'),
    setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, socklen_t length)'),
    getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)'),
    getsockname: libc.func('int getsockname(int fd, void *address, void *length)'),
    if_nametoindex: libc.func('unsigned int if_nametoindex(const char *name)'),
    fcntl: libc.func('int fcntl(int fd, int command, ...)'), // variadic: arm64 macOS passes the third differently
  };
  const { EINTR, EAGAIN: NOT_YET, EINPROGRESS, ENOTCONN } = constants.errno;
  const NO_ROOM = errnos('EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM');
  // The connection that waited is gone; accept(2) of Linux hands on what happened to it.
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
  /** For calls about one descriptor. */
  const alone = new PollList(1);
  /** A struct timespec: seconds and nanoseconds, each a long. */
  const timespec = new BigInt64Array(2);

  /** Calls until no signal interrupts; the result, or EAGAIN, or a SystemError. */
  function attempt(name: string, call: () => number): number {
    for (;;) {
      const result = call();
      if (result >= 0) return result;
      if (notYet(name)) return EAGAIN;
    }
  }

  /** Whether a call that failed has to wait, and was not only interrupted; a SystemError for all else. */
  function notYet(name: string): boolean {
    const errno = koffi.errno();
    if (errno !== NOT_YET && errno !== EINTR) throw new SystemError(name, errno);
    return errno === NOT_YET;
  }

  /** The bytes of an address, which may end in the interface that it belongs to: fe80::1%eth0, or fe80::1%2. */
  function socketAddress(host: string, port: number): Buffer {
    const [address = '', zone] = host.split('%');
    if (zone === undefined) return encodeAddress(address, port);
    const scope = /^\d+$/.test(zone) ? Number(zone) : c.if_nametoindex(zone);
    if (scope === 0) throw new SystemError('if_nametoindex', constants.errno.ENODEV);
    return encodeAddress(address, port, scope);
  }

  /** A socket of the host's address family, made ready; closed again when that fails. */
  function openSocket(host: string, prepare: (fd: number) => void): number {
    const type = SOCK_STREAM | (MACOS ? 0 : SOCK_CLOEXEC);
    const fd = attempt('socket', () => c.socket(family(host), type, 0));
    try {
      prepare(fd);
      return fd;
    } catch (error) {
      c.close(fd);
      throw error;
    }
  }

  /** @param values one int, or two for the few options that take a struct of two */
  function setOption(fd: number, level: number, name: number, ...values: number[]): void {
    const bytes = Int32Array.from(values);
    attempt('setsockopt', () => c.setsockopt(fd, level, name, bytes, bytes.byteLength));
  }

  function setOptions(fd: number, { nagle, keepAlive }: AcceptFlags): void {
    if (!nagle) setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (MACOS) setOption(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
    setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepAlive.idle);
    setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepAlive.between);
    setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, keepAlive.times);
  }

  function setNonblocking(fd: number): void {
    attempt('fcntl', () => c.fcntl(fd, F_SETFL, 'int', O_NONBLOCK));
  }

  /** Bytes acknowledged and not sent yet, and segments under way; undefined where the system does not tell. */
  function tcpInfo(fd: number) {
    if (MACOS) return undefined;
    const info = Buffer.alloc(TCP_INFO_BYTES);
    const length = Uint32Array.of(info.length);
    attempt('getsockopt', () => c.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length));
    return {
      acknowledged: Number(info.readBigUInt64LE(BYTES_ACKED_AT)),
      notSent: info.readUInt32LE(NOTSENT_BYTES_AT),
      underWay: info.readUInt32LE(UNACKED_AT),
    };
  }

  /** The peer's address is in `sockaddr` afterwards. */
  function acceptOnce(listener: number, nonblocking: boolean): number {
    sockaddrLength.writeUInt32LE(SOCKADDR_BYTES);
    if (c.accept4 !== undefined) {
      return c.accept4(listener, sockaddr, sockaddrLength, SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0));
    }
    const fd = c.accept(listener, sockaddr, sockaddrLength);
    if (fd >= 0) c.fcntl(fd, F_SETFL, 'int', nonblocking ? O_NONBLOCK : 0); // it has inherited the listener's
    return fd;
  }

  return {
    /**
     * A listening socket that does not block: accept gives EAGAIN when nobody is there.
     * @param host a numeric address
     * @param backlog how many connections may wait to be accepted
     */
    listen({ host, port }: Address, backlog: number): number {
      return openSocket(host, (fd) => {
        setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        setNonblocking(fd);
        const address = socketAddress(host, port);
        attempt('bind', () => c.bind(fd, address, address.length));
        attempt('listen', () => c.listen(fd, backlog));
      });
    },

    /**
     * Begins to connect a socket that does not block: it has connected, or failed, once it can be written.
     * @param host a numeric address
     */
    connect({ host, port }: Address, options: ConnectOptions): number {
      const { nagle, receiveBuffer, maxSegment } = options;
      return openSocket(host, (fd) => {
        setNonblocking(fd);
        if (!nagle) setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        if (receiveBuffer !== undefined) setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
        if (maxSegment !== undefined) setOption(fd, IPPROTO_TCP, TCP_MAXSEG, maxSegment);
        if (MACOS) setOption(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
        const address = socketAddress(host, port);
        if (c.connect(fd, address, address.length) < 0 && koffi.errno() !== EINPROGRESS) {
          throw new SystemError('connect', koffi.errno());
        }
      });
    },

    /** What became of a connect, once poll has found the socket: a SystemError if it failed. */
    connected(fd: number): void {
      const errno = new Int32Array(1);
      sockaddrLength.writeUInt32LE(errno.byteLength);
      attempt('getsockopt', () => c.getsockopt(fd, SOL_SOCKET, SO_ERROR, errno, sockaddrLength));
      if (errno[0] !== 0) throw new SystemError('connect', errno[0] as number);
    },

    /** Takes a connection that waits; EAGAIN when none does, EMFILE when there is no descriptor for it. */
    accept(listener: number, flags: AcceptFlags): Accepted | typeof EAGAIN | typeof NO_RESOURCES {
      for (;;) {
        const fd = acceptOnce(listener, flags.nonblocking);
        if (fd >= 0) {
          const remote = decodeAddress(sockaddr);
          setOptions(fd, flags);
          return { fd, remote };
        }
        const errno = koffi.errno();
        if (errno === NOT_YET) return EAGAIN;
        if (NO_ROOM.has(errno)) return NO_RESOURCES;
        if (!GONE.has(errno)) throw new SystemError('accept', errno);
      }
    },

    /** How many bytes have come into the buffer; 0 at the end of the stream; EAGAIN if it would block and may not. */
    recv(fd: number, buffer: Uint8Array): number {
      // Each letter costs one of these and one send, so these two make no function for each call.
      for (;;) {
        const length = c.recv(fd, buffer, buffer.length, 0);
        if (length >= 0) return length;
        if (notYet('recv')) return EAGAIN;
      }
    },

    /** How many of the bytes the kernel has taken; EAGAIN if none and it may not block. */
    send(fd: number, bytes: Uint8Array): number {
      for (;;) {
        const length = c.send(fd, bytes, bytes.length, MSG_NOSIGNAL);
        if (length >= 0) return length;
        if (notYet('send')) return EAGAIN;
      }
    },

    /** Sleeps until one of the first `count` of a list is ready or so many milliseconds have passed (-1: for ever). */
    poll(list: PollList, count: number, timeoutMs: number): number {
      return attempt('poll', () => c.poll(list.bytes, count, timeoutMs));
    },

    /** The same for times below a millisecond, which macOS rounds up. */
    ppoll(list: PollList, count: number, timeoutMs: number): number {
      const { ppoll } = c;
      if (ppoll === undefined) return this.poll(list, count, Math.ceil(timeoutMs));
      const nanoseconds = Math.round(timeoutMs * 1e6);
      timespec[0] = BigInt(Math.floor(nanoseconds / 1e9));
      timespec[1] = BigInt(nanoseconds % 1e9);
      return attempt('ppoll', () => ppoll(list.bytes, count, timespec, null));
    },

    /** Whether a connection is over in both directions, as after a reset: POLLHUP and POLLERR need not be asked for. */
    hungUp(fd: number): boolean {
      alone.set(0, fd, 0);
      return this.poll(alone, 1, 0) > 0;
    },

    /** A descriptor for epollSet and epollWait; undefined where the system has no epoll. */
    epoll(): number | undefined {
      const { epoll_create1 } = c;
      return epoll_create1 && attempt('epoll_create1', () => epoll_create1(EPOLL_CLOEXEC));
    },

    /** Registers a socket with epoll, or changes what it is registered for, under a number of our own. */
    epollSet(epoll: number, fd: number, events: number, data: number, known: boolean): void {
      const { epoll_ctl } = c;
      const event = new EpollList(1);
      event.set(0, events, data);
      const operation = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
      attempt('epoll_ctl', () => epoll_ctl?.(epoll, operation, fd, event.bytes));
    },

    /** Like poll, for the registered sockets: those that are ready stand at the head of the list. */
    epollWait(epoll: number, list: EpollList, timeoutMs: number): number {
      const { epoll_wait } = c;
      return attempt('epoll_wait', () => epoll_wait?.(epoll, list.bytes, list.capacity, timeoutMs));
    },

    /** Lets this thread's sleeps end on time; Linux otherwise adds up to 50 microseconds to save power (prctl(2)). */
    disableTimerSlack(): void {
      const { prctl } = c;
      if (prctl !== undefined) attempt('prctl', () => prctl(PR_SET_TIMERSLACK, 'unsigned long', 1));
    },

    /** Also wakes a thread asleep on the socket. A peer that has gone already is no error. */
    shutdown(fd: number, how: number): void {
      if (c.shutdown(fd, how) >= 0) return;
      const errno = koffi.errno();
      if (errno !== ENOTCONN) throw new SystemError('shutdown', errno);
    },

    /** Ends a connection with a reset: what is not sent yet is thrown away. It is still to be closed. */
    reset(fd: number): void {
      setOption(fd, SOL_SOCKET, SO_LINGER, 1, 0);
      this.shutdown(fd, SHUT_RDWR);
    },

    /**
     * How many of the bytes handed to send the peer has acknowledged so far; undefined while the kernel keeps none back,
     * and where the system does not tell.
     */
    acknowledged(fd: number): number | undefined {
      const info = tcpInfo(fd);
      return info === undefined || info.notSent === 0 ? undefined : info.acknowledged;
    },

    /** The same, but undefined only when the peer has acknowledged everything. */
    delivering(fd: number): number | undefined {
      const info = tcpInfo(fd);
      return info === undefined || info.notSent + info.underWay === 0 ? undefined : info.acknowledged;
    },

    close(fd: number): void {
      const errno = c.close(fd) < 0 ? koffi.errno() : EINTR;
      if (errno !== EINTR) throw new SystemError('close', errno); // after EINTR it is closed all the same (close(2))
    },

    /** Closes a connection with a reset: what has not been read or sent is thrown away, on both sides. */
    abort(fd: number): void {
      setOption(fd, SOL_SOCKET, SO_LINGER, 1, 0);
      this.close(fd);
    },

    /** Our own end of a socket. */
    localAddress(fd: number): Address {
      sockaddrLength.writeUInt32LE(SOCKADDR_BYTES);
      attempt('getsockname', () => c.getsockname(fd, sockaddr, sockaddrLength));
      return decodeAddress(sockaddr);
    },
  };
}

function errnos(...codes: Array<keyof typeof constants.errno>): ReadonlySet<number> {
  return new Set(codes.map((code) => constants.errno[code]));
}

function loadKoffi(): typeof import('koffi') {
  if (!MACOS && process.platform !== 'linux') {
    throw new OperationalError('ENOSYS', `only --io events works on ${process.platform}`);
  }
  try {
    return createRequire(import.meta.url)('koffi');
  } catch (error) {
    throw new OperationalError(
      'ENOSYS',
      'without the package koffi only --io events works; npm install koffi',
      error,
    );
  }
}
