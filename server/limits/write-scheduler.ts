// How much of the server a client gets at a time when several want more than it can do at once: a turn each, round-robin.
// A turn writes a quantum of what is owed or, when nothing is, reads once.

/**
 * The longest turn, and the longest piece of a reply, in bytes: some tenth of a millisecond. With a shorter one, a long
 * reply wakes its reader several times.
 */
export const MAX_WRITE_QUANTUM = 512 * 1024;
const MIN_WRITE_QUANTUM = 32 * 1024;
/** What one round of turns may come to: some hundredth of a second. */
const ROUND_BYTES = 32 * 1024 * 1024;

/** One client's turn, in bytes of output: however many want long replies, each other client is soon looked at again. */
export function writeQuantum(clients: number): number {
  return Math.max(MIN_WRITE_QUANTUM, Math.min(MAX_WRITE_QUANTUM, Math.floor(ROUND_BYTES / clients)));
}

/** But a turn is at least so many pieces: a reply, and its LF, which would wait for everybody else's turn otherwise. */
export const MIN_WRITES_PER_TURN = 2;

/** So many turns are taken in a row: at most some milliseconds. */
const MAX_TURNS_PER_TICK = 4;

/** Clients on an event loop that have more to send, or much more to be read, in a queue. */
export class WriteScheduler<Client> {
  readonly #queue = new Set<Client>();
  readonly #write: (client: Client) => void;
  #next: NodeJS.Immediate | undefined;

  /** @param take lets a client have its turn; it may be added again */
  constructor(take: (client: Client) => void) {
    this.#write = take;
  }

  /** Its turn comes after everybody else's. */
  add(client: Client): void {
    this.#queue.add(client);
    this.#next ??= setImmediate(() => this.#runTick());
  }

  delete(client: Client): void {
    this.#queue.delete(client);
  }

  /** One each, and not all at once: in between, the event loop looks who has something to say, and that is answered first. */
  #runTick(): void {
    let left = Math.min(MAX_TURNS_PER_TICK, this.#queue.size);
    for (const client of this.#queue) {
      if (left === 0) break;
      left -= 1;
      this.#queue.delete(client);
      this.#write(client);
    }
    this.#next = this.#queue.size > 0 ? setImmediate(() => this.#runTick()) : undefined;
  }
}
