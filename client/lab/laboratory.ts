// Makes the runs: which, in what order, each with a server of its own, and what was seen.
//
// Each repeat runs everything once, in an order of its own drawn from the seed, so that whatever else the machine does
// hits all alike and a slow minute is nobody's disadvantage.

import { setTimeout as pass } from 'node:timers/promises';
import { OperationalError } from '../../shared/errors.js';
import { random } from '../../shared/random.js';
import { Evidence } from './evidence.js';
import type { Bench, Cell, Experiment, Lab, Measured } from './experiment.js';
import { judge } from './judge.js';
import type { LoadPlan, LoadResult } from './load/plan.js';
import { CAN_OBSERVE, observe } from './observe.js';
import type { Findings, Run } from './results.js';
import { type RunningServer, startServer } from './running.js';
import { ENOUGH_REPEATS } from './statistics.js';
import type { Target } from './target.js';

/** What a plan that says nothing else asks for. */
const CALM = {
  clients: 1,
  silent: 0,
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

export interface Course {
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
  readonly cell: Cell;
  readonly repeat: number;
}

export async function runExperiments(
  experiments: readonly Experiment[],
  lab: Lab,
  course: Course,
): Promise<Findings[]> {
  const bench = new Workbench(course);
  const planned = experiments.map((experiment) => {
    const cells = experiment.cells(lab);
    return { experiment, cells, runs: plan(cells, course) };
  });
  const of = planned.reduce((sum, { runs }) => sum + runs.length, 0);
  const findings: Findings[] = [];
  let made = 0;
  for (const { experiment, cells, runs } of planned) {
    const done = cells.flatMap(absent);
    for (const { cell, repeat } of runs) {
      course.onRun(made, of, `${experiment.id}: ${cell.target}, ${cell.level}`);
      done.push(await measure(cell, repeat, bench));
      made += 1;
    }
    const found = conclude(experiment, inOrder(cells, done), lab, course);
    findings.push(found);
    await course.onFindings?.(found);
  }
  return findings;
}

function plan(cells: readonly Cell[], { seed, repeats }: Course): Planned[] {
  const { below } = random(seed);
  const round = (repeat: number) => {
    const left = cells.filter(({ measure }) => typeof measure !== 'string');
    const drawn: Planned[] = [];
    while (left.length > 0) {
      const [cell] = left.splice(below(left.length), 1);
      if (cell !== undefined) drawn.push({ cell, repeat });
    }
    return drawn;
  };
  return Array.from({ length: repeats }, (_, repeat) => round(repeat)).flat();
}

function absent({ target, level, measure }: Cell): Run[] {
  return typeof measure === 'string' ? [{ target, level, repeat: 0, figures: {}, absent: measure }] : [];
}

/** As they were planned, not as they were drawn: that is the order of every table. */
function inOrder(cells: readonly Cell[], runs: readonly Run[]): Run[] {
  return cells.flatMap(({ target, level }) =>
    runs.filter((run) => run.target === target && run.level === level),
  );
}

/** A server or a load that fails takes this run with it, not the others. */
async function measure({ target, level, measure: make }: Cell, repeat: number, bench: Bench): Promise<Run> {
  if (typeof make === 'string') throw new Error('an absent cell was planned');
  try {
    return { target, level, repeat, ...(await make(bench)) };
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return { target, level, repeat, figures: {}, void: error.message };
  }
}

function conclude(
  experiment: Experiment,
  runs: readonly Run[],
  lab: Lab,
  { seed, repeats }: Course,
): Findings {
  const evidence = new Evidence(runs, seed);
  const { id, question, varies, expects, loop, shown } = experiment;
  const notes = [...(experiment.notes ?? []), ...(CAN_OBSERVE ? [] : [NOT_OBSERVED])];
  return {
    id,
    question,
    varies,
    expects,
    loop,
    runs,
    rows: evidence.rows(),
    shown,
    conclusions: repeats < ENOUGH_REPEATS ? [] : experiment.conclude(evidence, lab),
    charts: experiment.charts(evidence, lab),
    notes,
  };
}

class Workbench implements Bench {
  readonly seed: number;
  readonly #drive: Course['drive'];
  readonly #deadlineMs: number;
  readonly #made = new Map<string, unknown>();

  constructor({ seed, drive, deadlineMs = DEADLINE_MS }: Course) {
    this.seed = seed;
    this.#drive = drive;
    this.#deadlineMs = deadlineMs;
  }

  async withServer<T>(
    target: Target,
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
    const asked = { ...CALM, ...plan };
    // The same number for each client: one that has nothing more to say is out to lunch, for the others.
    const letters = asked.clients * Math.ceil(asked.letters / asked.clients);
    const whole: LoadPlan = { ...asked, host, port, watch: pid, seed: this.seed, letters };
    const alone = observe(pid);
    return judge(whole, await this.#drive(whole), alone);
  }

  run(target: Target, args: readonly string[], plan: Partial<LoadPlan>): Promise<Measured> {
    return this.withServer(target, args, (server) => this.drive(server, plan));
  }

  async once<T>(name: string, make: () => Promise<T>): Promise<T> {
    if (!this.#made.has(name)) this.#made.set(name, await make());
    return this.#made.get(name) as T;
  }
}
