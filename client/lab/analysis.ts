// What the runs of an experiment allow to be said. Runs that do not count (void, wrong, absent) are left out of every
// figure and named instead.

import { prng } from '../../shared/prng.js';
import { formatNumber } from './report/numbers.js';
import type { Estimate, Row, Run } from './results.js';
import { combination, estimate, median, ratio } from './statistics.js';

/** From here on, in percent of a core, a process has no time left. */
const BUSY = 90;

/** A server at a level. */
export interface Condition {
  readonly target: string;
  readonly parameter: string;
}

/** A figure there. */
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

  /** In the order in which they were planned. */
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

  /** The values of a figure in the runs that count. */
  values({ target, parameter }: Condition, metric: string): number[] {
    return this.#at({ target, parameter })
      .filter(counts)
      .flatMap((run) => run.metrics[metric] ?? []);
  }

  /** NaN when it was never measured, or most of the runs there do not count: a median of the others would say little. */
  median(condition: Condition, metric: string): number {
    const runs = this.#at(condition);
    return 2 * runs.filter(counts).length > runs.length ? median(this.values(condition, metric)) : Number.NaN;
  }

  estimate(condition: Condition, metric: string): Estimate | undefined {
    const values = this.values(condition, metric);
    return values.length === 0 ? undefined : estimate(values, prng(this.#seed));
  }

  /** What the medians of several figures come to together; undefined when one of them was not measured. */
  combination(
    samples: readonly Sample[],
    combine: (medians: readonly number[]) => number,
  ): Estimate | undefined {
    const values = samples.map(({ metric, ...condition }) => this.values(condition, metric));
    if (values.some(({ length }) => length === 0)) return undefined;
    return combination(values, combine, prng(this.#seed));
  }

  /**
   * The comparison in words, to follow the name of `here`: `1.40 times (1.31 to 1.52) the letters/s of threads`, or that
   * none was shown; `other` names whom to. Undefined with too few repeats of either to say.
   */
  compare(
    metric: string,
    here: Condition,
    there: Condition,
    what: string,
    other = there.target,
  ): string | undefined {
    const found = ratio(this.values(here, metric), this.values(there, metric), prng(this.#seed));
    if (found === undefined) return undefined;
    if (!found.differs) return `no difference in ${what} to ${other} was shown`;
    const interval = `${formatNumber(found.low)} to ${formatNumber(found.high)}`;
    return `${formatNumber(found.ratio)} times (${interval}) the ${what} of ${other}`;
  }

  /** A line for each target. */
  lines(metric: string, x: (parameter: string) => number) {
    return this.targets.map((name) => ({ name, points: this.series(name, metric, x) }));
  }

  /** A line of points of a figure, one for each level that has one. */
  series(
    target: string,
    metric: string,
    x: (parameter: string) => number,
  ): Array<{ x: number; y: number; low?: number; high?: number }> {
    return this.parameters.flatMap((parameter) => {
      const found = this.estimate({ target, parameter }, metric);
      if (found === undefined) return [];
      const { median: y, low, high } = found;
      return [{ x: x(parameter), y, ...(low !== undefined && high !== undefined && { low, high }) }];
    });
  }

  rows(): Row[] {
    return this.conditions.map(({ target, parameter }) => {
      const runs = this.#at({ target, parameter });
      const metrics = new Set(runs.filter(counts).flatMap((run) => Object.keys(run.metrics)));
      const estimates = [...metrics].flatMap((metric) => {
        const found = this.estimate({ target, parameter }, metric);
        return found === undefined ? [] : [[metric, found] as const];
      });
      const figuresAt = Object.fromEntries(estimates);
      return {
        target,
        parameter,
        estimates: figuresAt,
        remarks: [...remarks(runs), ...bottleneck(figuresAt)],
      };
    });
  }

  #at({ target, parameter }: Condition): Run[] {
    return this.runs.filter((run) => run.target === target && run.parameter === parameter);
  }
}

function counts(run: Run): boolean {
  return run.void === undefined && run.wrong === undefined && run.absent === undefined;
}

/** Why runs do not count, each reason once, with how many of them it took. */
function remarks(runs: readonly Run[]): string[] {
  const reasons = runs.flatMap((run) => {
    if (run.absent !== undefined) return `absent: ${run.absent}`;
    if (run.wrong !== undefined) return `wrong: ${run.wrong}`;
    return run.void === undefined ? [] : `void: ${run.void}`;
  });
  return [...new Set(reasons)].map((reason) => {
    const times = reasons.filter((other) => other === reason).length;
    return runs.length === 1 ? reason : `${reason} (${times} of ${runs.length})`;
  });
}

/** Where not the server was what took the time, although nobody waited for a clock; nothing where nobody was answered. */
function bottleneck(estimates: Row['estimates']): string[] {
  const [load = 0, server = 100] = ['load CPU %', 'server CPU %'].map((metric) => estimates[metric]?.median);
  return load > BUSY && server < BUSY
    ? [`the load was the bottleneck (${Math.round(load)} % of a core)`]
    : [];
}
