// Runs the test files, each in a process of its own, and reports four failures that uvu hides: a `before` hook that
// throws (passed differs from total), a file that never calls run (no test), a server left open (the file does not end),
// and a process left behind.
//
//   node dist/test/run.js                     all files
//   node dist/test/run.js --quick             all files without their slow tests (make test)
//   node dist/test/run.js unit wire           the files in these folders
//   node dist/test/run.js session load.test   the files whose names contain this
//   node dist/test/run.js unit/text

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrphanTracker } from './support/orphan-tracker.js';
import { QUICK_VARIABLE } from './support/skipping.js';

const HERE = dirname(fileURLToPath(import.meta.url));
/** Ends a hang: the slowest file takes a minute, and longer on a busy machine. */
const FILE_TIMEOUT_MS = 600_000;
/** More than cores, since tests wait a lot; but twice as many make each cost a third more processor time. */
const CONCURRENCY = Math.ceil(1.5 * availableParallelism());
/** These take longer than the size of their files suggests. The longest file comes first, so that none runs alone at the end. */
const LONG = [
  'cluster/etcd',
  'tutorial/svr',
  'mutations/mutations',
  'soak/soak',
  'lab/lab',
  'wall/browser',
  'models/models',
  'models/attack',
  'lab/load',
  'models/model-behaviour',
  'system/readme',
];
const orphans = new OrphanTracker('ORPHANS_OF_STRSVR_TEST_RUN');

interface FileResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const quick = process.argv[2] === '--quick';
const selected = process.argv.slice(quick ? 3 : 2);
const all = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.js'))
  .map((path) => path.replace(/\.test\.js$/, ''));
const names = all.filter((name) => selected.length === 0 || selected.some((word) => matches(name, word)));
const results: FileResult[] = [];
const queue = names.toSorted((one, other) => length(other) - length(one));
await Promise.all(Array.from({ length: CONCURRENCY }, runQueue));

const left = orphans.endAll();
for (const { pid, command } of left) print(`FAILED: process left behind, killed: ${pid} ${command}`);
const total = (of: (result: FileResult) => number) => results.reduce((sum, result) => sum + of(result), 0);
const failed = total((result) => result.failed) + left.length;
const skipped = total((result) => result.skipped);
print(
  `\n${total((result) => result.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
);
if (quick) print('The slow tests were skipped: make coverage runs all.');
if (names.length === 0) print(`no test file matches ${selected.join(' ')}`);
if (failed > 0 || names.length === 0) process.exitCode = 1;

/** @param name such as `unit/session` */
function matches(name: string, word: string): boolean {
  return all.some((other) => other.startsWith(`${word}/`))
    ? name.startsWith(`${word}/`)
    : `${name}.test`.includes(word);
}

/** An estimate of how long it takes. */
function length(name: string): number {
  return LONG.includes(name) ? Number.MAX_SAFE_INTEGER : statSync(join(HERE, `${name}.test.js`)).size;
}

async function runQueue(): Promise<void> {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) results.push(await runFile(name));
}

function runFile(name: string): Promise<FileResult> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(HERE, `${name}.test.js`)], {
    env: { ...process.env, ...orphans.env, FORCE_COLOR: '0', ...(quick ? { [QUICK_VARIABLE]: '1' } : {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  let timedOut = false;
  const timeout = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, FILE_TIMEOUT_MS);
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      clearTimeout(timeout);
      const ending = timedOut ? `a timeout of ${FILE_TIMEOUT_MS / 1000} s` : (signal ?? status);
      const result = readResult(name, output, ending);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const tests = `${result.passed} passed${result.failed > 0 ? `, ${result.failed} FAILED` : ''}`;
      print(`${name.padEnd(26)} ${tests}, ${seconds} s`);
      for (const line of output.split('\n')) if (line.startsWith('skipped: ')) print(`  ${line}`);
      if (result.failed > 0) print(inSources(output));
      resolve(result);
    });
  });
}

/** Reads uvu's closing lines. Numbers that do not add up count as one more failure. */
function readResult(name: string, output: string, ending: string | number | null): FileResult {
  const count = (title: string) => Number(new RegExp(`^ {2}${title}: +(\\d+)`, 'm').exec(output)?.[1] ?? 0);
  const [tests, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
  const failures = tests - passed;
  const complaint =
    tests === 0 ? 'no test was run' : ending !== 0 && failures === 0 ? `ended with ${ending}` : undefined;
  if (complaint !== undefined) print(`FAILED: ${name}: ${complaint}`);
  return { passed, failed: failures + (complaint === undefined ? 0 : 1), skipped };
}

/** Positions in compiled files as positions in their sources. With --enable-source-maps each process and thread would read all maps. */
function inSources(output: string): string {
  return output.replaceAll(/(?:file:\/\/)?(\/[^\s()]+\.js):(\d+):(\d+)/g, (position, file, line, column) => {
    if (!existsSync(`${file}.map`)) return position;
    const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    const origin = map.findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in origin)) return position;
    return `${join(dirname(file), origin.originalSource)}:${origin.originalLine + 1}:${origin.originalColumn + 1}`;
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
