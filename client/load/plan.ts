// The plan of a load and its result. Both are plain data, because they pass between processes as JSON.

import type { ProcessStats } from '../../shared/procfs.js';
import type { Percentiles } from '../../shared/quantile.js';

export interface LoadPlan {
  /** A numeric address. */
  readonly host: string;
  readonly port: number;
  /** Clients that send letters. They connect after the idle ones. */
  readonly clients: number;
  /** Clients that connect first and never send anything. */
  readonly idleClients: number;
  /** Letters in all, spread evenly over the clients. */
  readonly letters: number;
  /**
   * Letters a second in all, sent by the clock whether or not earlier ones were answered (open loop). Without: each client
   * sends its next letter when it has the answer to the last (closed loop).
   */
  readonly rate?: number;
  /**
   * In an open loop, the letters of one client that may be unanswered at a time; others that are due wait in the load,
   * which `latency` counts and `serviceTime` does not. Without: no limit.
   */
  readonly maxInFlight?: number;
  /** A load that has its process to itself stays on this core. */
  readonly core?: number;
  /** After this time no more letters are sent; the replies to those sent are still waited for. */
  readonly durationMs?: number;
  /** Give up when a reply is due and none has come for this long. */
  readonly idleTimeoutMs?: number;
  /** Give up on what is not answered after this time, counted from the first letter. */
  readonly timeoutMs: number;
  /** Line feeds without a letter that each client sends, one after the other, before anything is measured. */
  readonly warmup: number;
  /** How long all clients are connected, answered and silent before the first letter; observed with the letters. */
  readonly silenceMs?: number;
  /** The length in bytes that the text is brought to before anything is measured. */
  readonly prefill: number;
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

/** Defaults of a plan. */
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
  /** Of the final text, as a last client sees it; undefined when it could not be read. */
  readonly finalLetters?: number;
  readonly finalBytes?: number;
  /** Reply times in ms, counted from when each letter was to be sent (the same as `serviceTime` in a closed loop). */
  readonly latency?: Percentiles;
  /** Reply times in ms, counted from when each letter was sent. */
  readonly serviceTime?: Percentiles;
  /** Reply times below each of these bounds, for a histogram: [upper bound in ms, count]. */
  readonly buckets: ReadonlyArray<readonly [belowMs: number, count: number]>;
  /** Clients that had a letter unanswered when the load gave up. */
  readonly timedOut: number;
  /** From the first connect until every sending client has had one answer, in milliseconds; undefined if never. */
  readonly startUpMs?: number;
  /** The load's own CPU time while it measured, as a share of one core, without polls that found nothing. */
  readonly loadCpu: number;
  /** The server's process, and the seconds from one observation to the other. */
  readonly watched?: Readonly<{ before: ProcessStats; after: ProcessStats; seconds: number }>;
  /** Faults by name; empty when the server was right. */
  readonly faults: Partial<Record<Fault, number>>;
}
