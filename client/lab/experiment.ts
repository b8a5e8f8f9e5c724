// What an experiment is: a question, the runs that can answer it, and what follows from them; and what experiments are
// written with: which servers they take, a trial for each server and parameter, and how their conclusions are worded.

import type { LoadPlan } from '../load/plan.js';
import type { Analysis } from './analysis.js';
import type { Chart, Condition, Measured, Question, Run } from './results.js';
import type { ServerProcess } from './server-process.js';
import type { ServerUnderTest } from './servers-under-test.js';
import type { Threshold } from './thresholds.js';

export interface Experiment extends Question {
  /** Experiments are run and reported in rising order. */
  readonly order: number;
  trials(lab: LabOptions): Trial[];
  /** Adds metrics that relate the runs of one repeat to each other. */
  derive?(runs: readonly Run[]): readonly Run[];
  /** Sentences made from the metrics, the first of which answers the question; called only with enough repeats. */
  conclude?(analysis: Analysis, lab: LabOptions): string[];
  readonly thresholds?: readonly Threshold[];
  charts?(analysis: Analysis, lab: LabOptions): Chart[];
  /** Figures of others with their source, and what cannot be measured. */
  readonly notes?: readonly string[];
}

export interface LabOptions {
  readonly quick: boolean;
  /** How many clients send, where an experiment does not vary that; undefined: its own default. */
  readonly clients: number | undefined;
  /** strsvr with these I/O models, and the baselines that can run here. */
  readonly targets: readonly ServerUnderTest[];
}

/** A condition and how a run of it is made. */
export interface Trial extends Condition {
  /** Or, in words, why it is not run. */
  readonly measure: ((context: RunContext) => Promise<Measured>) | string;
}

export interface RunContext {
  /** Starts a server for this run; it is stopped in any case. */
  withServer<T>(
    target: ServerUnderTest,
    args: readonly string[],
    use: (server: ServerProcess) => Promise<T>,
  ): Promise<T>;
  /** Runs the load against a server. */
  drive(server: ServerProcess, plan: Partial<LoadPlan>): Promise<Measured>;
  /** Both. */
  run(target: ServerUnderTest, args: readonly string[], plan: Partial<LoadPlan>): Promise<Measured>;
  /** The result of the first call with this name. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
}

/** The servers that can run on this machine, of strsvr's I/O models only the selected ones. */
export function pick(lab: LabOptions, names: readonly string[], quick = names): ServerUnderTest[] {
  return lab.targets.filter(({ name }) => (lab.quick ? quick : names).includes(name));
}

/**
 * A trial for each of these servers at each value of the variable.
 * @param how a plan of a load is enough, where nothing but that is run
 */
export function trials<Value>(
  targets: readonly ServerUnderTest[],
  values: readonly Value[],
  parameter: (value: Value) => string,
  how: (target: ServerUnderTest, value: Value) => Trial['measure'] | Partial<LoadPlan>,
): Trial[] {
  return targets.flatMap((target) =>
    values.map((value) => {
      const made = how(target, value);
      const measure: Trial['measure'] =
        typeof made === 'object' ? (context) => context.run(target, [], made) : made;
      return { target: target.name, parameter: parameter(value), measure };
    }),
  );
}

/** One sentence of these clauses, if there are any. */
export function sentence(clauses: readonly string[], start = ''): string[] {
  return clauses.length === 0 ? [] : [`${start}${clauses.join('; ')}.`];
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(words);
}
