// Many who are connected and say nothing, and some who type: a letter a second each.

import { readFileSync } from 'node:fs';
import type { LoadPlan } from '../../client/lab/load/plan.js';
import { runLoad } from '../../client/lab/load/run-load.js';
import { atMost, exactly, nothing, type Row, type Scope, scaled, told } from './section.js';
import {
  type Healthy,
  NOT_WATCHED,
  untouched,
  type WatchedServer,
  withUntouched,
  withWatched,
} from './watched.js';

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

export async function crowds(scope: Scope): Promise<Row[]> {
  const idle = scaled(IDLE, scope, LEAST.idle);
  const active = scaled(ACTIVE, scope, LEAST.active);
  const seconds = scaled(SECONDS, scope, LEAST.seconds);
  const missing = NOT_WATCHED ?? tooFewDescriptors(idle + active + BESIDE);
  if (missing !== undefined) return [told('crowd', missing)];
  const rows: Row[] = [told(`crowd: ${active} clients that type for ${seconds} s, and idle ones`, idle)];
  const crowd = { ...plan(active, seconds), silent: idle };
  await withUntouched(async (other) => {
    await withWatched(['--max-connections', String(MOST_CONNECTIONS)], async (server) => {
      rows.push(...(await watchCrowd(server, crowd, scope, other)));
    });
  });
  return rows;
}

/** One letter a second each. */
function plan(clients: number, seconds: number): Omit<LoadPlan, 'host' | 'port' | 'silent'> {
  const letters = clients * seconds;
  const timeoutMs = 2_000 * seconds + 60_000;
  return { clients, letters, rate: clients, warmup: 1, prefill: 0, timeoutMs, ...HOW };
}

const HOW = { patienceMs: 30_000, burst: 1, writes: 1, nagle: false, seed: 1 } as const;

async function watchCrowd(
  server: WatchedServer,
  crowd: Omit<LoadPlan, 'host' | 'port'>,
  { latencyMs, progress }: Scope,
  other: Healthy,
): Promise<Row[]> {
  const watch = server.program.child.pid ?? 0;
  const { answered, corrected, faults, loadCpu, seconds, watched } = await runLoad(
    { ...server.address, ...crowd, watch },
    { onProgress: (done) => progress(done, crowd.letters) },
  );
  const cpuSeconds = (watched?.after.cpuSeconds ?? Number.NaN) - (watched?.before.cpuSeconds ?? 0);
  return [
    exactly('  letters answered', answered, crowd.letters),
    nothing('  promises broken', Object.keys(faults)),
    atMost('  answered in (p99)', corrected?.p99 ?? Number.POSITIVE_INFINITY, latencyMs, 'ms'),
    untouched(other),
    atMost('  resident memory of the server', (server.memory.peakMiB * 2 ** 20) / 1e6, RESIDENT_MB, 'MB'),
    told('  of a core they took, server and load', `${percent(cpuSeconds / seconds)}, ${percent(loadCpu)}`),
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
