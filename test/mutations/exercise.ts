// `make exercise`: servers with a bug in them, for students to find: the bugs of bugs.ts, those of the network first and
// those of the disk last, each group from easy to hard. An exercise is a copy of the TypeScript source in exercise/N
// below the working directory; it stays until its student removes it.
//
//   node dist/test/mutations/exercise.js [number] [hint | check]

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compileMutant, writeMutant } from './mutant.js';
import { runCatchingTest } from './mutation-runner.js';
import { DIFFICULTIES, MUTATIONS, type Mutation } from './mutations.js';
import { commands } from './trial.js';

const PORT = 2000;

const usesDisk = ({ trial }: Mutation) => trial.args.includes('--journal');
const rank = (bug: Mutation) =>
  Number(usesDisk(bug)) * DIFFICULTIES.length + DIFFICULTIES.indexOf(bug.difficulty);
const EXERCISES = [...MUTATIONS].sort((one, other) => rank(one) - rank(other));

const [number, what] = process.argv.slice(2);
const bug = number !== undefined && /^\d+$/.test(number) ? EXERCISES[Number(number) - 1] : undefined;

if (bug !== undefined) {
  const folder = join('exercise', String(Number(number)));
  if (what === 'hint') say(`Hint: ${bug.hint}`);
  else if (what === 'check') await check(bug, folder);
  else await make(bug, folder);
} else if (number === undefined) {
  list();
} else {
  fail(`N: expected a number from 1 to ${EXERCISES.length}, got ${number}`, 2);
}

function list(): void {
  say('Servers with one bug each, to be found and mended. Take one with: make exercise N=1');
  for (const [i, exercise] of EXERCISES.entries()) {
    if (i === 0) say('\nNetwork');
    else if (usesDisk(exercise) && !usesDisk(EXERCISES[i - 1] ?? exercise))
      say('\nDisk (a server with --journal; Linux)');
    say(`${String(i + 1).padStart(3)}  ${exercise.difficulty.padEnd(6)}  ${exercise.symptom}`);
  }
}

async function make(bug: Mutation, folder: string): Promise<void> {
  if (!existsSync(folder)) writeMutant(bug, folder);
  if (!(await compiles(folder))) return;
  const { server, client } = commands(bug.trial, folder, PORT);
  say(`Exercise ${number} (${bug.difficulty}): ${bug.symptom}`);
  say(`\n${folder} is a copy of the server with one thing wrong. See it happen. In one terminal:`);
  say(`  ${server}`);
  if (client !== undefined) say(`in another one:\n  ${client}`);
  if (bug.trial.interrupt) say('and now press Ctrl-C in the first terminal.');
  say(`  The right server: ${bug.trial.right.what}.`);
  say(`  This one:         ${bug.trial.wrong.what}.`);
  say('\nRead, in this order:');
  for (const file of bug.read) say(`  ${folder}/${file}`);
  say('\nMend it there. Then:');
  say(`  make exercise N=${number} CHECK=1   compiles your copy and runs the test that catches this bug`);
  say(`  make exercise N=${number} HINT=1    gives a hint`);
  say(
    `  make exercise N=${number}           compiles your copy, to see for yourself; it never overwrites your work`,
  );
  say(
    `To start again, remove ${folder}. The key to every exercise is a diff against the repository: find it first.`,
  );
}

async function check(bug: Mutation, folder: string): Promise<void> {
  if (!existsSync(folder)) return fail(`there is no ${folder} yet: make exercise N=${number}`, 2);
  if (!(await compiles(folder))) return;
  const { title, file } = bug.caughtBy;
  const { failed, skipped, ended, output } = await runCatchingTest(bug, folder);
  if (skipped !== undefined) return fail(`cannot be checked on this machine: ${skipped}`, 2);
  if (failed.includes(title)) return fail(`failed: ${file}: ${title}`, 1);
  if (failed.length > 0)
    return fail(`failed: this bug is gone, but there is another: ${failed.join('; ')}`, 1);
  if (!ended) return fail(`failed: ${file} did not end\n${output}`, 1);
  say(`passed: ${file}: ${title}`);
  say(`Compare your way with ours: diff -u ${folder}/${bug.file} ${bug.file}`);
}

/** Compiles a copy; what the compiler has against it is the student's to mend. */
async function compiles(folder: string): Promise<boolean> {
  const { status, stdout, stderr } = await compileMutant(folder);
  if (status !== 0) fail(`failed: ${folder} does not compile\n${stdout}${stderr}`.trimEnd(), 1);
  return status === 0;
}

function fail(line: string, status: number): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = status;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
