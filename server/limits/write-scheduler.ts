// Round-robin writes with a byte quantum per client, so that long replies or floods of input of some clients do not
// starve the others. A turn writes a quantum of output or, when there is none, reads once.

/** The longest turn and the longest write, in bytes: some 0.1 ms. Shorter ones would wake the reader of a long reply often. */
export const MAX_WRITE_QUANTUM = 512 * 1024;
const MIN_WRITE_QUANTUM = 32 * 1024;
/** The most output of one round of all clients' turns: some 10 ms. */
const ROUND_BYTES = 32 * 1024 * 1024;

/** Bytes that one client may be sent in a turn. */
export function writeQuantum(clients: number): number {
  return Math.max(MIN_WRITE_QUANTUM, Math.min(MAX_WRITE_QUANTUM, Math.floor(ROUND_BYTES / clients)));
}

/** What a message costs at least, in bytes: a system call takes as long however short it is. */
const MIN_MESSAGE_COST = 16 * 1024;

/** How much of a write quantum a message has used up. */
export function messageCost(bytes: number): number {
  return Math.max(bytes, MIN_MESSAGE_COST);
}

/** Turns between two polls of the event loop: a few milliseconds. */
const MAX_TURNS_PER_TICK = 4;

/** A queue of clients on an event loop that have more output, or more input than one read. */
export class WriteScheduler<Client> {
  readonly #queue = new Set<Client>();
  readonly #runTurn: (client: Client) => void;
  #tick: NodeJS.Immediate | undefined;

  /** @param runTurn may add the client again */
  constructor(runTurn: (client: Client) => void) {
    this.#runTurn = runTurn;
  }

  /** Queues a client behind all others. */
  add(client: Client): void {
    this.#queue.add(client);
    this.#tick ??= setImmediate(() => this.#runTick());
  }

  delete(client: Client): void {
    this.#queue.delete(client);
  }

  /** Some turns; then the event loop polls, and clients with new input are served first. */
  #runTick(): void {
    let turns = Math.min(MAX_TURNS_PER_TICK, this.#queue.size);
    for (const client of this.#queue) {
      if (turns === 0) break;
      turns -= 1;
      this.#queue.delete(client);
      this.#runTurn(client);
    }
    this.#tick = this.#queue.size > 0 ? setImmediate(() => this.#runTick()) : undefined;
  }
}
