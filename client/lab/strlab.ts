#!/usr/bin/env node
// The command: which experiments, with what; progress while they run, tables at the end, files where they are wanted.

import { availableParallelism } from 'node:os';
import { print, readCommandLine, runCommand, tell } from '../../shared/cli.js';
import { OperationalError } from '../../shared/errors.js';
import { nonEmpty, oneOf, wholeNumber } from '../../shared/options.js';
import type { LoadPlan } from '../load/plan.js';
import { LoadProcess } from '../load/run-load.js';
import { DRIVE, driveServer } from './drive.js';
import { commit, environment, packageVersion } from './environment.js';
import type { Experiment, LabOptions } from './experiment.js';
import { chunks } from './experiments/chunks.js';
import { clients } from './experiments/clients.js';
import { cpuBound } from './experiments/cpu-bound.js';
import { cpuCost } from './experiments/cpu-cost.js';
import { idle } from './experiments/idle.js';
import { idleConnections } from './experiments/idle-connections.js';
import { lostUpdates } from './experiments/lost-updates.js';
import { lunch } from './experiments/lunch.js';
import { nagle } from './experiments/nagle.js';
import { nonReader } from './experiments/non-reader.js';
import { openLoop } from './experiments/open-loop.js';
import { replySize } from './experiments/reply-size.js';
import type { Results } from './results.js';
import { endOnSignals, runShown } from './runs-shown.js';
import { IO_MODELS } from './server-under-test.js';
import { baselines, ourServers } from './servers-under-test.js';
import { ENOUGH_REPEATS } from './statistics.js';

const EXPERIMENTS: readonly Experiment[] = [
  lunch,
  idle,
  clients,
  openLoop,
  nonReader,
  idleConnections,
  replySize,
  cpuBound,
  lostUpdates,
  nagle,
  chunks,
  cpuCost,
];
const QUICK_REPEATS = 3;

endOnSignals();
await runCommand('strlab', async () => {
  if (process.argv[2] !== 'drive') return runLab();
  process.argv.splice(2, 1);
  return driveServer(readCommandLine(DRIVE));
});

async function runLab(): Promise<void> {
  const options = readOptions();
  if (options.out !== undefined) requireCharts();
  const { quick, seed, repeats } = options;
  const date = new Date().toISOString();
  const { targets: others, missing } = await baselines();
  for (const { name, why } of missing) tell(`strlab: ${name} is not measured: ${why}`);
  const lab: LabOptions = {
    models: options.io,
    quick,
    clients: options.clients,
    targets: [...ourServers(options.io), ...others],
  };
  const mark = quick ? ', quick' : '';
  await print(`seed ${seed}, ${repeats} repeats, ${availableParallelism()} cores${mark}\n\n`);
  const load = new LoadProcess();
  const drive = (plan: LoadPlan) => load.run(plan);
  const experiments = await runShown(options.experiments, lab, { seed, repeats, drive }).finally(() =>
    load.close(),
  );
  const results: Results = {
    version: packageVersion(),
    ...definedCommit(),
    date,
    seed,
    quick,
    repeats,
    machine: environment(),
    experiments,
  };
  if (options.out === undefined) return;
  const { writeResults } = await import('./report/files.js'); // charts take longer to load than most loads to run
  const { report } = await writeResults(options.out, results);
  await print(`The report is in ${report}\n`);
}

/** Said before anything is measured. */
function requireCharts(): void {
  try {
    import.meta.resolve('echarts');
  } catch (error) {
    const advice = 'a clone of the project has it, elsewhere: npm install echarts';
    throw new OperationalError('NO_ECHARTS', `the report of --out is drawn with echarts; ${advice}`, error);
  }
}

function definedCommit(): { commit?: string } {
  const known = commit();
  return known === undefined ? {} : { commit: known };
}

function readOptions() {
  const names = EXPERIMENTS.map(({ id }) => id);
  const options = readCommandLine({
    name: 'strlab',
    usage: '<experiment>',
    summary: `Measure asynchronous I/O against threads. Experiments: ${names.join(', ')}; or all of them: all. A load alone, against any server: strlab drive --help`,
    positionals: (yargs) =>
      yargs.positional('experiment', {
        describe: 'Which, or all',
        demandOption: true,
        coerce: oneOf('experiment', [...names, 'all']),
      }),
    options: (yargs) =>
      yargs
        .option('quick', {
          describe: 'Fewer levels and repeats, so figures without conclusions: all in under two minutes',
          boolean: true,
          default: false,
        })
        .option('io', {
          requiresArg: true,
          describe: 'Which I/O models, with commas between them',
          defaultDescription: IO_MODELS.join(','),
          coerce: (value: unknown) => nonEmpty('--io')(value).split(',').map(oneOf('--io', IO_MODELS)),
        })
        .option('repeats', {
          requiresArg: true,
          describe: 'How often each server is run at each level',
          defaultDescription: `${ENOUGH_REPEATS}; ${QUICK_REPEATS} with --quick`,
          coerce: wholeNumber('--repeats', 1, 1_000),
        })
        .option('clients', {
          requiresArg: true,
          describe: 'How many clients send letters, in place of what each experiment has found best',
          coerce: wholeNumber('--clients', 1, 10_000),
        })
        .option('seed', {
          requiresArg: true,
          describe: 'Of the order of the runs; the same seed, the same order',
          defaultDescription: 'random',
          coerce: wholeNumber('--seed', 0, 2 ** 31 - 1),
        })
        .option('out', {
          requiresArg: true,
          describe: 'A folder for report.html, results.json and results.csv',
          coerce: nonEmpty('--out'),
        }),
    examples: [
      ['strlab lunch', 'one client is out to lunch: who is served?'],
      ['strlab all --quick --out results', 'everything in under two minutes, with a report'],
      ['strlab drive 127.0.0.1 2000', 'a load against your own server'],
    ],
  });
  const { experiment, quick } = options;
  return {
    ...options,
    experiments: EXPERIMENTS.filter(({ id }) => experiment === 'all' || experiment === id),
    io: options.io ?? IO_MODELS,
    repeats: options.repeats ?? (quick ? QUICK_REPEATS : ENOUGH_REPEATS),
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 31),
  };
}
