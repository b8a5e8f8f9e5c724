#!/usr/bin/env node
// `make bench`: how fast strsvr is, against the same in C, in Python and on one page, and against what was aimed at. It is the
// laboratory with other experiments. What is missed is said and fails nothing: machines differ.

import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { print, readCommandLine, runCommand, tell } from '../../shared/cli.js';
import { nonEmpty, oneOf, wholeNumber } from '../../shared/options.js';
import type { LoadPlan } from '../load/plan.js';
import { runLoad } from '../load/run-load.js';
import { Analysis } from './analysis.js';
import { COMPARISONS } from './comparisons/all.js';
import { commit, environment, packageVersion } from './environment.js';
import { endOnSignals, runShown } from './runs-shown.js';
import { baselines, ourServers } from './servers-under-test.js';
import { evaluate, formatThresholds } from './thresholds.js';

const NAMES = COMPARISONS.map(({ id }) => id);
const MODELS = ['events', 'poll'] as const;
const REPEATS = 7;
const QUICK_REPEATS = 3;
/** A machine of two cores that is busier than this has none to spare for a server and its load. */
const QUIET = 0.5;

endOnSignals();
await runCommand('bench', bench);

async function bench(): Promise<void> {
  const options = readOptions();
  const { comparisons, quick, busyPoll, seed, repeats } = options;
  const { targets: others, missing } = await baselines();
  for (const { name, why } of missing) tell(`bench: ${name} is not measured: ${why}`);
  const lab = { models: MODELS, quick, clients: undefined, targets: [...ourServers(MODELS), ...others] };
  const circumstances = circumstancesOf(options);
  await print(`${circumstancesText(circumstances)}\n\n`);
  if (circumstances.loadAverage > QUIET) {
    tell('bench: other programs are busy on this machine, and every figure suffers from that');
  }
  const drive = (plan: LoadPlan) => runLoad({ ...plan, busyPoll });
  const experiments = await runShown(comparisons, lab, { seed, repeats, drive });
  const thresholds = comparisons.flatMap(({ id, thresholds }) => {
    const analysis = new Analysis(experiments.find((findings) => findings.id === id)?.runs ?? [], seed);
    return thresholds.map((threshold) => evaluate(id, threshold, analysis));
  });
  await print(
    `Medians with their 99 % intervals, against what was aimed at:\n\n${formatThresholds(thresholds)}\n`,
  );
  const file = await write(options.out, { ...circumstances, thresholds, experiments });
  await print(`Every run is in ${file}\n`);
}

function circumstancesOf({ quick, busyPoll, seed, repeats }: Options) {
  const [loadAverage = 0] = loadavg();
  const date = new Date().toISOString();
  const versions = { version: packageVersion(), commit: commit() };
  return { ...versions, date, seed, quick, busyPoll, repeats, loadAverage, machine: environment() };
}

function circumstancesText({
  machine: { processors, cores, system, versions },
  loadAverage,
  ...run
}: ReturnType<typeof circumstancesOf>): string {
  return [
    `${cores} cores of ${processors}, ${system}; load average before: ${loadAverage.toFixed(1)}`,
    ...Object.entries(versions).map(([name, version]) =>
      version.startsWith(name) ? version : `${name} ${version}`,
    ),
    `strsvr ${run.version}, ${run.date.slice(0, 10)}; seed ${run.seed}, ${run.repeats} repeats`,
    run.busyPoll ? 'the load never sleeps' : 'the load sleeps while it waits',
  ].join('\n');
}

/** @returns the path of the file */
async function write(folder: string, results: object): Promise<string> {
  const file = join(folder, 'results.json');
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
  return file;
}

type Options = ReturnType<typeof readOptions>;

function readOptions() {
  const { only, quick, busyPoll, repeats, seed, out } = readCommandLine({
    name: 'bench',
    usage: '',
    summary: `Measure how fast strsvr is, against others and against what was aimed at. Comparisons: ${NAMES.join(', ')}`,
    positionals: (yargs: Argv) => yargs,
    options: (yargs) =>
      yargs
        .option('only', {
          array: true,
          requiresArg: true,
          describe: 'Which comparisons',
          defaultDescription: 'all',
          coerce: (names: unknown[]) => names.map(oneOf('--only', NAMES)),
        })
        .option('quick', {
          describe: 'Fewer letters and repeats, so figures without conclusions',
          boolean: true,
          default: false,
        })
        .option('busy-poll', {
          describe:
            'A load that never sleeps, so that no server has to wake it; only where it has a core to itself',
          boolean: true,
          default: false,
        })
        .option('repeats', {
          requiresArg: true,
          describe: 'How often everything is run',
          defaultDescription: `${REPEATS}; ${QUICK_REPEATS} with --quick`,
          coerce: wholeNumber('--repeats', 1, 1_000),
        })
        .option('seed', {
          requiresArg: true,
          describe: 'Of the order of the runs; the same seed, the same order',
          defaultDescription: 'random',
          coerce: wholeNumber('--seed', 0, 2 ** 31 - 1),
        })
        .option('out', {
          requiresArg: true,
          describe: 'A folder for results.json',
          default: join('results', 'bench'),
          coerce: nonEmpty('--out'),
        }),
    repeatable: ['only'],
    examples: [
      ['bench --quick', 'everything once over lightly'],
      ['bench --only many one', 'two of the comparisons'],
    ],
  });
  return {
    quick,
    busyPoll,
    out,
    comparisons: COMPARISONS.filter(({ id }) => only === undefined || only.includes(id)),
    repeats: repeats ?? (quick ? QUICK_REPEATS : REPEATS),
    seed: seed ?? Math.floor(Math.random() * 2 ** 31),
  };
}
