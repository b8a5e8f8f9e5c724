// What the load is told and what it tells: the words between the laboratory and the process that drives a server. Both
// are plain data, since they cross from one process to the other as JSON.

import type { ProcessStats } from '../../shared/procfs.js';

export interface LoadPlan {
  /** A numeric address. */
  readonly host: string;
  readonly port: number;
  /** Clients that send letters. They connect after the silent ones. */
  readonly clients: number;
  /** Clients that connect first and never say anything. */
  readonly idleClients: number;
  /** Letters in all, spread evenly over the clients. */
  readonly letters: number;
  /**
   * Letters a second in all, sent by the clock whether or not earlier ones were answered (open loop). Without: each client
   * sends its next letter when it has the answer to the last (closed loop).
   */
  readonly rate?: number;
  /**
   * In an open loop, so many letters of one client may be unanswered at a time; what is due waits in the load meanwhile,
   * which `latency` counts and `serviceTime` does not. Without: no limit.
   */
  readonly maxInFlight?: number;
  /**
   * Never to sleep while it measures, however long there is nothing to do: a load asleep has to be woken by whoever answers
   * it, which takes some microseconds of the server's own time for each reply, and more the slower the server.
   */
  readonly busyPoll?: boolean;
  /** A load that has its process to itself stays on this core. */
  readonly core?: number;
  /** Send no more letters after so long; those on their way are still waited for. */
  readonly durationMs?: number;
  /** Give up when no reply has come for so long while one is waited for. */
  readonly idleTimeoutMs?: number;
  /** Lines without a letter that each client sends, one after the other, before anything is measured. */
  readonly warmup: number;
  /** The text is brought to so many bytes before anything is measured, by clients that come one after the other. */
  readonly prefill: number;
  /** Give up on what is not answered after so long, counted from the first letter. */
  readonly timeoutMs: number;
  /** Letters that a client sends in one write, each with its LF; it sends the next ones when all are answered. */
  readonly burst: number;
  /** A letter and its LF in one write, or in two. */
  readonly writes: 1 | 2;
  /** Whether the load's own sockets keep Nagle's algorithm. */
  readonly nagle: boolean;
  /** The server's process, to be observed just before the first letter and just after the last reply. */
  readonly watch?: number;
  readonly seed: number;
}

export const DEFAULT_PLAN = {
  clients: 1,
  idleClients: 0,
  letters: 1_000,
  warmup: 20,
  prefill: 0,
  timeoutMs: 20_000,
  burst: 1,
  writes: 1,
  nagle: false,
} as const;

/** Milliseconds at these percentiles; p99.9 only where ten samples lie beyond it. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999?: number;
  readonly max: number;
}

/** What a server did wrong, by name, and how often. */
export const FAULTS = {
  /** Also one that ends in a letter of that value which was there before its own was sent. */
  wrongLetter: 'a reply does not end in its own letter',
  notGrowing: 'a reply is no longer than an earlier one on the same connection',
  prefixMismatch: 'a reply is no continuation of an earlier one',
  reordered: 'replies came in another order than their letters',
  duplicated: 'a letter is in the text twice, or was never sent',
  lost: 'an answered letter is not in the final text',
  truncated: 'a reply stopped in the middle',
  unsolicited: 'bytes came that answer nothing',
  closed: 'the server closed the connection',
} as const;
export type Fault = keyof typeof FAULTS;

export interface LoadResult {
  readonly sent: number;
  readonly answered: number;
  /** From the first letter sent to the last reply. */
  readonly seconds: number;
  readonly lettersPerSecond: number;
  readonly replyBytes: number;
  /** Letters that the final text should have: what was there before, those sent, and a first and a last one to look. */
  readonly expectedLetters: number;
  /** Letters in the final text, as a last client sees them; undefined when that could not be asked. */
  readonly finalLetters?: number;
  /** Bytes of the final text. */
  readonly finalBytes?: number;
  /** Reply times counted from when each letter was to be sent (the same as `serviceTime` in a closed loop). */
  readonly latency?: Percentiles;
  /** Reply times counted from when each letter was really sent. */
  readonly serviceTime?: Percentiles;
  /** Reply times below each of these bounds, for a histogram: [upper bound in ms, count]. */
  readonly buckets: ReadonlyArray<readonly [belowMs: number, count: number]>;
  /** Clients that had a letter unanswered when the load gave up. */
  readonly timedOut: number;
  /** From the first connect until every sending client has had one answer, in milliseconds; undefined if never. */
  readonly startUpMs?: number;
  /**
   * The load's own processor time while it measured, as a share of one core, without the time in which it did not sleep
   * although no client had anything to do.
   */
  readonly loadCpu: number;
  readonly watched?: { readonly before: ProcessStats; readonly after: ProcessStats };
  /** Faults by name; empty when the server was right. */
  readonly faults: Partial<Record<Fault, number>>;
}
