// Makes the runs: which, in what order, each with a server of its own, and what was seen.
//
// Each repeat runs everything once, in an order of its own drawn from the seed, so that whatever else the machine does
// hits all alike and a slow minute is nobody's disadvantage.

import { setTimeout as pass } from 'node:timers/promises';
import { OperationalError } from '../../shared/errors.js';
import { prng } from '../../shared/prng.js';
import { HAS_PROC, processStats } from '../../shared/procfs.js';
import type { LoadPlan, LoadResult } from '../load/plan.js';
import { Analysis } from './analysis.js';
import type { Experiment, LabOptions, Measured, RunContext, Trial } from './experiment.js';
import type { Findings, Run } from './results.js';
import { type RunningServer, startServer } from './server-process.js';
import type { ServerUnderTest } from './server-under-test.js';
import { ENOUGH_REPEATS } from './statistics.js';
import { summarizeRun } from './summarize-run.js';

/** What a plan that says nothing else asks for. */
const DEFAULT_PLAN = {
  clients: 1,
  idleClients: 0,
  letters: 1_000,
  warmup: 20,
  prefill: 0,
  timeoutMs: 20_000,
  burst: 1,
  writes: 1,
  nagle: false,
} as const;

/** A run takes seconds, at most about a minute. */
const DEADLINE_MS = 150_000;

const NOT_OBSERVED =
  'This system has no /proc: processor time, context switches, memory and threads of servers could not be measured.';

export interface RunOptions {
  readonly seed: number;
  readonly repeats: number;
  /** Told before each run: how many were made, of how many, and what comes now. */
  readonly onRun: (made: number, of: number, what: string) => void;
  /** Told what an experiment has found before the next begins, so that who stops in between still has it. */
  readonly onFindings?: (findings: Findings) => Promise<void>;
  readonly drive: (plan: LoadPlan) => Promise<LoadResult>;
  /** A server that is in use for longer, in milliseconds, has its run given up. */
  readonly deadlineMs?: number;
}

interface Planned {
  readonly trial: Trial;
  readonly repeat: number;
}

export async function runExperiments(
  experiments: readonly Experiment[],
  lab: LabOptions,
  course: RunOptions,
): Promise<Findings[]> {
  const bench = new Runner(course);
  const planned = experiments.map((experiment) => {
    const trials = experiment.trials(lab);
    return { experiment, trials, runs: plan(trials, course) };
  });
  const of = planned.reduce((sum, { runs }) => sum + runs.length, 0);
  const findings: Findings[] = [];
  let made = 0;
  for (const { experiment, trials, runs } of planned) {
    const done = trials.flatMap(absent);
    for (const { trial, repeat } of runs) {
      course.onRun(made, of, `${experiment.id}: ${trial.target}, ${trial.parameter}`);
      done.push(await measure(trial, repeat, bench));
      made += 1;
    }
    const found = conclude(experiment, inOrder(trials, done), lab, course);
    findings.push(found);
    await course.onFindings?.(found);
  }
  return findings;
}

function plan(trials: readonly Trial[], { seed, repeats }: RunOptions): Planned[] {
  const { below } = prng(seed);
  const round = (repeat: number) => {
    const left = trials.filter(({ measure }) => typeof measure !== 'string');
    const drawn: Planned[] = [];
    while (left.length > 0) {
      const [trial] = left.splice(below(left.length), 1);
      if (trial !== undefined) drawn.push({ trial, repeat });
    }
    return drawn;
  };
  return Array.from({ length: repeats }, (_, repeat) => round(repeat)).flat();
}

function absent({ target, parameter, measure }: Trial): Run[] {
  return typeof measure === 'string' ? [{ target, parameter, repeat: 0, metrics: {}, absent: measure }] : [];
}

/** As they were planned, not as they were drawn: that is the order of every table. */
function inOrder(trials: readonly Trial[], runs: readonly Run[]): Run[] {
  return trials.flatMap(({ target, parameter }) =>
    runs.filter((run) => run.target === target && run.parameter === parameter),
  );
}

/** A server or a load that fails takes this run with it, not the others. */
async function measure(
  { target, parameter, measure: make }: Trial,
  repeat: number,
  bench: RunContext,
): Promise<Run> {
  if (typeof make === 'string') throw new Error('an absent cell was planned');
  try {
    return { target, parameter, repeat, ...(await make(bench)) };
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
  const analysis = new Analysis(runs, seed);
  const { id, question, variable, hypothesis, loop, columns } = experiment;
  const notes = [...(experiment.notes ?? []), ...(HAS_PROC ? [] : [NOT_OBSERVED])];
  return {
    id,
    question,
    variable,
    hypothesis,
    loop,
    runs,
    rows: analysis.rows(),
    columns,
    conclusions: repeats < ENOUGH_REPEATS ? [] : experiment.conclude(analysis, lab),
    charts: experiment.charts(analysis, lab),
    notes,
  };
}

class Runner implements RunContext {
  readonly seed: number;
  readonly #drive: RunOptions['drive'];
  readonly #deadlineMs: number;
  readonly #made = new Map<string, unknown>();

  constructor({ seed, drive, deadlineMs = DEADLINE_MS }: RunOptions) {
    this.seed = seed;
    this.#drive = drive;
    this.#deadlineMs = deadlineMs;
  }

  async withServer<T>(
    target: ServerUnderTest,
    args: readonly string[],
    use: (server: RunningServer) => Promise<T>,
  ): Promise<T> {
    const server = await startServer(target, args);
    const late = new AbortController();
    const deadline = pass(this.#deadlineMs, undefined, { signal: late.signal }).then(() => {
      throw new OperationalError('ETIMEDOUT', `it was not done after ${this.#deadlineMs / 1000} s`);
    });
    try {
      return await Promise.race([use(server), deadline]);
    } finally {
      late.abort();
      await server.stop();
    }
  }

  async drive({ host, port, pid }: RunningServer, plan: Partial<LoadPlan>): Promise<Measured> {
    const asked = { ...DEFAULT_PLAN, ...plan };
    // The same number for each client: one that has nothing more to say is out to lunch, for the others.
    const letters = asked.clients * Math.ceil(asked.letters / asked.clients);
    const whole: LoadPlan = { ...asked, host, port, watch: pid, seed: this.seed, letters };
    const alone = processStats(pid);
    return summarizeRun(whole, await this.#drive(whole), alone);
  }

  run(target: ServerUnderTest, args: readonly string[], plan: Partial<LoadPlan>): Promise<Measured> {
    return this.withServer(target, args, (server) => this.drive(server, plan));
  }

  async once<T>(name: string, make: () => Promise<T>): Promise<T> {
    if (!this.#made.has(name)) this.#made.set(name, await make());
    return this.#made.get(name) as T;
  }
}
