// What the runs of an experiment allow to be said. Runs that do not count (void, wrong, absent) are left out of every
// estimate and named instead.

import { formatNumber } from '../../shared/numbers.js';
import { prng } from '../../shared/prng.js';
import { median } from '../../shared/quantile.js';
import type { Condition, Estimate, Row, Run } from './results.js';
import { estimate, quotient } from './statistics.js';

/** From here on, in percent of a core, a process has no time left. */
const BUSY = 90;

/** A metric under a condition. */
export interface Sample extends Condition {
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
  combination(samples: readonly Sample[], combine = quotient): Estimate | undefined {
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
