// Shared memory between the main thread and the I/O threads. A thread that sleeps in a system call receives no message, so
// it announces on which descriptor it will sleep, and the main thread wakes it by shutting that descriptor down. Each side
// writes its own field before it reads the other's, so at least one of them sees the other's write.

/** For announceWait: not for any client in particular. */
export const NO_CLIENT = 0;

// Values of the field STATE.
const RUN = 0;
const STOP = 1;
const ABORT = 2;

/** The longest idle sleep while the server stops: replies are still to be sent. */
const STOPPING_SLEEP_MS = 1;

// Indexes of the fields.
const STATE = 0;
const FD = 1;
/** Negative while the thread sends to it. */
const CLIENT = 2;
const POLLS = 3;
const HITS = 4;
const THREADS = 5;
const HAND_OVER = 6;
const FIELDS = 7;

/** What an I/O thread does, and has done. */
export interface IoProgress {
  readonly client: number;
  readonly call: 'recv' | 'send';
  readonly polls: number;
  readonly hits: number;
}

export class ControlBlock {
  /** To be passed to the other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #fields: Int32Array;
  #hitsBefore = 0;

  constructor(memory = new SharedArrayBuffer(FIELDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#fields = new Int32Array(memory);
  }

  // --- for I/O threads ---

  /** Call before a send, or a poll, that may sleep. False: the server stops, do not sleep. */
  announceWait(client: number, fd: number): boolean {
    return this.#announce(-client, fd);
  }

  /** Call before a receive, which may sleep; the result is as of announceWait. */
  countPoll(client: number, fd: number): boolean {
    Atomics.add(this.#fields, POLLS, 1);
    return this.#announce(client, fd);
  }

  #announce(client: number, fd: number): boolean {
    Atomics.store(this.#fields, CLIENT, client);
    Atomics.store(this.#fields, FD, fd);
    return !this.stopping;
  }

  /** Call after a receive that returned data or the end of the stream. */
  countHit(): void {
    Atomics.add(this.#fields, HITS, 1);
  }

  /** Call after each round: sleeps if the round had no hit, until the time is up or the server stops. */
  idleBackoff(idleSleepMs: number): void {
    const hits = Atomics.load(this.#fields, HITS);
    const state = Atomics.load(this.#fields, STATE);
    const ms = state === RUN ? idleSleepMs : Math.min(idleSleepMs, STOPPING_SLEEP_MS);
    if (ms > 0 && hits === this.#hitsBefore) Atomics.wait(this.#fields, STATE, state, ms);
    this.#hitsBefore = hits;
  }

  get stopping(): boolean {
    return Atomics.load(this.#fields, STATE) !== RUN;
  }

  /** Whether the time to send pending replies is over. */
  get aborted(): boolean {
    return Atomics.load(this.#fields, STATE) === ABORT;
  }

  // --- for the main thread ---

  stop(): void {
    Atomics.compareExchange(this.#fields, STATE, RUN, STOP);
    Atomics.notify(this.#fields, STATE);
  }

  abort(): void {
    Atomics.store(this.#fields, STATE, ABORT);
    Atomics.notify(this.#fields, STATE);
  }

  /** The descriptor on which a thread sleeps, if it sleeps. */
  get fd(): number {
    return Atomics.load(this.#fields, FD);
  }

  /** The client of the last call, that call, and the numbers of polls and hits, which wrap around. */
  get progress(): IoProgress {
    const load = (field: number) => Atomics.load(this.#fields, field);
    const client = load(CLIENT);
    const call = client < 0 ? 'send' : 'recv';
    return { client: Math.abs(client), call, polls: load(POLLS), hits: load(HITS) };
  }

  // --- threads of clients ---

  get threads(): number {
    return Atomics.load(this.#fields, THREADS);
  }

  countThreads(difference: 1 | -1): void {
    Atomics.add(this.#fields, THREADS, difference);
  }

  /** For the thread that accepts: posts a client to the main thread and sleeps until `takenOver`. */
  handOver(post: () => void): void {
    Atomics.store(this.#fields, HAND_OVER, 1);
    post();
    Atomics.wait(this.#fields, HAND_OVER, 1);
  }

  /** For the main thread: the thread of the client that was handed over has been started, or the client closed. */
  takenOver(): void {
    Atomics.store(this.#fields, HAND_OVER, 0);
    Atomics.notify(this.#fields, HAND_OVER);
  }
}
