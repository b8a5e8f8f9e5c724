// Randomized tests: seeds of the simulator, hostile bytes, networks with faults. A failing seed is printed.

import { setImmediate as otherWork } from 'node:timers/promises';
import type { IoModelName } from '../../shared/options.js';
import { runScript } from '../support/chaos-proxy.js';
import { simulateCluster } from '../support/cluster-simulator.js';
import { fuzzInProcess, fuzzOverSocket } from '../support/fuzz.js';
import { RUNNABLE_MODELS } from '../support/runnable-models.js';
import { withServer } from '../support/servers.js';
import { simulate } from '../support/simulator.js';
import { info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const SEEDS = 20_000;
/** Of servers that share a text. */
const CLUSTER_SEEDS = 5_000;
const STREAMS = 1_000_000;
const STREAMS_OVER_SOCKETS = 10_000;
/** The text grows with each stream, and with it every reply. */
const STREAMS_PER_SERVER = 500;
const SCRIPTS = 200;
const SCRIPTS_OF_OTHERS = 20;
/** Concurrent, because scripts mostly wait. */
const CONCURRENT_SCRIPTS = 4;

export async function seeds(scope: Scope): Promise<ResultRow[]> {
  const total = scaled(SEEDS, scope);
  const clusters = scaled(CLUSTER_SEEDS, scope);
  return [
    info('seeds of the simulator', total),
    await tryAll(simulate, total, scope),
    info('seeds of the simulator of a cluster', clusters),
    await tryAll(simulateCluster, clusters, scope),
  ];
}

export async function fuzz(scope: Scope): Promise<ResultRow[]> {
  const total = scaled(STREAMS, scope);
  const rows = [info('hostile streams in process', total), await tryAll(fuzzInProcess, total, scope)];
  return [...rows, ...(await fuzzSockets(scope))];
}

async function tryAll(
  one: (seed: number) => Promise<string | undefined> | string | undefined,
  total: number,
  { progress }: Scope,
): Promise<ResultRow> {
  const found: string[] = [];
  for (let seed = 1; seed <= total; seed += 1) {
    const wrong = await one(seed);
    if (wrong !== undefined) found.push(wrong);
    if (seed % 1_000 !== 0) continue;
    progress(seed, total);
    await otherWork();
  }
  return nothing('  violations', found);
}

/** The same number of seeds with each I/O model, all different. */
async function fuzzSockets(scope: Scope): Promise<ResultRow[]> {
  const each = scaled(STREAMS_OVER_SOCKETS / RUNNABLE_MODELS.length, scope);
  const total = each * RUNNABLE_MODELS.length;
  const found: string[] = [];
  let done = 0;
  const through = async (io: IoModelName, first: number, streams: number) => {
    await withServer({ io }, async (server) => {
      let before = '';
      for (let seed = first; seed < first + streams; seed += 1) {
        const { text, wrong } = await fuzzOverSocket(server, seed, before);
        if (wrong !== undefined) found.push(`${io}, ${wrong}`);
        before = text;
        done += 1;
        scope.progress(done, total);
      }
      if ((await server.stop()).text.toString() !== before) found.push(`${io}: a different final text`);
    });
  };
  for (let from = 0; from < each; from += STREAMS_PER_SERVER) {
    const streams = Math.min(STREAMS_PER_SERVER, each - from);
    await Promise.all(RUNNABLE_MODELS.map((io, number) => through(io, 1 + number * each + from, streams)));
  }
  return [info('hostile streams over sockets, all I/O models', total), nothing('  violations', found)];
}

export async function chaosProxy(scope: Scope): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const io of RUNNABLE_MODELS) {
    const total = scaled(io === 'events' ? SCRIPTS : SCRIPTS_OF_OTHERS, scope);
    const found: string[] = [];
    let next = 1;
    const work = async () => {
      while (next <= total) {
        const seed = next;
        next += 1;
        const wrong = await runScript(io, seed);
        if (wrong !== undefined) found.push(wrong);
        scope.progress(seed, total);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_SCRIPTS }, work));
    rows.push(info(`scripts of a network with faults, ${io}`, total), nothing('  violations', found));
  }
  return rows;
}
