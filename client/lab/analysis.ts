// What the runs of an experiment allow to be said: medians, their intervals, and whether two differ. Runs that do not count
// (void, wrong, absent) are left out of every estimate and named instead.
//
// The bootstrap is unpaired and at 99 %: with five repeats a paired one at 95 % covers too little, and two runs of the same
// server must say "no difference" at least 95 times in 100.

import { formatNumber } from '../../shared/numbers.js';
import { type Prng, prng } from '../../shared/prng.js';
import { median, quantile } from '../../shared/quantile.js';
import type { Condition, Estimate, Row, Run } from './results.js';

/** Fewer repeats than these claim no interval. */
export const ENOUGH_REPEATS = 5;
const RESAMPLES = 2_000;
/** The share of the resamples outside the interval on each side. */
const TAIL = 0.005;

/** A process that uses more than this percentage of a core counts as busy. */
const BUSY = 90;

/** The first of several medians over the second; the first itself if there is no second. */
export const quotient = ([value = Number.NaN, base = 1]: readonly number[]) => value / base;

/** A metric under a condition. */
export interface MetricSample extends Condition {
  readonly metric: string;
}

export class Analysis {
  readonly runs: readonly Run[];
  readonly #seed: number;

  constructor(runs: readonly Run[], seed: number) {
    this.runs = runs;
    this.#seed = seed;
  }

  /** In the order of the trials. */
  get conditions(): Condition[] {
    const conditions = new Map(
      this.runs.map(({ target, parameter }) => [`${target}\n${parameter}`, { target, parameter }]),
    );
    return [...conditions.values()];
  }

  get targets(): string[] {
    return [...new Set(this.runs.map(({ target }) => target))];
  }

  get parameters(): string[] {
    return [...new Set(this.runs.map(({ parameter }) => parameter))];
  }

  /** The values of a metric in the runs that count. */
  values(condition: Condition, metric: string): number[] {
    return this.#at(condition)
      .filter(counts)
      .flatMap((run) => run.metrics[metric] ?? []);
  }

  /** NaN when it was never measured, or when most runs do not count: a median of the others would say little. */
  median(condition: Condition, metric: string): number {
    return hasQuorum(this.#at(condition)) ? median(this.values(condition, metric)) : Number.NaN;
  }

  estimate(condition: Condition, metric: string): Estimate | undefined {
    return this.combination([{ ...condition, metric }]);
  }

  /** An estimate of several medians together; undefined when one of them was not measured. */
  combination(samples: readonly MetricSample[], combine = quotient): Estimate | undefined {
    const values = samples.map((sample) => this.values(sample, sample.metric));
    if (values.some(({ length }) => length === 0)) return undefined;
    return estimate(values, combine, prng(this.#seed));
  }

  /**
   * A clause that compares the ones with the others: `threads: 1.40 times (1.31 to 1.52) the letters/s of events`, or that
   * no difference was shown. None with too few repeats of either.
   */
  compare(
    metric: string,
    here: Condition,
    there: Condition,
    { name = here.target, what = metric, other = there.target } = {},
  ): string[] {
    const samples = [here, there].map((condition) => ({ ...condition, metric }));
    const { median: times = 1, low, high } = this.combination(samples) ?? {};
    if (low === undefined || high === undefined) return [];
    if (low <= 1 && high >= 1) return [`${name}: no difference in ${what} to ${other} was shown`];
    const interval = `${formatNumber(low)} to ${formatNumber(high)}`;
    return [`${name}: ${formatNumber(times)} times (${interval}) the ${what} of ${other}`];
  }

  /** The same for each server, between two parameters. */
  compareParameters(
    metric: string,
    here: string,
    there: string,
    words: { what?: string; other?: string } = {},
  ) {
    return this.targets.flatMap((target) =>
      this.compare(metric, { target, parameter: here }, { target, parameter: there }, words),
    );
  }

  /** The point of a chart, if the metric was measured under this condition. */
  point(condition: Condition, metric: string, x: number) {
    const found = this.estimate(condition, metric);
    if (found === undefined) return [];
    const { median: y, low, high } = found;
    return [{ x, y, ...(low !== undefined && high !== undefined && { low, high }) }];
  }

  rows(): Row[] {
    return this.conditions.map((condition) => {
      const runs = this.#at(condition);
      const metrics = new Set(runs.filter(counts).flatMap((run) => Object.keys(run.metrics)));
      const estimates = Object.fromEntries(
        [...metrics].flatMap((metric) => {
          const found = this.estimate(condition, metric);
          return found === undefined ? [] : [[metric, found] as const];
        }),
      );
      return { ...condition, estimates, remarks: [...remarks(runs), ...bottleneck(estimates)] };
    });
  }

  #at({ target, parameter }: Condition): Run[] {
    return this.runs.filter((run) => run.target === target && run.parameter === parameter);
  }
}

/**
 * A number made of the medians of several samples, with its interval where each has enough repeats to claim one.
 * @param combine gets the medians in the order of the samples
 */
export function estimate(
  samples: ReadonlyArray<readonly number[]>,
  combine: (medians: readonly number[]) => number,
  random: Prng,
): Estimate {
  const repeats = Math.min(...samples.map(({ length }) => length));
  const together = { median: combine(samples.map(median)), repeats };
  if (repeats < ENOUGH_REPEATS) return together;
  const draw = () => combine(samples.map((values) => median(resample(values, random))));
  const drawn = Array.from({ length: RESAMPLES }, draw).sort((one, other) => one - other);
  return { ...together, low: quantile(drawn, TAIL), high: quantile(drawn, 1 - TAIL) };
}

function resample(values: readonly number[], random: Prng): number[] {
  return values.map(() => values[random.below(values.length)] as number);
}

/** Why a run does not count, the most important reason first; none if it does. */
export function reasons(run: Run): string[] {
  const kinds = ['absent', 'wrong', 'void'] as const;
  return kinds.flatMap((kind) => (run[kind] === undefined ? [] : `${kind}: ${run[kind]}`));
}

export function counts(run: Run): boolean {
  return reasons(run).length === 0;
}

function hasQuorum(runs: readonly Run[]): boolean {
  return 2 * runs.filter(counts).length > runs.length;
}

/** Each first reason once, with the number of runs. */
function remarks(runs: readonly Run[]): string[] {
  const first = runs.flatMap((run) => reasons(run).slice(0, 1));
  return [...new Set(first)].map((reason) => {
    const times = first.filter((other) => other === reason).length;
    return runs.length === 1 ? reason : `${reason} (${times} of ${runs.length})`;
  });
}

/** Named where the load was busy and the server was not; nothing where no letter was answered. */
function bottleneck(estimates: Row['estimates']): string[] {
  const [load = 0, server = 100] = ['load CPU %', 'server CPU %'].map((metric) => estimates[metric]?.median);
  return load > BUSY && server < BUSY
    ? [`the load was the bottleneck (${Math.round(load)} % of a core)`]
    : [];
}
