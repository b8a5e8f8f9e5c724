// What the runs of an experiment allow to be said. Runs that do not count (void, wrong, absent) are left out of every
// figure and named instead.

import { random } from '../../shared/random.js';
import { formatNumber } from './report/numbers.js';
import type { Estimate, Row, Run } from './results.js';
import { combination, estimate, median, ratio } from './statistics.js';

/** From here on, in percent of a core, a process has no time left. */
const BUSY = 90;

/** A server at a level. */
export interface Place {
  readonly target: string;
  readonly level: string;
}

/** A figure there. */
export interface Sample extends Place {
  readonly figure: string;
}

export class Evidence {
  readonly runs: readonly Run[];
  readonly #seed: number;

  constructor(runs: readonly Run[], seed: number) {
    this.runs = runs;
    this.#seed = seed;
  }

  /** In the order in which they were planned. */
  get places(): Place[] {
    const places = new Map(this.runs.map(({ target, level }) => [`${target}\n${level}`, { target, level }]));
    return [...places.values()];
  }

  get targets(): string[] {
    return [...new Set(this.runs.map(({ target }) => target))];
  }

  get levels(): string[] {
    return [...new Set(this.runs.map(({ level }) => level))];
  }

  /** The values of a figure in the runs that count. */
  values({ target, level }: Place, figure: string): number[] {
    return this.#at({ target, level })
      .filter(counts)
      .flatMap((run) => run.figures[figure] ?? []);
  }

  /** NaN when it was never measured, or most of the runs there do not count: a median of the others would say little. */
  median(place: Place, figure: string): number {
    const runs = this.#at(place);
    return 2 * runs.filter(counts).length > runs.length ? median(this.values(place, figure)) : Number.NaN;
  }

  estimate(place: Place, figure: string): Estimate | undefined {
    const values = this.values(place, figure);
    return values.length === 0 ? undefined : estimate(values, random(this.#seed));
  }

  /** What the medians of several figures come to together; undefined when one of them was not measured. */
  combination(
    samples: readonly Sample[],
    combine: (medians: readonly number[]) => number,
  ): Estimate | undefined {
    const values = samples.map(({ figure, ...place }) => this.values(place, figure));
    if (values.some(({ length }) => length === 0)) return undefined;
    return combination(values, combine, random(this.#seed));
  }

  /**
   * The comparison in words, to follow the name of `here`: `1.40 times (1.31 to 1.52) the letters/s of threads`, or that
   * none was shown; `other` names whom to. Undefined with too few repeats of either to say.
   */
  compare(figure: string, here: Place, there: Place, what: string, other = there.target): string | undefined {
    const found = ratio(this.values(here, figure), this.values(there, figure), random(this.#seed));
    if (found === undefined) return undefined;
    if (!found.differs) return `no difference in ${what} to ${other} was shown`;
    const interval = `${formatNumber(found.low)} to ${formatNumber(found.high)}`;
    return `${formatNumber(found.ratio)} times (${interval}) the ${what} of ${other}`;
  }

  /** A line for each target. */
  lines(figure: string, x: (level: string) => number) {
    return this.targets.map((name) => ({ name, points: this.series(name, figure, x) }));
  }

  /** A line of points of a figure, one for each level that has one. */
  series(
    target: string,
    figure: string,
    x: (level: string) => number,
  ): Array<{ x: number; y: number; low?: number; high?: number }> {
    return this.levels.flatMap((level) => {
      const found = this.estimate({ target, level }, figure);
      if (found === undefined) return [];
      const { median: y, low, high } = found;
      return [{ x: x(level), y, ...(low !== undefined && high !== undefined && { low, high }) }];
    });
  }

  rows(): Row[] {
    return this.places.map(({ target, level }) => {
      const runs = this.#at({ target, level });
      const figures = new Set(runs.filter(counts).flatMap((run) => Object.keys(run.figures)));
      const estimates = [...figures].flatMap((figure) => {
        const found = this.estimate({ target, level }, figure);
        return found === undefined ? [] : [[figure, found] as const];
      });
      const figuresAt = Object.fromEntries(estimates);
      return { target, level, estimates: figuresAt, remarks: [...remarks(runs), ...bottleneck(figuresAt)] };
    });
  }

  #at({ target, level }: Place): Run[] {
    return this.runs.filter((run) => run.target === target && run.level === level);
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
  const [load = 0, server = 100] = ['load CPU %', 'server CPU %'].map((figure) => estimates[figure]?.median);
  return load > BUSY && server < BUSY
    ? [`the load was the bottleneck (${Math.round(load)} % of a core)`]
    : [];
}
