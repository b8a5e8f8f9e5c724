// The metrics of one run, from what the load and /proc report: whether it counts, and whether the server was right.

import { plural } from '../../shared/numbers.js';
import type { ProcessStats } from '../../shared/procfs.js';
import type { Percentiles } from '../../shared/quantile.js';
import { FAULTS, type Fault, type LoadPlan, type LoadResult } from '../load/plan.js';
import type { Measured, Metrics } from './results.js';

/** An open loop with a busier load than this may have sent its letters late. */
const BUSY_LOAD = 0.8;

/** @param alone the server before its first client */
export function summarizeRun(plan: LoadPlan, load: LoadResult, alone: ProcessStats | undefined): Measured {
  const wrong = formatFaults(load.faults);
  const busy = plan.rate !== undefined && load.loadCpu > BUSY_LOAD;
  return {
    metrics: {
      'letters/s': load.lettersPerSecond,
      ...(plan.rate !== undefined && { 'offered/s': plan.rate }),
      ...speeds(load),
      ...replyTimes(load.latency, ''),
      ...replyTimes(load.serviceTime, ' service'),
      'load CPU %': 100 * load.loadCpu,
      ...(load.startUpMs !== undefined && { 'start-up ms/client': load.startUpMs / plan.clients }),
      'timed out': load.timedOut,
      ...(load.finalBytes !== undefined && { 'text bytes': load.finalBytes }),
      ...costs(plan, load, alone),
    },
    load,
    ...(busy && { void: `the load was busy for more than ${100 * BUSY_LOAD} % of its core` }),
    ...(wrong.length > 0 && { wrong: wrong.join('; ') }),
  };
}

/** A clause for each fault, with how often it was found. */
export function formatFaults(faults: LoadResult['faults']): string[] {
  return Object.entries(faults).map(
    ([fault, times]) => `${FAULTS[fault as Fault]} (${plural(times, 'time')})`,
  );
}

/** Nothing where no letter was answered. */
function speeds({ answered, replyBytes, seconds }: LoadResult): Metrics {
  if (seconds === 0) return {};
  return {
    'bytes/letter': replyBytes / answered,
    'µs/letter': (1e6 * seconds) / answered,
    'MiB/s': replyBytes / seconds / 2 ** 20,
  };
}

function replyTimes(found: Percentiles | undefined, kind: string): Metrics {
  if (found === undefined) return {};
  const { p50, p90, p99, p999, max } = found;
  return {
    [`p50 ms${kind}`]: p50,
    [`p90 ms${kind}`]: p90,
    [`p99 ms${kind}`]: p99,
    ...(p999 !== undefined && { [`p99.9 ms${kind}`]: p999 }),
    [`max ms${kind}`]: max,
  };
}

/** What the replies cost the server; nothing on a system without /proc. */
function costs(
  { clients, idleClients }: LoadPlan,
  { watched, answered, seconds }: LoadResult,
  alone: ProcessStats | undefined,
): Metrics {
  if (watched === undefined || alone === undefined || answered === 0) return {};
  const { before, after } = watched;
  const growth = (of: keyof ProcessStats) => after[of] - before[of];
  return {
    'CPU µs/letter': (1e6 * growth('cpuSeconds')) / answered,
    'CPU s': growth('cpuSeconds'),
    'user s': growth('userSeconds'),
    'system s': growth('systemSeconds'),
    'server CPU %': (100 * growth('cpuSeconds')) / seconds,
    'voluntary switches/letter': growth('voluntarySwitches') / answered,
    'involuntary switches/letter': growth('involuntarySwitches') / answered,
    'switches/letter': (growth('voluntarySwitches') + growth('involuntarySwitches')) / answered,
    threads: after.threads,
    'peak MiB': after.peakMiB,
    // Memory that the process gave back meanwhile belongs to no client.
    'KiB/client': (1024 * Math.max(0, before.residentMiB - alone.residentMiB)) / (clients + idleClients),
  };
}
