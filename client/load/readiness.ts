// Who is ready, asked of the kernel: with epoll(7) on Linux, whose cost follows the ready, and elsewhere with poll(2),
// whose cost follows the watched. Both sleep to the microsecond, since an open loop keeps time by that.

import { IGNORED_FD, libc, POLLIN } from '../../shared/libc/libc.js';
import { EpollList, PollList } from '../../shared/libc/structs.js';

export interface Readiness {
  /** Watches a socket under a number of our own. */
  set(number: number, fd: number, events: number): void;
  /** The socket with this number has been closed; the number is free. */
  forget(number: number): void;
  /** Sleeps until one is ready or so many milliseconds have passed, and visits those that are; how many these were. */
  turn(ms: number, visit: (number: number) => void): number;
  close(): void;
}

/** A sleep that may take longer is epoll's own, which counts in milliseconds and spares two calls of the system. */
const COARSE_SLEEP_MS = 10;
/** So many ready sockets are told at a time. */
const READY_CAPACITY = 512;
/** So that no sleep is longer than poll can count. */
const LONGEST_SLEEP_MS = 60_000;

/** @param capacity how many sockets, numbered from 0 */
export function openReadiness(capacity: number): Readiness {
  const epoll = libc().epoll();
  return epoll === undefined ? new PollWatch(capacity) : new EpollWatch(epoll, capacity);
}

class EpollWatch implements Readiness {
  readonly #epoll: number;
  readonly #events: Int32Array;
  readonly #ready = new EpollList(READY_CAPACITY);
  /** The epoll descriptor itself, which is readable when one of the sockets is ready. */
  readonly #self = new PollList(1);

  constructor(epoll: number, capacity: number) {
    this.#epoll = epoll;
    this.#events = new Int32Array(capacity);
    this.#self.set(0, epoll, POLLIN);
  }

  set(number: number, fd: number, events: number): void {
    const before = this.#events[number];
    if (before === events) return;
    libc().epollSet(this.#epoll, fd, events, number, before !== 0);
    this.#events[number] = events;
  }

  forget(number: number): void {
    this.#events[number] = 0; // a closed descriptor leaves epoll by itself
  }

  turn(ms: number, visit: (number: number) => void): number {
    const coarse = ms < COARSE_SLEEP_MS ? 0 : Math.floor(Math.min(ms, LONGEST_SLEEP_MS));
    let count = libc().epollWait(this.#epoll, this.#ready, coarse);
    if (count === 0 && coarse === 0 && ms > 0) {
      libc().ppoll(this.#self, 1, Math.min(ms, LONGEST_SLEEP_MS));
      count = libc().epollWait(this.#epoll, this.#ready, 0);
    }
    for (let at = 0; at < count; at += 1) visit(this.#ready.data(at));
    return count;
  }

  close(): void {
    libc().close(this.#epoll);
  }
}

/** For systems without epoll. */
export class PollWatch implements Readiness {
  readonly #list: PollList;

  constructor(capacity: number) {
    this.#list = new PollList(capacity);
    for (let at = 0; at < capacity; at += 1) this.#list.set(at, IGNORED_FD, 0);
  }

  set(number: number, fd: number, events: number): void {
    this.#list.set(number, fd, events);
  }

  forget(number: number): void {
    this.#list.set(number, IGNORED_FD, 0);
  }

  turn(ms: number, visit: (number: number) => void): number {
    const count = libc().ppoll(this.#list, this.#list.capacity, Math.max(0, Math.min(ms, LONGEST_SLEEP_MS)));
    for (let at = 0, left = count; left > 0; at += 1) {
      if (!this.#list.ready(at)) continue;
      left -= 1;
      visit(at);
    }
    return count;
  }

  close(): void {}
}
