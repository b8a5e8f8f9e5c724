// Some minutes of steady work: whatever grows, grows by the text alone.

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

const CLIENTS = 100;
const LETTERS_A_SECOND = 2;
const SECONDS = 300;
const LEAST_SECONDS = 3;
/** At the beginning, when the memory of every process grows. */
const SETTLING_MINUTES = 1;
/** So few seconds say nothing about how memory grows. */
const TOO_FEW_SECONDS = 120;
/** So often garbage is collected and memory looked at: between two collections it goes up and down by V8's own rhythm. */
const LOOK_MINUTES = 1 / 6;
const SLOPE_MIB = 1;
/** Of what a client may wait: 20 ms of 100. */
const LAG_SHARE = 0.2;
const KEPT_MIB = 2;

export async function leak(scope: Scope): Promise<Row[]> {
  const seconds = scaled(SECONDS, scope, LEAST_SECONDS);
  const rows: Row[] = [info(`seconds of steady work, ${CLIENTS} clients, 2 letters a second each`, seconds)];
  if (NOT_WATCHED !== undefined) return [info('steady work', NOT_WATCHED)];
  await withHealthyClient(async (healthy, idle) => {
    await withInstrumented([], async (server) => {
      rows.push(...(await work(server, seconds, scope, { healthy, idle })));
    });
  });
  return rows;
}

async function work(
  server: InstrumentedServer,
  seconds: number,
  scope: Scope,
  { healthy, idle }: { healthy: HealthyClient; idle: InstrumentedServer },
): Promise<Row[]> {
  const rate = CLIENTS * LETTERS_A_SECOND;
  const letters = rate * seconds;
  const plan = {
    clients: CLIENTS,
    idleClients: 0,
    letters,
    rate,
    warmup: 1,
    prefill: 0,
    nagle: false,
    seed: 1,
  };
  const how = { timeoutMs: 2_000 * seconds + 60_000, idleTimeoutMs: 30_000, burst: 1, writes: 1 } as const;
  const watched = new Course(server);
  const [before] = await Promise.all([server.look('begin'), idle.look('begin')]);
  const onProgress = (done: number) => {
    scope.progress(done, letters);
    watched.look();
  };
  const {
    answered,
    latency,
    faults,
    finalBytes = 0,
  } = await runLoad({ ...server.address, ...plan, ...how }, { onProgress });
  const [after, unloaded] = await Promise.all([server.look(), idle.look()]);
  const textSlope = finalBytes / 2 ** 20 / (seconds / 60);
  const slope = (await watched.slopeAfter(SETTLING_MINUTES)) - textSlope;
  const growth = 'growth of its memory in a minute, less the text';
  return [
    exactly('  letters answered', answered, letters),
    nothing('  promises broken', Object.keys(faults)),
    atMost('  answered in (p99)', latency?.p99 ?? Number.POSITIVE_INFINITY, scope.latencyMs, 'ms'),
    unaffected(healthy),
    seconds < TOO_FEW_SECONDS
      ? info(`  ${growth}`, 'too short')
      : atMost(`  ${growth}`, slope, SLOPE_MIB, 'MiB'),
    atMost('  growth of its live objects', after.heapMiB - before.heapMiB, KEPT_MIB, 'MiB'),
    info('  memory of the server (peak)', `${server.memory.peakMiB.toFixed(1)} MiB`),
    exactly('  descriptors: most less fewest', watched.descriptorRange, 0),
    atMost('  lag of the event loop (p99)', after.lagMs.p99, LAG_SHARE * scope.latencyMs, 'ms'),
    info('  and meanwhile of a server with nothing else to do', `${unloaded.lagMs.p99.toFixed(1)} ms`),
  ];
}

/** What is seen of a server while it works. */
class Course {
  readonly #server: InstrumentedServer;
  readonly #memory: Array<Promise<readonly [minutes: number, residentMiB: number]>> = [];
  readonly #descriptors: number[] = [];
  #began: number | undefined;

  constructor(server: InstrumentedServer) {
    this.#server = server;
  }

  /** To be called several times a second, from the first letter to the last. */
  look(): void {
    this.#began ??= performance.now();
    const minutes = (performance.now() - this.#began) / 60_000;
    this.#descriptors.push(this.#server.descriptors);
    if (minutes < this.#memory.length * LOOK_MINUTES) return;
    const seen = this.#server.look().then(() => [minutes, this.#server.memory.residentMiB] as const);
    seen.catch(() => {}); // who asks for the slope hears of it
    this.#memory.push(seen);
  }

  get descriptorRange(): number {
    return Math.max(...this.#descriptors) - Math.min(...this.#descriptors);
  }

  /** MiB a minute. */
  async slopeAfter(minutes: number): Promise<number> {
    const memory = await Promise.all(this.#memory);
    return slopeOf(memory.filter(([at]) => at >= minutes));
  }
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
