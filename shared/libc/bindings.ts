// The C functions that this project calls, bound through koffi at the first use; nothing else knows koffi. A wrong
// prototype would crash the process, so each function has its signature from the Linux manual.
//
// Linux on x86-64 and arm64 with glibc. The macOS branches follow its headers and were not run.

import { createRequire } from 'node:module';
import { OperationalError } from '../errors.js';
import { MACOS } from './structs.js';

type Bindings = ReturnType<typeof bind>;
let bound: Bindings | undefined;

/**
 * The functions. They return -1 when they fail; `errno` then says why.
 * @throws OperationalError where koffi is not installed or the system is another
 */
export function bindings(): Bindings {
  bound ??= bind();
  return bound;
}

function bind() {
  const koffi = loadKoffi();
  const libc = koffi.load(null);
  koffi.alias('ssize_t', 'long');
  koffi.alias('socklen_t', 'uint32_t');
  koffi.alias('nfds_t', MACOS ? 'unsigned int' : 'unsigned long');
  const linux = (prototype: string) => (MACOS ? undefined : libc.func(prototype));
  /** For system calls of Linux that glibc has no function for. */
  const systemCall = (number: number, ...types: string[]) => {
    const call = MACOS ? undefined : libc.func('syscall', 'long', ['long', ...types]);
    return call && ((...args: unknown[]): number => call(number, ...args));
  };
  return {
    errno: () => koffi.errno(),
    /** The address of a piece of memory for C. It stays the same as long as JavaScript references the memory. */
    address: (memory: ArrayBufferView): number => Number(koffi.address(memory)),
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    bind: libc.func('int bind(int fd, const void *address, socklen_t length)'),
    listen: libc.func('int listen(int fd, int backlog)'),
    accept: libc.func('int accept(int fd, void *address, void *length)'),
    accept4: linux('int accept4(int fd, void *address, void *length, int flags)'),
    connect: libc.func('int connect(int fd, const void *address, socklen_t length)'),
    recv: libc.func('ssize_t recv(int fd, void *buffer, size_t length, int flags)'),
    send: libc.func('ssize_t send(int fd, const void *buffer, size_t length, int flags)'),
    sendmsg: libc.func('ssize_t sendmsg(int fd, uintptr_t message, int flags)'),
    shutdown: libc.func('int shutdown(int fd, int how)'),
    close: libc.func('int close(int fd)'),
    setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, socklen_t length)'),
    getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)'),
    getsockname: libc.func('int getsockname(int fd, void *address, void *length)'),
    if_nametoindex: libc.func('unsigned int if_nametoindex(const char *name)'),
    fcntl: libc.func('int fcntl(int fd, int command, ...)'), // variadic: arm64 macOS passes the third differently
    poll: libc.func('int poll(void *fds, nfds_t count, int timeout)'),
    ppoll: linux('int ppoll(void *fds, nfds_t count, const void *timeout, const void *signals)'),
    epoll_create1: linux('int epoll_create1(int flags)'),
    epoll_ctl: linux('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
    epoll_wait: linux('int epoll_wait(int epoll, void *events, int capacity, int timeout)'),
    prctl: linux('int prctl(int option, ...)'),
    mmap: libc.func(
      'void *mmap(uintptr_t address, size_t length, int protection, int flags, int fd, long offset)',
    ),
    munmap: libc.func('int munmap(void *address, size_t length)'),
    /** Memory at an address from mmap. */
    view: (address: bigint, length: number): ArrayBuffer => koffi.view(address, length),
    io_uring_setup: systemCall(425, 'uint32_t', 'void *'),
    io_uring_enter: systemCall(426, 'int', 'uint32_t', 'uint32_t', 'uint32_t', 'uintptr_t', 'size_t'),
    io_uring_register: systemCall(427, 'int', 'uint32_t', 'void *', 'uint32_t'),
  };
}

function loadKoffi(): typeof import('koffi') {
  if (!MACOS && process.platform !== 'linux') {
    throw new OperationalError('ENOSYS', `only the I/O model events works on ${process.platform}`);
  }
  try {
    return createRequire(import.meta.url)('koffi');
  } catch (error) {
    const message = 'without the package koffi only the I/O model events works; npm install koffi';
    throw new OperationalError('ENOSYS', message, error);
  }
}
