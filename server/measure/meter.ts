// Figures about each connection, in shared memory: the thread that serves a connection writes its row, and the main thread
// reads all rows at each request. Only a server that has an HTTP port keeps them.

/** Upper bounds of the classes in which reply times are counted, in seconds; the last class has none. */
export const REPLY_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** What a session waits for: input from its client, its client's taking of replies, or the disk. */
export const SESSION_STATES = ['input', 'output', 'durability'] as const;
export type SessionState = (typeof SESSION_STATES)[number];

// The fields of a row.
export const STATE = 0;
/** Milliseconds since 1970. */
export const LAST_ACTIVITY = 1;
export const LETTERS = 2;
export const PENDING_REPLIES = 3;
export const PENDING_BYTES = 4;
/** The fields from here on only grow. */
export const RECEIVED_BYTES = 5;
export const SENT_BYTES = 6;
export const REPLY_SECONDS_SUM = 7;
export const REPLY_CLASSES = 8;
const FIELDS = REPLY_CLASSES + REPLY_SECONDS.length + 1;

/** No client has this number: the row is free. */
const FREE = 0;
const ROW_BYTES = FIELDS * Float64Array.BYTES_PER_ELEMENT;

/** One connection's figures, by the fields above. Only its own thread writes them. */
export type MeterRow = Float64Array<SharedArrayBuffer>;

export class Meter {
  /** To be passed to the other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #capacity: number;
  /** Which client has each row. */
  readonly #clients: Int32Array;
  /** What the rows of closed connections had. */
  readonly #closed = new Float64Array(FIELDS);

  /** @param memory that of another Meter, or for how many connections; untouched memory costs nothing */
  constructor(memory: SharedArrayBuffer | number) {
    const bytes = ROW_BYTES + Int32Array.BYTES_PER_ELEMENT;
    // Twice the connections: a client's row is then mostly the first that is tried.
    this.memory = typeof memory === 'number' ? new SharedArrayBuffer(2 * memory * bytes) : memory;
    this.#capacity = Math.floor(this.memory.byteLength / bytes);
    this.#clients = new Int32Array(this.memory, this.#capacity * ROW_BYTES);
  }

  /** For the thread that serves a client: a row of zeros. undefined if none is free; then nothing is measured. */
  claim(client: number): MeterRow | undefined {
    for (let tried = 0; tried < this.#capacity; tried += 1) {
      const at = (client + tried) % this.#capacity;
      if (Atomics.compareExchange(this.#clients, at, FREE, client) === FREE) return this.#row(at);
    }
    return undefined;
  }

  /** For the main thread, when a client's thread is done with it: keeps the sums and frees the row. */
  release(client: number): void {
    for (let tried = 0; tried < this.#capacity; tried += 1) {
      const at = (client + tried) % this.#capacity;
      if (Atomics.load(this.#clients, at) !== client) continue;
      const row = this.#row(at);
      addTotals(this.#closed, row);
      row.fill(0);
      Atomics.store(this.#clients, at, FREE);
      return;
    }
  }

  /** The rows of the connected clients. */
  rows(): ReadonlyMap<number, MeterRow> {
    const rows = new Map<number, MeterRow>();
    for (let at = 0; at < this.#capacity; at += 1) {
      const client = Atomics.load(this.#clients, at);
      if (client !== FREE) rows.set(client, this.#row(at));
    }
    return rows;
  }

  /** The sums over all connections since the start, by the fields that only grow. */
  totals(rows: Iterable<MeterRow>): Float64Array {
    const totals = Float64Array.from(this.#closed);
    for (const row of rows) addTotals(totals, row);
    return totals;
  }

  #row(at: number): MeterRow {
    return new Float64Array(this.memory, at * ROW_BYTES, FIELDS);
  }
}

function addTotals(sums: Float64Array, row: MeterRow): void {
  for (let field = RECEIVED_BYTES; field < FIELDS; field += 1) {
    sums[field] = (sums[field] as number) + (row[field] as number);
  }
}
