// `make exercise`: servers with a seeded fault for students to find, one for each mutation: network before disk, each from
// easy to hard. An exercise is a copy of the TypeScript source in exercise/N below the working directory, and is never
// removed or overwritten.
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
const rank = (mutation: Mutation) =>
  Number(usesDisk(mutation)) * DIFFICULTIES.length + DIFFICULTIES.indexOf(mutation.difficulty);
const EXERCISES = [...MUTATIONS].sort((one, other) => rank(one) - rank(other));

const [number, what] = process.argv.slice(2);
const mutation = number !== undefined && /^\d+$/.test(number) ? EXERCISES[Number(number) - 1] : undefined;

if (mutation !== undefined) {
  const folder = join('exercise', String(Number(number)));
  if (what === 'hint') say(`Hint: ${mutation.hint}`);
  else if (what === 'check') await check(mutation, folder);
  else await make(mutation, folder);
} else if (number === undefined) {
  list();
} else {
  fail(`N: expected a number from 1 to ${EXERCISES.length}, got ${number}`, 2);
}

function list(): void {
  say('Servers with one seeded fault each, to find and fix. Start one with: make exercise N=1');
  for (const [i, exercise] of EXERCISES.entries()) {
    if (i === 0) say('\nNetwork');
    else if (usesDisk(exercise) && !usesDisk(EXERCISES[i - 1] ?? exercise))
      say('\nDisk (a server with --journal; Linux)');
    say(`${String(i + 1).padStart(3)}  ${exercise.difficulty.padEnd(6)}  ${exercise.symptom}`);
  }
}

async function make(mutation: Mutation, folder: string): Promise<void> {
  if (!existsSync(folder)) writeMutant(mutation, folder);
  if (!(await compiles(folder))) return;
  const { server, client } = commands(mutation.trial, folder, PORT);
  say(`Exercise ${number} (${mutation.difficulty}): ${mutation.symptom}`);
  say(`\n${folder} is a copy of the server with one fault. To see it, run in one terminal:`);
  say(`  ${server}`);
  if (client !== undefined) say(`in a second terminal:\n  ${client}`);
  if (mutation.trial.interrupt) say('then press Ctrl-C in the first terminal.');
  say(`  Without the fault: ${mutation.trial.right.what}.`);
  say(`  With the fault:    ${mutation.trial.wrong.what}.`);
  say('\nRead, in this order:');
  for (const file of mutation.read) say(`  ${folder}/${file}`);
  say('\nFix it there. Then:');
  say(`  make exercise N=${number} CHECK=1   compiles your copy and runs the test that catches this fault`);
  say(`  make exercise N=${number} HINT=1    gives a hint`);
  say(`  make exercise N=${number}           compiles your copy, and never overwrites your changes`);
  say(`To start again, remove ${folder}. The solution is a diff against the repository.`);
}

async function check(mutation: Mutation, folder: string): Promise<void> {
  if (!existsSync(folder)) return fail(`there is no ${folder} yet: make exercise N=${number}`, 2);
  if (!(await compiles(folder))) return;
  const { title, file } = mutation.caughtBy;
  const { failed, skipped, ended, output } = await runCatchingTest(mutation, folder);
  if (skipped !== undefined) return fail(`cannot be checked on this machine: ${skipped}`, 2);
  if (failed.includes(title)) return fail(`failed: ${file}: ${title}`, 1);
  if (failed.length > 0)
    return fail(`failed: this fault is fixed, but other tests fail: ${failed.join('; ')}`, 1);
  if (!ended) return fail(`failed: ${file} did not end\n${output}`, 1);
  say(`passed: ${file}: ${title}`);
  say(`Compare your fix with ours: diff -u ${folder}/${mutation.file} ${mutation.file}`);
}

/** Compiles a copy, and prints the compiler's messages if that fails. */
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
