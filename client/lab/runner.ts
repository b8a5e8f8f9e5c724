// Makes the runs of experiments, each with a server of its own. Each repeat runs every trial once, in an order of its own
// drawn from the seed, so that other activity on the machine affects all trials alike.

import { setTimeout as pass } from 'node:timers/promises';
import { OperationalError } from '../../shared/errors.js';
import { prng } from '../../shared/prng.js';
import { HAS_PROC, processStats } from '../../shared/procfs.js';
import { DEFAULT_PLAN, type LoadPlan, type LoadResult } from '../load/plan.js';
import { Analysis, ENOUGH_REPEATS } from './analysis.js';
import type { Experiment, LabOptions, RunContext, Trial } from './experiment.js';
import type { Findings, Run } from './results.js';
import { startServer } from './server-process.js';
import { summarizeRun } from './summarize-run.js';
import { evaluate } from './thresholds.js';

/** A run takes seconds, at most about a minute. */
const DEADLINE_MS = 150_000;

const NOT_OBSERVED =
  'This system has no /proc: processor time, context switches, memory and threads of servers could not be measured.';

export interface RunOptions {
  readonly seed: number;
  readonly repeats: number;
  readonly drive: (plan: LoadPlan) => Promise<LoadResult>;
  /** Called before each run: how many were made, of how many, and what comes now. */
  readonly onRun?: (made: number, of: number, what: string) => void;
  /** Called before the next experiment begins, so that an interrupted laboratory has reported what it found. */
  readonly onFindings?: (findings: Findings) => Promise<void>;
  /** A run that uses its server for longer, in milliseconds, is void. */
  readonly deadlineMs?: number;
}

export async function runExperiments(
  experiments: readonly Experiment[],
  lab: LabOptions,
  options: RunOptions,
): Promise<Findings[]> {
  const context = runContext(options);
  const planned = experiments.map((experiment) => {
    const trials = experiment.trials(lab);
    return { experiment, trials, order: drawOrder(trials, options) };
  });
  const of = planned.reduce((sum, { order }) => sum + order.length, 0);
  const findings: Findings[] = [];
  let made = 0;
  for (const { experiment, trials, order } of planned) {
    // In the order of the trials, which is that of every table.
    const runs = new Map(trials.map((trial) => [trial, absent(trial)]));
    for (const { trial, repeat } of order) {
      options.onRun?.(made, of, `${experiment.id}: ${trial.target}, ${trial.parameter}`);
      runs.get(trial)?.push(await measure(trial, repeat, context));
      made += 1;
    }
    const found = conclude(experiment, [...runs.values()].flat(), lab, options);
    findings.push(found);
    await options.onFindings?.(found);
  }
  return findings;
}

function drawOrder(trials: readonly Trial[], { seed, repeats }: RunOptions) {
  const { below } = prng(seed);
  const present = trials.filter(({ measure }) => typeof measure !== 'string');
  return Array.from({ length: repeats }, (_, repeat) => {
    const left = [...present];
    return present.flatMap(() => left.splice(below(left.length), 1)).map((trial) => ({ trial, repeat }));
  }).flat();
}

function absent({ target, parameter, measure }: Trial): Run[] {
  return typeof measure === 'string' ? [{ target, parameter, repeat: 0, metrics: {}, absent: measure }] : [];
}

/** A server or a load that fails makes this run void and leaves the others alone. */
async function measure(
  { target, parameter, measure: make }: Trial,
  repeat: number,
  context: RunContext,
): Promise<Run> {
  if (typeof make === 'string') throw new Error('an absent trial was planned');
  try {
    return { target, parameter, repeat, ...(await make(context)) };
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return { target, parameter, repeat, metrics: {}, void: error.message };
  }
}

function conclude(
  experiment: Experiment,
  runs: readonly Run[],
  lab: LabOptions,
  { seed, repeats }: RunOptions,
): Findings {
  const analysis = new Analysis(experiment.derive?.(runs) ?? runs, seed);
  const { id, question, variable, hypothesis, loop, columns, thresholds = [], notes = [] } = experiment;
  return {
    ...{ id, question, variable, hypothesis, loop, columns, runs: analysis.runs },
    rows: analysis.rows(),
    conclusions: repeats < ENOUGH_REPEATS ? [] : (experiment.conclude?.(analysis, lab) ?? []),
    thresholds: thresholds.map((threshold) => evaluate(threshold, analysis)),
    charts: experiment.charts?.(analysis, lab) ?? [],
    notes: HAS_PROC ? notes : [...notes, NOT_OBSERVED],
  };
}

function runContext({ seed, drive, deadlineMs = DEADLINE_MS }: RunOptions): RunContext {
  const made = new Map<string, unknown>();
  const context: RunContext = {
    async withServer(target, args, use) {
      const server = await startServer(target, args);
      const done = new AbortController();
      const deadline = pass(deadlineMs, undefined, { signal: done.signal }).then(() => {
        throw new OperationalError('ETIMEDOUT', `it was not done after ${deadlineMs / 1000} s`);
      });
      try {
        return await Promise.race([use(server), deadline]);
      } finally {
        done.abort();
        await server.stop();
      }
    },
    async drive({ host, port, pid }, changes) {
      const plan = { ...DEFAULT_PLAN, ...changes };
      // The same number for each client: one that has sent all of its letters is silent while the others still send.
      const letters = plan.clients * Math.ceil(plan.letters / plan.clients);
      const whole: LoadPlan = { ...plan, host, port, watch: pid, seed, letters };
      const alone = processStats(pid);
      return summarizeRun(whole, await drive(whole), alone);
    },
    run: (target, args, plan) => context.withServer(target, args, (server) => context.drive(server, plan)),
    async once<T>(name: string, make: () => Promise<T>) {
      if (!made.has(name)) made.set(name, await make());
      return made.get(name) as T;
    },
  };
  return context;
}
