// Runs the test files, each in a process of its own, and sees what uvu alone does not: a `before` hook that throws
// (then passed differs from total), a file that forgets to run its tests (then it has none), a server left open (then
// the file does not end), and a process left behind.
//
//   node dist/test/run.js [name ...]      only the files whose names contain one of the names

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrphanTracker } from './support/orphan-tracker.js';

const HERE = dirname(fileURLToPath(import.meta.url));
/** Only ends what hangs: the slowest file takes a minute, and more on a busy machine. */
const FILE_DEADLINE_MS = 600_000;
const SIDE_BY_SIDE = 3;
/** Those that take more than some seconds, longest first, so that none is left running alone at the end. */
const LONGEST = (
  'load lab model-behaviour models journal-server attack svr tms soak readme strclnt report ' +
  'strsvr baselines plain fuzz events statistics mutations libc'
).split(' ');
const MARK = new OrphanTracker('STRSVR_TEST_RUN');

interface FileResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const wanted = process.argv.slice(2);
const files = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)));
const results: FileResult[] = [];
const queue = files.toSorted((one, other) => rank(one) - rank(other));
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));

const left = MARK.endAll();
for (const { pid, command } of left) say(`FAILED: left behind, and ended now: ${pid} ${command}`);
const sum = (of: (result: FileResult) => number) => results.reduce((total, result) => total + of(result), 0);
const failed = sum((result) => result.failed) + left.length;
const skipped = sum((result) => result.skipped);
say(
  `\n${sum((result) => result.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
);
if (failed > 0 || files.length === 0) process.exitCode = 1;

function rank(file: string): number {
  const place = LONGEST.indexOf(basename(file, '.test.js'));
  return place < 0 ? LONGEST.length : place;
}

async function work(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) results.push(await runFile(file));
}

function runFile(file: string): Promise<FileResult> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', join(HERE, file)], {
    env: { ...process.env, ...MARK.env, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  let overdue = false;
  const deadline = setTimeout(() => {
    overdue = true;
    child.kill('SIGKILL');
  }, FILE_DEADLINE_MS);
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      clearTimeout(deadline);
      const result = judge(
        output,
        overdue ? `not done after ${FILE_DEADLINE_MS / 1000} s` : (signal ?? status),
      );
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const tests = `${result.passed} passed${result.failed > 0 ? `, ${result.failed} FAILED` : ''}`;
      say(`${basename(file, '.test.js').padEnd(16)} ${tests}, ${seconds} s`);
      for (const line of output.split('\n')) if (line.startsWith('skipped: ')) say(`  ${line}`);
      if (result.failed > 0) say(output);
      resolve(result);
    });
  });
}

/** Reads uvu's closing lines. Whatever does not add up counts as one failure more. */
function judge(output: string, ending: string | number | null): FileResult {
  const figure = (name: string) => Number(new RegExp(`^ {2}${name}: +(\\d+)`, 'm').exec(output)?.[1] ?? 0);
  const [total, passed, skipped] = [figure('Total'), figure('Passed'), figure('Skipped')];
  const failed = total - passed;
  const complaint =
    total === 0 ? 'no test was run' : ending !== 0 && failed === 0 ? `ended with ${ending}` : undefined;
  if (complaint !== undefined) say(`FAILED: ${complaint}`);
  return { passed, failed: failed + (complaint === undefined ? 0 : 1), skipped };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
