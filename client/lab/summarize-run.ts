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
      ...(plan.rate !== undefined && { 'offered/s': plan.rate }),
      ...speeds(load),
      ...replyTimes(load.latency, ''),
      ...replyTimes(load.serviceTime, ' service'),
      ...(load.startUpMs !== undefined && { 'start-up ms/client': load.startUpMs / plan.clients }),
      'timed out': load.timedOut,
      ...replies(load),
      ...(load.finalBytes !== undefined && { 'text bytes': load.finalBytes }),
      ...usage(plan, load, alone),
      ...costs(load),
    },
    load,
    ...(plan.letters === 0 && load.timedOut > 0 && { void: 'not every client had a reply' }),
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

function replies({ answered, faults }: LoadResult): Metrics {
  const { lost = 0, ...others } = faults;
  const wrong = Object.values(others).reduce((sum, times) => sum + times, 0);
  return { 'letters answered': answered, 'letters lost': lost, 'replies wrong': wrong };
}

/** Nothing where no letter was answered. */
function speeds({ answered, lettersPerSecond, replyBytes, seconds, loadCpu }: LoadResult): Metrics {
  if (seconds === 0) return {};
  return {
    'letters/s': lettersPerSecond,
    'bytes/letter': replyBytes / answered,
    'µs/letter': (1e6 * seconds) / answered,
    'MiB/s': replyBytes / seconds / 2 ** 20,
    'load CPU %': 100 * loadCpu,
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

/** What the server used while it was observed, whether it answered or not; nothing on a system without /proc. */
function usage(plan: LoadPlan, { watched }: LoadResult, alone: ProcessStats | undefined): Metrics {
  if (watched === undefined || alone === undefined) return {};
  const { before, after, seconds } = watched;
  return {
    'wanted CPU %': (100 * (after.wantedSeconds - before.wantedSeconds)) / seconds,
    'switches/s': (switches(after) - switches(before)) / seconds,
    'resident MiB': after.residentMiB,
    threads: after.threads,
    // Memory that the process gave back meanwhile belongs to no client.
    'KiB/client':
      (1024 * Math.max(0, before.residentMiB - alone.residentMiB)) / (plan.clients + plan.idleClients),
  };
}

/** What the replies cost the server; nothing where no letter was answered. */
function costs({ watched, answered, seconds }: LoadResult): Metrics {
  if (watched === undefined || answered === 0) return {};
  const { before, after } = watched;
  const growth = (of: keyof ProcessStats) => after[of] - before[of];
  return {
    'CPU µs/letter': (1e6 * growth('cpuSeconds')) / answered,
    'CPU s': growth('cpuSeconds'),
    'user s': growth('userSeconds'),
    'system s': growth('systemSeconds'),
    'server CPU %': (100 * growth('cpuSeconds')) / seconds,
    'switches/letter': (switches(after) - switches(before)) / answered,
    'peak MiB': after.peakMiB,
  };
}

function switches({ voluntarySwitches, involuntarySwitches }: ProcessStats): number {
  return voluntarySwitches + involuntarySwitches;
}
