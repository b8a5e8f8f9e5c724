// Some minutes of steady work: whatever grows, grows by the text alone.

import { runLoad } from '../../client/lab/run-load.js';
import { atMost, exactly, nothing, type Row, type Scope, scaled, told } from './section.js';
import { NOT_WATCHED, type WatchedServer, withWatched } from './watched.js';

const CLIENTS = 100;
const LETTERS_A_SECOND = 2;
const SECONDS = 300;
const LEAST_SECONDS = 3;
/** At the beginning, when the memory of every process grows; in a share, a fifth. */
const SETTLING_SECONDS = 60;
/** So few seconds say nothing about how memory grows. */
const TOO_FEW_SECONDS = 60;
const SLOPE_MIB = 1;
/** Of what a client may wait: 20 ms of 100. */
const LAG_SHARE = 0.2;
const KEPT_MIB = 2;

interface Look {
  /** Minutes since the first letter. */
  readonly at: number;
  readonly residentMiB: number;
  readonly descriptors: number;
}

export async function steady(scope: Scope): Promise<Row[]> {
  const seconds = scaled(SECONDS, scope, LEAST_SECONDS);
  const rows: Row[] = [told(`seconds of steady work, ${CLIENTS} clients, 2 letters a second each`, seconds)];
  if (NOT_WATCHED !== undefined) return [told('steady work', NOT_WATCHED)];
  await withWatched([], async (server) => {
    rows.push(...(await work(server, seconds, scope)));
  });
  return rows;
}

async function work(server: WatchedServer, seconds: number, scope: Scope): Promise<Row[]> {
  const rate = CLIENTS * LETTERS_A_SECOND;
  const letters = rate * seconds;
  const plan = { clients: CLIENTS, silent: 0, letters, rate, warmup: 1, prefill: 0, nagle: false, seed: 1 };
  const how = { timeoutMs: 2_000 * seconds, patienceMs: 10_000, burst: 1, writes: 1 } as const;
  const looks: Look[] = [];
  const before = await server.look();
  let began: number | undefined;
  const onProgress = (done: number) => {
    scope.progress(done, letters);
    began ??= performance.now();
    const at = (performance.now() - began) / 60_000;
    looks.push({ at, residentMiB: server.memory.residentMiB, descriptors: server.descriptors });
  };
  const {
    answered,
    corrected,
    faults,
    finalBytes = 0,
  } = await runLoad({ ...server.address, ...plan, ...how }, { onProgress });
  const after = await server.look();
  const settled = looks.filter(({ at }) => at * 60 >= Math.min(SETTLING_SECONDS, seconds / 5));
  const textSlope = finalBytes / 2 ** 20 / (seconds / 60);
  const slope = slopeOf(settled.map(({ at, residentMiB }) => [at, residentMiB])) - textSlope;
  const descriptors = settled.map((look) => look.descriptors);
  const growth = 'memory of the server grows in a minute, less the text, by';
  return [
    exactly('  letters answered', answered, letters),
    nothing('  promises broken', Object.keys(faults)),
    atMost('  answered in (p99)', corrected?.p99 ?? Number.POSITIVE_INFINITY, scope.latencyMs, 'ms'),
    seconds < TOO_FEW_SECONDS
      ? told(`  ${growth}`, 'too short')
      : atMost(`  ${growth}`, slope, SLOPE_MIB, 'MiB'),
    atMost('  of that it keeps in objects', after.heapMiB - before.heapMiB, KEPT_MIB, 'MiB'),
    exactly('  descriptors: most less fewest', Math.max(...descriptors) - Math.min(...descriptors), 0),
    atMost('  lag of the event loop (p99)', after.lagMs.p99, LAG_SHARE * scope.latencyMs, 'ms'),
  ];
}

/** Of the straight line that is nearest to the points (least squares). */
export function slopeOf(points: ReadonlyArray<readonly [x: number, y: number]>): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  let [covariance, variance] = [0, 0];
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  return covariance / variance;
}
