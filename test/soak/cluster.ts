// Several servers with one text on a real etcd: many rounds of each fault under an invariant checker, and how fast they are
// compared with one server alone.

import { randomUUID } from 'node:crypto';
import { connectEtcd } from '../../server/cluster/etcd-client.js';
import { checkHistory, type Operation } from '../../shared/linearizability.js';
import { prng } from '../../shared/prng.js';
import { processStats } from '../../shared/procfs.js';
import { median, percentiles } from '../../shared/quantile.js';
import { NO_ETCD, RealEtcd } from '../support/etcd.js';
import { Program } from '../support/program.js';
import { recordClient } from '../support/recording-client.js';
import { type Address, withStrsvr } from '../support/servers.js';
import {
  type ClusterVerdict,
  INJECTED_FAULTS,
  type InjectedFault,
  TestCluster,
} from '../support/test-cluster.js';
import { info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const ROUNDS = 30;
/** Replies are the whole text, so a longer history costs more than it shows. */
const ROUNDS_A_TEXT = 10;
const SIZE = { servers: 3, clients: 20 };
const STALL_LIMIT_MS: Partial<Record<InjectedFault, number>> = { 'kill server': 2_000, 'kill leader': 3_000 };

const CLIENTS = 100;
const LETTERS = 20_000;
/** For the CPU time of replies: the length of the text before the run, and the number of letters in it. */
const TEXT_BYTES = 64 * 1024;
const LONG_LETTERS = 8_000;
/** Before them, until the servers' code is compiled. */
const WARM_UP_LETTERS = 10 * CLIENTS;
/** Two servers against one, in reply bytes per CPU second of the busiest one. */
const LEAST_GAIN = 1.3;

export async function clusterFaults(scope: Scope): Promise<ResultRow[]> {
  if (NO_ETCD !== undefined) return [info('faults of a cluster', `skipped: ${NO_ETCD}`)];
  const rows: ResultRow[] = [];
  for (const fault of [...INJECTED_FAULTS, 'mixed'] as const) {
    const rounds = scaled(ROUNDS, scope);
    const verdicts: ClusterVerdict[] = [];
    for (let done = 0; done < rounds; done += ROUNDS_A_TEXT) {
      scope.progress(done, rounds);
      verdicts.push(await faultyText(fault, Math.min(ROUNDS_A_TEXT, rounds - done), done));
    }
    rows.push(...verdictRows(fault, verdicts, scope));
  }
  rows.push(await demo());
  return rows;
}

/** What `make cluster DEMO=1` does: a session through three strclnt, a kill of a server and one of the leader. */
async function demo(): Promise<ResultRow> {
  const through = ['env', 'FAST=1'];
  const { status, stdout, stderr } = await new Program('test/demo/cluster.js', ['--demo'], [], through)
    .finished;
  const one = status === 0 && /The string is one: abcde?fghi\n$/.test(stdout);
  return nothing('make cluster DEMO=1: a string that is not one', one ? [] : [stderr + stdout]);
}

/** Some rounds of one fault; without a fault of its own, and mixed, also with dropped messages of the watch. */
async function faultyText(
  fault: InjectedFault | 'mixed',
  rounds: number,
  seed: number,
): Promise<ClusterVerdict> {
  const random = prng(seed + 1);
  const drops = fault === 'none' || fault === 'mixed' ? { dropOneOf: 100 } : {};
  let verdict: ClusterVerdict | undefined;
  await RealEtcd.with(3, async (etcd) => {
    const cluster = await TestCluster.start(etcd, 'soak', { ...SIZE, ...drops });
    try {
      for (let round = 0; round < rounds; round += 1) {
        if (fault !== 'mixed') await cluster.round(fault, random);
        else {
          const ofServer = random.oneOf<InjectedFault>(['kill server', 'stop server', 'partition']);
          const ofMember = random.oneOf<InjectedFault>(['kill leader', 'stop member']);
          await Promise.all([cluster.round(ofServer, random), cluster.round(ofMember, random)]);
        }
      }
      verdict = await cluster.verdict();
    } finally {
      await cluster.stop();
    }
  });
  if (verdict === undefined) throw new Error('no verdict');
  return verdict;
}

function verdictRows(
  fault: InjectedFault | 'mixed',
  verdicts: readonly ClusterVerdict[],
  { latencyMs }: Scope,
): ResultRow[] {
  const stalls = verdicts.flatMap(({ othersStallMs }) => othersStallMs);
  const broken = verdicts.flatMap((verdict) => verdict.broken ?? []);
  const answered = verdicts.reduce((sum, verdict) => sum + verdict.answered, 0);
  const longest = Math.max(0, ...stalls);
  const limit =
    latencyMs === Number.POSITIVE_INFINITY || fault === 'mixed' ? undefined : STALL_LIMIT_MS[fault];
  return [
    nothing(
      `cluster, ${fault === 'none' ? 'dropped messages' : fault}, ${stalls.length} rounds: promises broken`,
      broken,
    ),
    info('  letters answered', answered),
    {
      what: `  others wait at most${limit === undefined ? '' : `, at most ${limit} ms`} (median, longest)`,
      figure: `${(median(stalls) || 0).toFixed(0)}, ${longest.toFixed(0)} ms`,
      good: limit === undefined || longest < limit,
    },
  ];
}

/** Letters/s and latency of one server alone, and of members × servers, not judged; and what a second server carries. */
export async function clusterSpeed(scope: Scope): Promise<ResultRow[]> {
  if (NO_ETCD !== undefined) return [info('speed of a cluster', `skipped: ${NO_ETCD}`)];
  const letters = scaled(LETTERS, scope, CLIENTS);
  const rows: ResultRow[] = [];
  let alone = Number.NaN;
  await withStrsvr(['0'], async (_server, address) => {
    const { rate, row } = await load([address], letters, 'one server without a cluster');
    alone = rate;
    rows.push(row);
  });
  for (const [members, servers] of [
    [1, 1],
    [3, 1],
    [3, 3],
  ] as const) {
    await RealEtcd.with(members, async (etcd) => {
      const args = ['0', '--cluster', etcd.members.map(({ url }) => url).join()];
      await withServers(args, servers, async (running) => {
        const addresses = running.map(({ address }) => address);
        const { rate, row } = await load(addresses, letters, `etcd × servers: ${members} × ${servers}`);
        rows.push({ ...row, figure: `${row.figure}, ${(rate / alone).toFixed(2)} of alone` });
      });
    });
  }
  return [...rows, ...(await replyCost(scope))];
}

/** Reply bytes per CPU second of the busiest server, with one server and with two, for the same clients and text. */
async function replyCost(scope: Scope): Promise<ResultRow[]> {
  const letters = scaled(LONG_LETTERS, scope, CLIENTS);
  const rows: ResultRow[] = [];
  const carried: number[] = [];
  for (const servers of [1, 2]) {
    await RealEtcd.with(1, async (etcd) => {
      await storeText(etcd, 'long');
      const args = ['0', '--cluster', etcd.members.map(({ url }) => url).join(), '--name', 'long'];
      await withServers(args, servers, async (running) => {
        const cpuOf = ({ pid }: Running) => processStats(pid)?.cpuSeconds ?? Number.NaN;
        const addresses = running.map(({ address }) => address);
        await load(addresses, WARM_UP_LETTERS, 'warm-up', TEXT_BYTES);
        const length = TEXT_BYTES + WARM_UP_LETTERS;
        const before = running.map(cpuOf);
        const { row } = await load(addresses, letters, `text of 64 KiB, servers: ${servers}`, length);
        const busiest = Math.max(...running.map((one, i) => cpuOf(one) - (before[i] ?? 0)));
        const mib = (letters * (length + letters / 2)) / 2 ** 20;
        carried.push(mib / busiest);
        rows.push(row, info('  reply MiB per CPU second of the busiest server', (mib / busiest).toFixed(0)));
      });
    });
  }
  const [one = Number.NaN, two = Number.NaN] = carried;
  const what = `  two servers against one, at least ${LEAST_GAIN}`;
  return [...rows, { what, figure: (two / one).toFixed(2), good: two / one >= LEAST_GAIN }];
}

/** Puts a text into etcd as a server that has gone would have: typed, its replies would be gigabytes. */
async function storeText(etcd: RealEtcd, name: string): Promise<void> {
  const member = connectEtcd(etcd.members[0]?.url ?? '', {});
  const letters = Buffer.alloc(TEXT_BYTES, 'a');
  await member.create(`strsvr/${name}/e/${randomUUID()}/0000000000`, letters, `strsvr/${name}/n`);
  member.close(new Error('stored'));
}

interface Running {
  readonly address: Address;
  readonly pid: number;
}

async function withServers(
  args: readonly string[],
  count: number,
  use: (running: readonly Running[]) => Promise<void>,
  running: readonly Running[] = [],
): Promise<void> {
  if (running.length === count) return use(running);
  return withStrsvr(args, ({ child }, address) =>
    withServers(args, count, use, [...running, { address, pid: child.pid ?? 0 }]),
  );
}

/** @param before the length of the text */
async function load(addresses: readonly Address[], letters: number, what: string, before = 0) {
  const began = performance.now();
  const histories = await Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => {
      const address = addresses[client % addresses.length] as Address;
      return recordClient(address, client, { letter: () => 'a', letters: letters / CLIENTS });
    }),
  );
  const rate = letters / ((performance.now() - began) / 1000);
  const history: Operation[] = histories.flat();
  const stored = Array.from({ length: before }, () => ({ client: -1, letter: 'a', sent: 0 }));
  const violation = checkHistory([...stored, ...history], Buffer.alloc(before + letters, 'a'));
  const waits = history.map(({ sent, answer }) => (answer?.at ?? Number.POSITIVE_INFINITY) - sent);
  const { p50 = Number.NaN, p99 = Number.NaN } = percentiles(waits) ?? {};
  const figure = `${rate.toFixed(0)}/s, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms`;
  return { rate, row: { what: `${CLIENTS} clients, ${what}`, figure, good: violation === undefined } };
}
