// What the main thread and the threads that do I/O tell each other through shared memory. A thread asleep in a call of
// the system hears no message, so it says beforehand on which descriptor it will sleep, and the main thread wakes it by
// shutting that down. Both write first and look afterwards, so one of them always sees the other.

/** Says that no client in particular is waited for. */
export const NO_CLIENT = 0;

const RUN = 0;
const STOP = 1;
const ABORT = 2;

const STOPPING_BACKOFF_MS = 1;

// Where each figure stands.
const STATE = 0;
const FD = 1;
const CLIENT = 2;
const ASKED = 3;
const ANSWERED = 4;
const THREADS = 5;
const HANDED_OVER = 6;
const FIGURES = 7;

export class ControlBlock {
  /** To be handed to the other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #figures: Int32Array;
  #answeredBefore = 0;

  constructor(memory = new SharedArrayBuffer(FIGURES * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#figures = new Int32Array(memory);
  }

  // --- for the threads that do I/O ---

  /** Before a call that may sleep: for whom, and on which descriptor. False: the server stops, do not sleep. */
  announceWait(client: number, fd: number): boolean {
    Atomics.store(this.#figures, CLIENT, client);
    Atomics.store(this.#figures, FD, fd);
    return !this.stopping;
  }

  /** Before a client is asked whether it has something to say, which may sleep. */
  countPoll(client: number, fd: number): boolean {
    Atomics.add(this.#figures, ASKED, 1);
    return this.announceWait(client, fd);
  }

  /** The client that was asked had something to say. */
  countHit(): void {
    Atomics.add(this.#figures, ANSWERED, 1);
  }

  /**
   * A whole round is over: naps if nobody had anything to say, until the time is up or the server stops. When it stops,
   * replies are still to be taken, so the naps are short.
   */
  idleBackoff(idleSleepMs: number): void {
    const answered = Atomics.load(this.#figures, ANSWERED);
    const state = Atomics.load(this.#figures, STATE);
    const ms = state === RUN ? idleSleepMs : Math.min(idleSleepMs, STOPPING_BACKOFF_MS);
    if (ms > 0 && answered === this.#answeredBefore) Atomics.wait(this.#figures, STATE, state, ms);
    this.#answeredBefore = answered;
  }

  get stopping(): boolean {
    return Atomics.load(this.#figures, STATE) !== RUN;
  }

  /** Whoever has not taken its replies by now will not get them. */
  get aborted(): boolean {
    return Atomics.load(this.#figures, STATE) === ABORT;
  }

  // --- for the main thread ---

  stop(): void {
    Atomics.compareExchange(this.#figures, STATE, RUN, STOP);
    Atomics.notify(this.#figures, STATE);
  }

  abort(): void {
    Atomics.store(this.#figures, STATE, ABORT);
    Atomics.notify(this.#figures, STATE);
  }

  /** The descriptor on which a thread sleeps, if it sleeps. */
  get fd(): number {
    return Atomics.load(this.#figures, FD);
  }

  /** Whom the thread asked last, how often it has asked anybody, and how often there was an answer; these two wrap. */
  get progress(): { readonly client: number; readonly asked: number; readonly answered: number } {
    const [client, asked, answered] = [CLIENT, ASKED, ANSWERED].map((at) => Atomics.load(this.#figures, at));
    return { client: client ?? NO_CLIENT, asked: asked ?? 0, answered: answered ?? 0 };
  }

  // --- client threads ---

  get threads(): number {
    return Atomics.load(this.#figures, THREADS);
  }

  countThreads(difference: 1 | -1): void {
    Atomics.add(this.#figures, THREADS, difference);
  }

  /** For the thread that accepts: posts a client to the main thread and sleeps until that has started its thread, or not. */
  handOver(post: () => void): void {
    Atomics.store(this.#figures, HANDED_OVER, 1);
    post();
    Atomics.wait(this.#figures, HANDED_OVER, 1);
  }

  /** For the main thread: the client that was handed over has its thread, or is closed. */
  takenOver(): void {
    Atomics.store(this.#figures, HANDED_OVER, 0);
    Atomics.notify(this.#figures, HANDED_OVER);
  }
}
