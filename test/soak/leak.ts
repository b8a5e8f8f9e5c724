// Some minutes of steady load: memory may grow by the text only, and no descriptor may be left open.

import { runLoad } from '../../client/load/run-load.js';
import {
  type Baseline,
  baselineP99,
  type InstrumentedServer,
  steadyLoad,
  withInstrumented,
} from './instrumented-server.js';
import { atMost, exactly, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const CLIENTS = 100;
const RATE = 2 * CLIENTS;
const SECONDS = 300;
const LEAST_SECONDS = 3;
/** Excluded, because the memory of every process grows at first. */
const SETTLING_MINUTES = 1;
/** A shorter run says nothing about memory growth. */
const SLOPE_SECONDS = 120;
/** Each sample follows a garbage collection, because memory varies between collections. */
const SAMPLE_MINUTES = 1 / 6;
const SLOPE_MIB = 1;
/** As a share of the limit for a client's latency: 20 ms of 100. */
const LAG_SHARE = 0.2;
const HEAP_GROWTH_MIB = 2;

export async function leak(scope: Scope): Promise<ResultRow[]> {
  const seconds = scaled(SECONDS, scope, LEAST_SECONDS);
  const rows = await withInstrumented([], (server, baseline) => measure(server, seconds, scope, baseline));
  return [info(`seconds of steady load, ${CLIENTS} clients, 2 letters a second each`, seconds), ...rows];
}

async function measure(
  server: InstrumentedServer,
  seconds: number,
  scope: Scope,
  baseline: Baseline,
): Promise<ResultRow[]> {
  const plan = steadyLoad(server.address, { clients: CLIENTS, rate: RATE, seconds });
  const samples = new Samples(server);
  const { descriptors } = server;
  const [before] = await Promise.all([server.probe('begin'), baseline.server.probe('begin')]);
  const onProgress = (done: number) => {
    scope.progress(done, plan.letters);
    samples.take();
  };
  const { answered, latency, faults, finalBytes = 0 } = await runLoad(plan, onProgress);
  const open = await server.descriptorsBeyond(descriptors);
  const [after, unloaded] = await Promise.all([server.probe(), baseline.server.probe()]);
  const textSlope = finalBytes / 2 ** 20 / (seconds / 60);
  const slope = (await samples.slopeAfter(SETTLING_MINUTES)) - textSlope;
  const growth = 'memory growth per minute, less the text';
  return [
    exactly('  letters answered', answered, plan.letters),
    nothing('  violations', Object.keys(faults)),
    atMost('  latency (p99)', latency?.p99 ?? Number.POSITIVE_INFINITY, scope.latencyMs, 'ms'),
    baselineP99(baseline),
    seconds < SLOPE_SECONDS
      ? info(`  ${growth}`, 'too short')
      : atMost(`  ${growth}`, slope, SLOPE_MIB, 'MiB'),
    atMost('  growth of its live objects', after.heapMiB - before.heapMiB, HEAP_GROWTH_MIB, 'MiB'),
    info('  memory of the server (peak)', `${server.memory.peakMiB.toFixed(1)} MiB`),
    exactly('  descriptors left open', open, 0),
    atMost('  event-loop lag (p99)', after.lagMs.p99, LAG_SHARE * scope.latencyMs, 'ms'),
    info('  of an idle server at the same time', `${unloaded.lagMs.p99.toFixed(1)} ms`),
  ];
}

/** Memory of a server under load. */
class Samples {
  readonly #server: InstrumentedServer;
  readonly #memory: Array<Promise<readonly [minutes: number, residentMiB: number]>> = [];
  #began: number | undefined;

  constructor(server: InstrumentedServer) {
    this.#server = server;
  }

  /** To be called several times a second, from the first letter to the last. */
  take(): void {
    this.#began ??= performance.now();
    const minutes = (performance.now() - this.#began) / 60_000;
    if (minutes < this.#memory.length * SAMPLE_MINUTES) return;
    const sample = this.#server.probe().then(() => [minutes, this.#server.memory.residentMiB] as const);
    sample.catch(() => {}); // slopeAfter rejects then
    this.#memory.push(sample);
  }

  /** MiB a minute. */
  async slopeAfter(minutes: number): Promise<number> {
    const memory = await Promise.all(this.#memory);
    return slopeOf(memory.filter(([at]) => at >= minutes));
  }
}

/** Slope of the straight line through the points (least squares). */
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
