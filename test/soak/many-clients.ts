// Many idle clients, and some that send a letter a second each.

import { readFileSync } from 'node:fs';
import type { LoadPlan } from '../../client/load/plan.js';
import { runLoad } from '../../client/load/run-load.js';
import { HAS_PROC } from '../../shared/procfs.js';
import {
  type Baseline,
  baselineP99,
  type InstrumentedServer,
  steadyLoad,
  withInstrumented,
} from './instrumented-server.js';
import { atMost, exactly, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const IDLE = 10_000;
const ACTIVE = 1_000;
const SECONDS = 60;
const LEAST = { idle: 300, active: 30, seconds: 2 };
const MAX_CONNECTIONS = 12_000;
/** In millions of bytes. */
const RESIDENT_MB = 250;
/** Descriptors that the load and the server need beside those of the clients. */
const OTHER_DESCRIPTORS = 100;

export async function manyClients(scope: Scope): Promise<ResultRow[]> {
  const idleClients = scaled(IDLE, scope, LEAST.idle);
  const clients = scaled(ACTIVE, scope, LEAST.active);
  const seconds = scaled(SECONDS, scope, LEAST.seconds);
  const title = `idle clients, and ${clients} that send for ${seconds} s`;
  const missing = tooFewDescriptors(idleClients + clients + OTHER_DESCRIPTORS);
  if (missing !== undefined) return [info(title, missing)];
  const args = ['--max-connections', String(MAX_CONNECTIONS)];
  const rows = await withInstrumented(args, (server, baseline) =>
    measure(
      server,
      steadyLoad(server.address, { clients, idleClients, rate: clients, seconds }),
      scope,
      baseline,
    ),
  );
  return [info(title, idleClients), ...rows];
}

async function measure(
  server: InstrumentedServer,
  plan: LoadPlan,
  { latencyMs, progress }: Scope,
  baseline: Baseline,
): Promise<ResultRow[]> {
  const watch = server.program.child.pid ?? 0;
  const { answered, latency, faults, loadCpu, seconds, watched } = await runLoad({ ...plan, watch }, (done) =>
    progress(done, plan.letters),
  );
  const cpuSeconds = (watched?.after.cpuSeconds ?? Number.NaN) - (watched?.before.cpuSeconds ?? 0);
  return [
    exactly('  letters answered', answered, plan.letters),
    nothing('  violations', Object.keys(faults)),
    atMost('  latency (p99)', latency?.p99 ?? Number.POSITIVE_INFINITY, latencyMs, 'ms'),
    baselineP99(baseline),
    atMost('  resident memory of the server', (server.memory.peakMiB * 2 ** 20) / 1e6, RESIDENT_MB, 'MB'),
    info('  CPU of server and load, of a core', `${percent(cpuSeconds / seconds)}, ${percent(loadCpu)}`),
  ];
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** Node.js raises the soft limit to the hard one by itself. */
function tooFewDescriptors(needed: number): string | undefined {
  if (!HAS_PROC) return undefined;
  const hard = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (hard === undefined || Number(hard) >= needed) return undefined;
  return `skipped: only ${hard} descriptors are allowed (ulimit -Hn)`;
}
