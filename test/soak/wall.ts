// The wall under a class: browsers (plain WebSocket clients) at one letter a second for minutes, what it costs the server, what a
// bridge adds to a letter, and how fast a long recording is scrubbed.

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'strsvr/client';
import { DEFAULT_PLAN } from '../../client/load/plan.js';
import { runLoad } from '../../client/load/run-load.js';
import { Timeline } from '../../client/wall/timeline.js';
import { processStats } from '../../shared/procfs.js';
import { median, percentiles } from '../../shared/quantile.js';
import { Program } from '../support/program.js';
import type { Address } from '../support/servers.js';
import { until } from '../support/waiting.js';
import { atMost, exactly, info, type ResultRow, type Scope, scaled } from './suite.js';
import { Phone, watch, withWall } from './wall-clients.js';

const SECONDS = 300;
const LEAST_SECONDS = 5;
const EVENTS_PHONES = 100;
const THREADS_PHONES = 30;
const WALL_MS = 500;
const OWN_MS = 50;
const WALL_MIB = 150;
const GROWTH_MIB = 16;
const RECORDED_EVENTS = 100_000;
const STEP_MS = 50;
const BRIDGE_MS = 2;
const BRIDGE_LETTERS = 300;
/** Ten letters a second are allowed. */
const BRIDGE_PACE_MS = 120;
const LOAD_LETTERS = 10_000;
const PAIRS = 6;

export async function wall(scope: Scope): Promise<ResultRow[]> {
  const seconds = scaled(SECONDS, scope, LEAST_SECONDS);
  return [
    ...(await classroom('events', scaled(EVENTS_PHONES, scope, 5), seconds, scope)),
    ...(await classroom('threads', scaled(THREADS_PHONES, scope, 3), seconds, scope)),
    ...scrubbing(scope),
  ];
}

/** What a wall costs: to be measured with nothing else at work. */
export async function wallCost(scope: Scope): Promise<ResultRow[]> {
  return [...(await bridgeCost(scope)), ...(await serverCost(scope))];
}

async function classroom(io: string, count: number, seconds: number, scope: Scope): Promise<ResultRow[]> {
  return withWall(['--per-address', '1000'], ['strsvr', '0', '--io', io], async ({ http, pid }) => {
    const phones: Phone[] = [];
    for (let number = 0; number < count; number += 1) phones.push(await Phone.join(http, number));
    await Promise.all(phones.map((phone) => phone.warmUp()));
    const page = await watch(http);
    await until(() => page.seenAt.length >= count);
    const memory: number[] = [];
    const sentAt: number[] = [];
    const stop = performance.now() + seconds * 1000;
    const loops = phones.map(async (phone, number) => {
      await sleep((1000 * number) / count);
      while (performance.now() < stop) {
        sentAt.push(performance.now());
        phone.send();
        await sleep(1_000);
      }
    });
    const sampler = setInterval(() => {
      memory.push(processStats(pid)?.residentMiB ?? 0);
      scope.progress(memory.length, seconds);
    }, 1_000);
    await Promise.all(loops);
    clearInterval(sampler);
    const sent = phones.reduce((sum, phone) => sum + phone.sent, 0);
    await until(() => page.seenAt.length >= count + sent);
    const latencies = phones.flatMap((phone) => phone.latencies);
    // The n-th letter that was sent and the n-th that was seen: all have the same way.
    const toWall = page.seenAt.slice(count).map((at, index) => at - (sentAt[index] ?? at));
    for (const { socket } of phones) socket.terminate();
    page.close();
    const settled = memory[Math.floor(memory.length / 4)] ?? 0;
    const judged = scope.latencyMs === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : 1;
    return [
      info(`wall, ${io}: phones at a letter a second, for ${seconds} s`, count),
      exactly('  letters answered', latencies.length, sent),
      atMost('  letter to its own socket (p99)', p99(latencies), OWN_MS * judged, 'ms'),
      atMost('  letter to the wall (p99)', p99(toWall), WALL_MS * judged, 'ms'),
      atMost('  resident memory of strwall', Math.max(0, ...memory), WALL_MIB, 'MiB'),
      atMost('  its growth after the first quarter', (memory.at(-1) ?? 0) - settled, GROWTH_MIB, 'MiB'),
    ];
  });
}

