// Mutation testing: applies each of mutations.ts to a copy of the source and runs the test that must fail there.
//
//   node dist/test/mutations/mutation-runner.js [name ...]      only the mutations of these names

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OrphanTracker } from '../support/orphan-tracker.js';
import { CLUSTER_MUTATIONS } from './cluster-mutations.js';
import { compileMutant, writeMutant } from './mutant.js';
import { type CodeMutation, MUTATIONS } from './mutations.js';

/** Those of the cluster are no exercises. */
export const ALL_MUTATIONS: readonly CodeMutation[] = [...MUTATIONS, ...CLUSTER_MUTATIONS];

/** The slowest test file takes a minute, and more on a busy machine. */
const DEADLINE_MS = 600_000;

/** uvu's last line. */
const SUMMARY = /^ {2}Duration: /m;

export interface MutationResult {
  readonly caught: boolean;
  readonly seconds: number;
  /** Why not, with the output of the test file. */
  readonly detail: string;
}

/** Runs the test file that must catch the mutation on a mutant. Caught: the test of that title failed. */
export async function runMutation(mutation: CodeMutation): Promise<MutationResult> {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-mutant-'));
  try {
    writeMutant(mutation, folder);
    const compiled = await compileMutant(folder, '--noCheck'); // the types of a mutation have been checked when it was written
    const { failed, ended, output } = await runCatchingTest(mutation, folder);
    const seconds = (performance.now() - started) / 1000;
    if (compiled.status !== 0) return { caught: false, seconds, detail: compiled.stdout };
    if (failed.includes(mutation.caughtBy.title)) return { caught: true, seconds, detail: '' };
    const ending = ended ? `these failed: ${failed.join('; ')}` : 'the test file did not end';
    return { caught: false, seconds, detail: `${ending}\n${output}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface CatchingTest {
  /** Titles of all tests of the file that failed. */
  readonly failed: readonly string[];
  /** Why the test that catches the mutation cannot run on this machine. */
  readonly skipped: string | undefined;
  /** Whether all tests of the file ran. */
  readonly ended: boolean;
  readonly output: string;
}

/** Runs the test file that catches the mutation on a compiled copy of the project. */
export async function runCatchingTest({ caughtBy }: CodeMutation, folder: string): Promise<CatchingTest> {
  const { output, timedOut } = await runTests(join(folder, 'dist', 'test', `${caughtBy.file}.js`));
  const skipped = output.split('\n').find((line) => line.startsWith(`skipped: ${caughtBy.title}: `));
  return { failed: failedTitles(output), skipped, ended: !timedOut && SUMMARY.test(output), output };
}

function runTests(file: string): Promise<{ output: string; timedOut: boolean }> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env; // runs of a mutant are no coverage
  const orphans = new OrphanTracker('ORPHANS_OF_STRSVR_MUTATION'); // servers that the test file starts, also in process groups of their own
  const child = spawn(process.execPath, [file], {
    env: { ...env, ...orphans.env, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      if (SUMMARY.test(output)) end(); // a failed test may have left something open
    });
  }
  let timedOut = false;
  const end = () => {
    child.kill('SIGKILL');
    orphans.endAll();
  };
  const deadline = setTimeout(() => {
    timedOut = true;
    end();
  }, DEADLINE_MS);
  return new Promise((resolve) => {
    child.on('exit', end);
    child.on('close', () => {
      clearTimeout(deadline);
      resolve({ output, timedOut });
    });
  });
}

/** From uvu's lines: FAIL, the suite's name if it has one, and the title in quotes. */
function failedTitles(output: string): string[] {
  return [...output.matchAll(/^ *FAIL +(?:\S+ +)?"(.*)"$/gm)].map(([, title = '']) => title);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2);
  const wanted = ALL_MUTATIONS.filter(({ name }) => names.length === 0 || names.includes(name));
  if (wanted.length === 0) process.exitCode = 1;
  for (const mutation of wanted) {
    const { caught, seconds, detail } = await runMutation(mutation);
    const verdict = caught ? 'caught' : `NOT CAUGHT: ${detail}`;
    process.stdout.write(`${mutation.name.padEnd(42)} ${seconds.toFixed(1).padStart(5)} s  ${verdict}\n`);
    if (!caught) process.exitCode = 1;
  }
}
