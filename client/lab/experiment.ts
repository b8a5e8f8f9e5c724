// What an experiment is: a question, the runs that can answer it, and what may be said once they were made. Adding one
// means adding a file to experiments/ and its name to the list in strlab.ts.

import type { LoadPlan, LoadResult } from '../load/plan.js';
import type { Analysis } from './analysis.js';
import type { Chart } from './report/chart.js';
import type { Metrics } from './results.js';
import type { RunningServer } from './server-process.js';
import type { IoModelName, ServerUnderTest } from './server-under-test.js';

export interface Experiment {
  readonly id: string;
  readonly question: string;
  readonly variable: string;
  /** What is expected, and why. The figures are free to disagree. */
  readonly hypothesis: string;
  /** What reply times count from. */
  readonly loop: string;
  /** The figures that the tables show. */
  readonly columns: readonly string[];
  /** What is to be run, in any order. */
  trials(lab: LabOptions): Trial[];
  /** Sentences made from the figures, the first of which answers the question; asked for only with enough repeats. */
  conclude(analysis: Analysis, lab: LabOptions): string[];
  charts(analysis: Analysis, lab: LabOptions): Chart[];
  /** Figures of others with their source, and what cannot be measured. */
  readonly notes?: readonly string[];
}

/** What the laboratory was told, and what it has. */
export interface LabOptions {
  readonly models: readonly IoModelName[];
  readonly quick: boolean;
  /** How many clients send, where an experiment does not vary that; undefined: what is best for it. */
  readonly clients: number | undefined;
  /** Our server with these I/O models, and what of the yardsticks is here. */
  readonly targets: readonly ServerUnderTest[];
}

/** A server at a level of what the experiment varies: run as often as repeats are wanted. */
export interface Trial {
  readonly target: string;
  readonly parameter: string;
  /** Or, in words, why it is not run. */
  readonly measure: ((bench: RunContext) => Promise<Measured>) | string;
}

/** What one run gives. */
export interface Measured {
  readonly metrics: Metrics;
  readonly load?: LoadResult;
  readonly void?: string;
  readonly wrong?: string;
}

/** What a run works with. */
export interface RunContext {
  readonly seed: number;
  /** A server of its own for this run, ended whatever happens. */
  withServer<T>(
    target: ServerUnderTest,
    args: readonly string[],
    use: (server: RunningServer) => Promise<T>,
  ): Promise<T>;
  /** Drives a server and watches it meanwhile. */
  drive(server: RunningServer, plan: Partial<LoadPlan>): Promise<Measured>;
  /** Both. */
  run(target: ServerUnderTest, args: readonly string[], plan: Partial<LoadPlan>): Promise<Measured>;
  /** Does something the first time that it is asked for under this name, and remembers what came of it. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
}
