// Names of the system calls in which a server's thread may wait, by their numbers (asm/unistd.h), for the processors on which
// Node.js runs on Linux.

/** System calls that wait for one descriptor, their first argument. */
export const ON_DESCRIPTOR = new Map<string, ReadonlyMap<number, string>>([
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
export const OTHER_CALLS = new Map<string, ReadonlyMap<number, string>>([
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
