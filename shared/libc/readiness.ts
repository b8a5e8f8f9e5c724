// Which sockets are ready, without the caller knowing how: epoll(7) on Linux, whose cost follows the ready ones, elsewhere
// poll(2), whose cost follows the watched ones. Both sleep to the microsecond, since an open loop sends by the clock.

import * as libc from './load-calls.js';

type Service = (number: number) => void;

export interface Readiness {
  /** Watches a socket, under a number of our own, for these events; for none once it is closed. */
  set(number: number, fd: number, events: number): void;
  /** Waits until a socket is ready, at most this long, and services those that are; how many these were. */
  wait(ms: number, service: Service): number;
  close(): void;
}

/** A longer wait is epoll's own, which counts in milliseconds and saves two system calls. */
const COARSE_WAIT_MS = 10;
/** Ready sockets that one call reports. */
const READY_CAPACITY = 512;
/** So that no wait is longer than poll can count. */
const LONGEST_WAIT_MS = 60_000;

/** @param capacity how many sockets, numbered from 0 */
export function openReadiness(capacity: number): Readiness {
  const epoll = libc.epoll();
  return epoll === undefined ? new PollReadiness(capacity) : new EpollReadiness(epoll, capacity);
}

class EpollReadiness implements Readiness {
  readonly #epoll: number;
  readonly #events: Int32Array;
  readonly #ready = new libc.EpollList(READY_CAPACITY);
  /** The epoll descriptor itself, which is readable when one of the sockets is ready. */
  readonly #self = new libc.PollList(1);

  constructor(epoll: number, capacity: number) {
    this.#epoll = epoll;
    this.#events = new Int32Array(capacity);
    this.#self.set(0, epoll, libc.POLLIN);
  }

  set(number: number, fd: number, events: number): void {
    const before = this.#events[number];
    if (before === events) return;
    this.#events[number] = events;
    if (events !== 0) libc.epollSet(this.#epoll, fd, events, number, before !== 0); // a closed one leaves by itself
  }

  wait(ms: number, service: Service): number {
    const coarse = ms < COARSE_WAIT_MS ? 0 : Math.floor(Math.min(ms, LONGEST_WAIT_MS));
    let count = libc.epollWait(this.#epoll, this.#ready, coarse);
    if (count === 0 && coarse === 0 && ms > 0) {
      libc.ppoll(this.#self, 1, ms);
      count = libc.epollWait(this.#epoll, this.#ready, 0);
    }
    for (let at = 0; at < count; at += 1) service(this.#ready.data(at));
    return count;
  }

  close(): void {
    libc.close(this.#epoll);
  }
}

export class PollReadiness implements Readiness {
  readonly #list: libc.PollList;

  constructor(capacity: number) {
    this.#list = new libc.PollList(capacity);
    for (let at = 0; at < capacity; at += 1) this.#list.set(at, libc.IGNORED_FD, 0);
  }

  set(number: number, fd: number, events: number): void {
    this.#list.set(number, events === 0 ? libc.IGNORED_FD : fd, events);
  }

  wait(ms: number, service: Service): number {
    const count = libc.ppoll(this.#list, this.#list.capacity, Math.max(0, Math.min(ms, LONGEST_WAIT_MS)));
    for (let at = 0, left = count; left > 0; at += 1) {
      if (!this.#list.ready(at)) continue;
      left -= 1;
      service(at);
    }
    return count;
  }

  close(): void {}
}