/** A letter over a bridge and a direct one, in turns. */
async function bridgeCost(scope: Scope): Promise<ResultRow[]> {
  return withWall([], ['strsvr', '0'], async ({ http, server }) => {
    const phone = await Phone.join(http, 0);
    const direct = await connect(await server());
    const directly: number[] = [];
    for (let turn = scaled(BRIDGE_LETTERS, scope, 50); turn > 0; turn -= 1) {
      await sleep(BRIDGE_PACE_MS);
      await phone.roundTrip();
      const begun = performance.now();
      await direct.send('y');
      directly.push(performance.now() - begun);
    }
    phone.socket.terminate();
    direct.close();
    const added = median(phone.latencies) - median(directly);
    const judged = scope.latencyMs === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : 1;
    return [atMost('wall: the bridge adds to a letter (median)', added, BRIDGE_MS * judged, 'ms')];
  });
}

/** Letters/s of `events` with a wall on it against without, and without against without, in turns. */
async function serverCost(scope: Scope): Promise<ResultRow[]> {
  const rates: { readonly on: number[]; readonly off: number[]; readonly again: number[] } = {
    ...{ on: [], off: [], again: [] },
  };
  const measure = async (address: Address) => {
    const plan = {
      ...DEFAULT_PLAN,
      ...address,
      clients: 10,
      letters: scaled(LOAD_LETTERS, scope, 500),
      seed: 1,
    };
    const { answered, seconds } = await runLoad(plan);
    return answered / seconds;
  };
  for (let pair = scaled(PAIRS, scope, 1); pair > 0; pair -= 1) {
    for (const which of ['off', 'on', 'again'] as const) {
      const server = new Program('server/strsvr.js', ['0']);
      const [, port] = await server.waitFor('stdout', /:(\d+) /);
      const address = { host: '127.0.0.1', port: Number(port) };
      const wall =
        which === 'on'
          ? new Program('client/wall/strwall.js', ['--http', '127.0.0.1:0', String(port)])
          : undefined;
      await wall?.waitFor('stdout', /the wall/);
      rates[which].push(await measure(address));
      for (const program of [wall, server]) {
        program?.child.kill('SIGTERM');
        await program?.finished;
      }
    }
  }
  const ratio = (ones: readonly number[]) => median(ones) / median(rates.off);
  return [
    info('wall: letters/s of events with a wall on it, to those without', ratio(rates.on).toFixed(2)),
    info('  and of two servers without', ratio(rates.again).toFixed(2)),
  ];
}

/** Steps through a recording of an hour. */
function scrubbing(scope: Scope): ResultRow[] {
  const count = scaled(RECORDED_EVENTS, scope, 1_000);
  const timeline = new Timeline();
  for (let index = 0; index < 30; index += 1)
    timeline.apply({
      at: 0,
      type: 'client',
      client: { id: index + 1, name: `c${index}`, kind: 'phone', hue: index, muted: false },
    });
  for (let event = 0; event < count; event += 1) {
    const [at, client] = [event * 36, 1 + (event % 30)];
    if (event % 2 === 0)
      timeline.apply({ at, type: 'text', offset: event + 1, letters: 'x', authors: [[client, 1]] });
    else
      timeline.apply({
        at,
        type: 'state',
        client,
        status: { state: event % 3 ? 'silent' : 'unread', since: at },
      });
  }
  let longest = 0;
  for (let time = timeline.last; time > 0; time -= timeline.last / 500) {
    const begun = performance.now();
    const step = timeline.step(time, -1) ?? 0;
    for (const { tracks } of timeline.at(step).clients) {
      Array.from(tracks.status.between(step - 20_000, step));
      Array.from(tracks.letters.between(step - 20_000, step));
    }
    longest = Math.max(longest, performance.now() - begun);
  }
  const limit = scope.latencyMs === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : STEP_MS;
  return [
    atMost(
      `wall: a step in a recording of ${count.toLocaleString('en')} events, the longest of 500`,
      longest,
      limit,
      'ms',
    ),
  ];
}

function p99(values: readonly number[]): number {
  return percentiles(values)?.p99 ?? Number.NaN;
}
