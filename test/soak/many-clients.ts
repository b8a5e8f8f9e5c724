// Many who are connected and say nothing, and some who type: a letter a second each.

import { readFileSync } from 'node:fs';
import type { LoadPlan } from '../../client/load/plan.js';
import { runLoad } from '../../client/load/run-load.js';
import {
  type HealthyClient,
  type InstrumentedServer,
  NOT_WATCHED,
  unaffected,
  withHealthyClient,
  withInstrumented,
} from './instrumented-server.js';
import { atMost, exactly, info, nothing, type Row, type Scope, scaled } from './suite.js';

const IDLE = 10_000;
const ACTIVE = 1_000;
const SECONDS = 60;
/** The fewest that are worth it. */
const LEAST = { idle: 300, active: 30, seconds: 2 };
const MOST_CONNECTIONS = 12_000;
/** In millions of bytes. */
const RESIDENT_MB = 250;
/** Descriptors that the load and the server want beside those of the clients. */
const BESIDE = 100;

export async function manyClients(scope: Scope): Promise<Row[]> {
  const idle = scaled(IDLE, scope, LEAST.idle);
  const active = scaled(ACTIVE, scope, LEAST.active);
  const seconds = scaled(SECONDS, scope, LEAST.seconds);
  const missing = NOT_WATCHED ?? tooFewDescriptors(idle + active + BESIDE);
  if (missing !== undefined) return [info('crowd', missing)];
  const rows: Row[] = [info(`crowd: ${active} clients that type for ${seconds} s, and idle ones`, idle)];
  const crowd = { ...plan(active, seconds), idleClients: idle };
  await withHealthyClient(async (other) => {
    await withInstrumented(['--max-connections', String(MOST_CONNECTIONS)], async (server) => {
      rows.push(...(await watchCrowd(server, crowd, scope, other)));
    });
  });
  return rows;
}

/** One letter a second each. */
function plan(clients: number, seconds: number): Omit<LoadPlan, 'host' | 'port' | 'idleClients'> {
  const letters = clients * seconds;
  const timeoutMs = 2_000 * seconds + 60_000;
  return { clients, letters, rate: clients, warmup: 1, prefill: 0, timeoutMs, ...HOW };
}

const HOW = { idleTimeoutMs: 30_000, burst: 1, writes: 1, nagle: false, seed: 1 } as const;

async function watchCrowd(
  server: InstrumentedServer,
  crowd: Omit<LoadPlan, 'host' | 'port'>,
  { latencyMs, progress }: Scope,
  other: HealthyClient,
): Promise<Row[]> {
  const watch = server.program.child.pid ?? 0;
  const { answered, latency, faults, loadCpu, seconds, watched } = await runLoad(
    { ...server.address, ...crowd, watch },
    { onProgress: (done) => progress(done, crowd.letters) },
  );
  const cpuSeconds = (watched?.after.cpuSeconds ?? Number.NaN) - (watched?.before.cpuSeconds ?? 0);
  return [
    exactly('  letters answered', answered, crowd.letters),
    nothing('  promises broken', Object.keys(faults)),
    atMost('  answered in (p99)', latency?.p99 ?? Number.POSITIVE_INFINITY, latencyMs, 'ms'),
    unaffected(other),
    atMost('  resident memory of the server', (server.memory.peakMiB * 2 ** 20) / 1e6, RESIDENT_MB, 'MB'),
    info('  of a core they took, server and load', `${percent(cpuSeconds / seconds)}, ${percent(loadCpu)}`),
  ];
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** Node.js raises the soft limit to the hard one by itself. */
function tooFewDescriptors(wanted: number): string | undefined {
  const hard = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (hard === undefined || Number(hard) >= wanted) return undefined;
  return `skipped: only ${hard} descriptors are allowed (ulimit -Hn)`;
}
