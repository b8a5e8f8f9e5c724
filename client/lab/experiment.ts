// What an experiment is: a question, the runs that can answer it, and what follows from them. To add one, add a file to
// experiments/ (or to comparisons/, which `strlab bench` runs) that exports it as its default.

import { readdirSync } from 'node:fs';
import type { LoadPlan } from '../load/plan.js';
import type { Analysis } from './analysis.js';
import type { Chart } from './report/chart.js';
import type { Condition, Measured, Question, Run } from './results.js';
import type { RunningServer } from './server-process.js';
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
    use: (server: RunningServer) => Promise<T>,
  ): Promise<T>;
  /** Runs the load against a server. */
  drive(server: RunningServer, plan: Partial<LoadPlan>): Promise<Measured>;
  /** Both. */
  run(target: ServerUnderTest, args: readonly string[], plan: Partial<LoadPlan>): Promise<Measured>;
  /** The result of the first call with this name. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
}

export const EXPERIMENTS = await readFolder('experiments');
export const COMPARISONS = await readFolder('comparisons');

async function readFolder(name: string): Promise<readonly Experiment[]> {
  const folder = new URL(`${name}/`, import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  const experiments = modules.map((module) => module.default as Experiment);
  return experiments.toSorted((one, other) => one.order - other.order);
}
