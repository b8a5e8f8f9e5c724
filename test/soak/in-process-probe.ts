// Loaded into a server before its own code (node --import): reports heap and event-loop lag to the parent process on
// request. It keeps no server alive, and the server does not know of it.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

export interface Probe {
  /** Live objects and the memory that they hold, after a garbage collection. */
  readonly heapMiB: number;
  /** How late timers fired since `begin`: 99th percentile and maximum. */
  readonly lagMs: { readonly p99: number; readonly max: number };
}

/** `begin` also resets the lag. */
export type ProbeRequest = 'begin' | 'look';

/** Interval of the timer; the lag is what it takes longer. */
const EVERY_MS = 10;
/** The collection itself delays the next timers. */
const SETTLE_MS = 50;

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: EVERY_MS });
  delay.enable();
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - EVERY_MS);
  process.on('message', (question: ProbeRequest) => {
    const lagMs = { p99: late(delay.percentile(99)), max: late(delay.max) };
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const probe: Probe = { heapMiB: (heapUsed + external) / 2 ** 20, lagMs };
    process.send?.(probe);
    if (question === 'begin') setTimeout(() => delay.reset(), SETTLE_MS).unref();
  });
  process.channel?.unref();
}
