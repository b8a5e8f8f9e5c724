// A mutex in shared memory, on Atomics. A thread that finds it locked sleeps in the kernel (on a futex, as in a C program's
// pthread_mutex_lock) until it is unlocked.

const FREE = 0;
const LOCKED = 1;
/** Locked, and a thread may be asleep: unlock must wake one. */
const CONTENDED = 2;

export class Mutex {
  readonly #state: Int32Array;

  /** @param memory zeroed, at least 4 bytes, the same for all threads */
  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory, 0, 1);
  }

  lock(): void {
    if (Atomics.compareExchange(this.#state, 0, FREE, LOCKED) === FREE) return;
    while (Atomics.exchange(this.#state, 0, CONTENDED) !== FREE) Atomics.wait(this.#state, 0, CONTENDED);
  }

  unlock(): void {
    if (Atomics.exchange(this.#state, 0, FREE) === CONTENDED) Atomics.notify(this.#state, 0, 1);
  }
}
