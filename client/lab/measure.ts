// What `strlab run` and `strlab bench` do: measure experiments, with a progress bar meanwhile, findings as soon as they are
// there, and files at the end. A threshold that is missed fails nothing: machines differ.

import { logLine, print } from '../../shared/cli.js';
import { readCommandLine } from '../../shared/command-line.js';
import type { Parsed } from '../../shared/command-line-types.js';
import {
  IO_MODELS,
  type IoModelName,
  nonEmpty,
  oneOf,
  optional,
  optionalNumber,
} from '../../shared/options.js';
import { formatTable } from '../../shared/table.js';
import type { LoadPlan } from '../load/plan.js';
import { LoadProcess, runLoad } from '../load/run-load.js';
import { Progress } from '../progress.js';
import { COMPARISONS, EXPERIMENTS } from './all-experiments.js';
import { ENOUGH_REPEATS } from './analysis.js';
import { circumstances, facts } from './environment.js';
import type { Experiment } from './experiment.js';
import { writeResults } from './report/files.js';
import { findingsText } from './report/terminal.js';
import { type RunOptions, runExperiments } from './runner.js';
import { baselines, ourServers, runnable } from './servers-under-test.js';
import { thresholdRows } from './thresholds.js';

const QUICK_REPEATS = 3;
const BENCH_REPEATS = 7;
/** On a machine of two cores that is busier than this, server and load have no core each. */
const QUIET = 0.5;

const RUN = {
  name: 'strlab run',
  usage: '<experiment..>',
  summary: `Measure asynchronous I/O against threads. Experiments: ${ids(EXPERIMENTS)}; or all of them: all`,
  positionals: choose(EXPERIMENTS, []),
  options: {
    ...common(ENOUGH_REPEATS),
    io: {
      requiresArg: true,
      describe: 'I/O models, separated by commas',
      default: IO_MODELS.join(','),
      coerce: (value: unknown) => nonEmpty('--io')(value).split(',').map(oneOf('--io', IO_MODELS)),
    },
    clients: optionalNumber('--clients', 1, 10_000, 'Number of clients that send', 'as each experiment says'),
  },
  examples: [
    ['strlab run lunch', 'one client is out to lunch: are the others served?'],
    ['strlab run all --quick --out results', 'everything in under two minutes, with a report'],
  ],
} as const;

const BENCH = {
  name: 'strlab bench',
  usage: '[experiment..]',
  summary: `Measure how fast strsvr is, against baselines and thresholds. Experiments: ${ids(COMPARISONS)}`,
  positionals: choose(COMPARISONS, ['all']),
  options: common(BENCH_REPEATS),
  examples: [['strlab bench throughput latency --quick', 'two of the comparisons, in brief']],
} as const;

function ids(experiments: readonly Experiment[]): string {
  return experiments.map(({ id }) => id).join(', ');
}

function choose(experiments: readonly Experiment[], byDefault: string[]) {
  const names = [...experiments.map(({ id }) => id), 'all'];
  return {
    experiment: {
      describe: 'Names of experiments, or all',
      array: true,
      default: byDefault,
      coerce: (words: unknown) => {
        const chosen = [words].flat().map(oneOf('experiment', names));
        return experiments.filter(({ id }) => chosen.includes(id) || chosen.includes('all'));
      },
    },
  } as const;
}

function common(repeats: number) {
  const usual = `${repeats}; ${QUICK_REPEATS} with --quick`;
  return {
    quick: {
      describe: 'Fewer parameters, letters and repeats: medians without intervals and conclusions',
      boolean: true,
      default: false,
    },
    repeats: optionalNumber('--repeats', 1, 1_000, 'Number of runs per server and condition', usual),
    seed: optionalNumber('--seed', 0, 2 ** 31 - 1, 'Seed for the order of the runs', 'random'),
    out: {
      requiresArg: true,
      describe: 'Folder for report.html, results.json and results.csv',
      coerce: optional(nonEmpty('--out')),
    },
  } as const;
}

export async function run(): Promise<void> {
  const { io: models, ...options } = readCommandLine(RUN);
  const load = new LoadProcess();
  const drive = (plan: LoadPlan) => load.run(plan);
  await measure({ ...options, models, usualRepeats: ENOUGH_REPEATS, drive }).finally(() => load.close());
}

export async function bench(): Promise<void> {
  const how = { models: ['events', 'poll', 'uring'], usualRepeats: BENCH_REPEATS, drive: runLoad } as const;
  await measure({ ...readCommandLine(BENCH), ...how });
}

interface Options extends Parsed<typeof BENCH.options> {
  readonly experiment: readonly Experiment[];
  readonly models: readonly IoModelName[];
  readonly usualRepeats: number;
  readonly clients?: number | undefined;
  readonly drive: RunOptions['drive'];
}

async function measure(options: Options): Promise<void> {
  const { experiment, quick, clients, out, drive } = options;
  const repeats = options.repeats ?? (quick ? QUICK_REPEATS : options.usualRepeats);
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const { targets: others, missing } = await baselines();
  const { models, missing: missingModels } = runnable(options.models);
  for (const { name, why } of [...missingModels, ...missing])
    logLine(`strlab: ${name} is not measured: ${why}`);
  const lab = { quick, clients, targets: [...ourServers(models), ...others] };
  const measured = { ...(await circumstances()), seed, quick, repeats };
  await print(`${formatTable(facts(measured)).join('\n')}\n\n`);
  if (measured.machine.loadAverage > QUIET)
    logLine('strlab: other programs are busy on this machine, and every measurement suffers from that');
  const progress = new Progress('{value} of {total} runs, {eta_formatted} left: {what}');
  const findings = await runExperiments(experiment, lab, {
    ...{ seed, repeats, drive },
    onRun: (made, of, what) => progress.show(made, of, what),
    onFindings: (found) => {
      progress.stop();
      return print(`${findingsText(found, repeats < ENOUGH_REPEATS)}\n`);
    },
  }).finally(() => progress.stop());
  const thresholds = formatTable(thresholdRows(findings)).map((line) => `${line}\n`);
  if (thresholds.length > 0)
    await print(`Medians with their 99 % intervals, and the thresholds:\n\n${thresholds.join('')}\n`);
  if (out === undefined) return;
  const { report } = await writeResults(out, { ...measured, experiments: findings });
  await print(`The report is in ${report}\n`);
}
