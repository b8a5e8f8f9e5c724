// Loaded into a server before its own code (node --import): tells what only the process itself knows, when it is asked
// over the channel to its parent. It keeps no server alive, and the server knows nothing of it.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

export interface Probe {
  /** Live objects and the memory that they hold, after a garbage collection. */
  readonly heapMiB: number;
  /** How late the event loop came to a timer since it was told to begin, at the 99th percentile and at worst. */
  readonly lagMs: { readonly p99: number; readonly max: number };
}

/** What it is asked. After `begin`, lag counts from then on. */
export type Question = 'begin' | 'look';

/** The timer by which it is measured; what is counted is how much later it comes. */
const EVERY_MS = 10;
/** The collection itself makes the next timer late. */
const REST_MS = 50;

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: EVERY_MS });
  delay.enable();
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - EVERY_MS);
  process.on('message', (question: Question) => {
    const lagMs = { p99: late(delay.percentile(99)), max: late(delay.max) };
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const inside: Probe = { heapMiB: (heapUsed + external) / 2 ** 20, lagMs };
    process.send?.(inside);
    if (question === 'begin') setTimeout(() => delay.reset(), REST_MS).unref();
  });
  process.channel?.unref();
}
