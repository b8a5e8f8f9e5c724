#!/usr/bin/env node
// `make bench`: how fast strsvr is, against the same in C, in Python and on one page, and against what was aimed at. It is the
// laboratory with other experiments. What is missed is said and fails nothing: machines differ.

import { mkdir, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { print, readCommandLine, runCommand, tell } from '../../shared/command.js';
import { nonEmpty, oneOf, wholeNumber } from '../../shared/options.js';
import { COMPARISONS } from './comparisons/all.js';
import { Evidence } from './evidence.js';
import { type Outcome, outcome, outcomesText } from './goals.js';
import { runExperiments } from './laboratory.js';
import { commit, machine, packageVersion } from './machine.js';
import { Progress } from './progress.js';
import type { Machine, Results } from './results.js';
import { runLoad } from './run-load.js';
import { ENOUGH_REPEATS } from './statistics.js';
import { ourTargets, yardsticks } from './targets.js';
import { findingsText } from './terminal.js';

const NAMES = COMPARISONS.map(({ id }) => id);
const MODELS = ['events', 'poll'] as const;
const REPEATS = 7;
const QUICK_REPEATS = 3;

// Without a handler a signal would end this process without its 'exit', and so leave servers behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
await runCommand('bench', bench);

async function bench(): Promise<void> {
  const { comparisons, quick, seed, repeats, out } = readOptions();
  const date = new Date().toISOString();
  const { targets: others, missing } = await yardsticks();
  for (const { name, why } of missing) tell(`bench: ${name} is not measured: ${why}`);
  const lab = { models: MODELS, quick, clients: undefined, targets: [...ourTargets(MODELS), ...others] };
  const here = machine();
  await print(`${machineText(here)}\nseed ${seed}, ${repeats} repeats, ${date.slice(0, 10)}\n\n`);
  const progress = new Progress('{value} of {total} runs, {eta_formatted} left: {what}');
  const experiments = await runExperiments(comparisons, lab, {
    seed,
    repeats,
    drive: runLoad,
    onRun: (made, of, what) => progress.show(made, of, what),
  }).finally(() => progress.stop());
  for (const findings of experiments) await print(`${findingsText(findings, repeats < ENOUGH_REPEATS)}\n`);
  const goals = comparisons.flatMap(({ id, goals }) => {
    const evidence = new Evidence(experiments.find((findings) => findings.id === id)?.runs ?? [], seed);
    return goals.map((goal) => outcome(id, goal, evidence));
  });
  await print(`Medians with their 99 % intervals, against what was aimed at:\n\n${outcomesText(goals)}\n`);
  const version = packageVersion();
  const known = commit();
  const results: Results & { readonly goals: readonly Outcome[] } = {
    version,
    ...(known !== undefined && { commit: known }),
    ...{ date, seed, quick, repeats, machine: here, experiments, goals },
  };
  const file = join(out, 'results.json');
  await mkdir(out, { recursive: true });
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
  await print(`Every run is in ${file}\n`);
}

function machineText({ processors, cores, system, versions }: Machine): string {
  const programs = Object.entries(versions).map(([name, version]) =>
    version.startsWith(name) ? version : `${name} ${version}`,
  );
  return [`${cores} cores of ${processors}, ${system}`, ...programs].join('\n');
}

function readOptions() {
  const { only, quick, repeats, seed, out } = readCommandLine({
    name: 'bench',
    usage: '',
    summary: `Measure how fast strsvr is, against others and against what was aimed at. Comparisons: ${NAMES.join(', ')}`,
    positionals: (yargs: Argv) => yargs,
    options: (yargs) =>
      yargs
        .option('only', {
          array: true,
          requiresArg: true,
          describe: 'Which comparisons; without: all',
          coerce: (names: unknown[]) => names.map(oneOf('--only', NAMES)),
        })
        .option('quick', {
          describe: 'Fewer letters and repeats, no intervals, so no verdicts',
          boolean: true,
          default: false,
        })
        .option('repeats', {
          requiresArg: true,
          describe: `How often everything is run (${REPEATS}; ${QUICK_REPEATS} with --quick)`,
          coerce: wholeNumber('--repeats', 1, 1_000),
        })
        .option('seed', {
          requiresArg: true,
          describe: 'Of the order of the runs; the same seed, the same order (another each time)',
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
    out,
    comparisons: COMPARISONS.filter(({ id }) => only === undefined || only.includes(id)),
    repeats: repeats ?? (quick ? QUICK_REPEATS : REPEATS),
    seed: seed ?? Math.floor(Math.random() * 2 ** 31),
  };
}
