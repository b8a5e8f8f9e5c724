// What an experiment is: a question, the runs that can answer it, and what may be said once they were made. Adding one
// means adding a file to experiments/ and its name to the list in strlab.ts.

import type { Evidence } from './evidence.js';
import type { LoadPlan, LoadResult } from './load/plan.js';
import type { Chart } from './report/chart.js';
import type { Figures } from './results.js';
import type { RunningServer } from './running.js';
import type { IoModelName, Target } from './target.js';

export interface Experiment {
  readonly id: string;
  readonly question: string;
  readonly varies: string;
  /** What is expected, and why. The figures are free to disagree. */
  readonly expects: string;
  /** What reply times count from. */
  readonly loop: string;
  /** The figures that the tables show. */
  readonly shown: readonly string[];
  /** What is to be run, in any order. */
  cells(lab: Lab): Cell[];
  /** Sentences made from the figures, the first of which answers the question; asked for only with enough repeats. */
  conclude(evidence: Evidence, lab: Lab): string[];
  charts(evidence: Evidence, lab: Lab): Chart[];
  /** Figures of others with their source, and what cannot be measured. */
  readonly notes?: readonly string[];
}

/** What the laboratory was told, and what it has. */
export interface Lab {
  readonly models: readonly IoModelName[];
  readonly quick: boolean;
  /** How many clients send, where an experiment does not vary that; undefined: what is best for it. */
  readonly clients: number | undefined;
  /** Our server with these I/O models, and what of the yardsticks is here. */
  readonly targets: readonly Target[];
}

/** A server at a level of what the experiment varies: run as often as repeats are wanted. */
export interface Cell {
  readonly target: string;
  readonly level: string;
  /** Or, in words, why it is not run. */
  readonly measure: ((bench: Bench) => Promise<Measured>) | string;
}

/** What one run gives. */
export interface Measured {
  readonly figures: Figures;
  readonly load?: LoadResult;
  readonly void?: string;
  readonly wrong?: string;
}

/** What a run works with. */
export interface Bench {
  readonly seed: number;
  /** A server of its own for this run, ended whatever happens. */
  withServer<T>(
    target: Target,
    args: readonly string[],
    use: (server: RunningServer) => Promise<T>,
  ): Promise<T>;
  /** Drives a server and watches it meanwhile. */
  drive(server: RunningServer, plan: Partial<LoadPlan>): Promise<Measured>;
  /** Both. */
  run(target: Target, args: readonly string[], plan: Partial<LoadPlan>): Promise<Measured>;
  /** Does something the first time that it is asked for under this name, and remembers what came of it. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
}
