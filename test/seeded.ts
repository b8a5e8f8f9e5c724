// Proves that the tests see what they are there for: each of the bugs in bugs.ts is put into a copy of the built code,
// and the test that must catch it is run there.
//
//   node dist/test/seeded.js [name ...]      only the bugs of these names

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BUGS, type Bug, copyWith } from './bugs.js';
import { Mark } from './mark.js';
import { built } from './support.js';

/** The slowest test file takes a minute, and more on a busy machine. */
const DEADLINE_MS = 180_000;

export interface Catch {
  readonly caught: boolean;
  readonly seconds: number;
  /** Why not, or what the test file said. */
  readonly detail: string;
}

/** Runs the test file that should catch the bug; caught means that the test of that title has failed. */
export async function hunt(bug: Bug): Promise<Catch> {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-bug-'));
  try {
    copyWith(bug, ['server', 'client', 'shared', 'test'], folder);
    symlinkSync(built('../server'), join(folder, 'server')); // a test reads the sources too
    const { output, overdue } = await runTests(join(folder, 'dist', 'test', `${bug.caughtBy.file}.js`));
    const failed = failedTitles(output);
    const seconds = (performance.now() - started) / 1000;
    if (failed.includes(bug.caughtBy.title)) return { caught: true, seconds, detail: '' };
    const ending = overdue ? `not done after ${DEADLINE_MS / 1000} s` : `these failed: ${failed.join('; ')}`;
    return { caught: false, seconds, detail: `${ending}\n${output}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runTests(file: string): Promise<{ output: string; overdue: boolean }> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env; // what is covered there counts for nothing
  const mark = new Mark('STRSVR_BUG_HUNT'); // to end also the servers that it started, some in groups of their own
  const child = spawn(process.execPath, [file], {
    env: { ...env, ...mark.env, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      if (/^ {2}Duration: /m.test(output)) end(); // uvu has said all; what failed may have left something open
    });
  }
  let overdue = false;
  const end = () => {
    child.kill('SIGKILL');
    mark.endAll();
  };
  const deadline = setTimeout(() => {
    overdue = true;
    end();
  }, DEADLINE_MS);
  return new Promise((resolve) => {
    child.on('exit', end);
    child.on('close', () => {
      clearTimeout(deadline);
      resolve({ output, overdue });
    });
  });
}

/** uvu's lines: FAIL, perhaps the suite's name, and the title in quotes. */
function failedTitles(output: string): string[] {
  return [...output.matchAll(/^ *FAIL +(?:\S+ +)?"(.*)"$/gm)].map(([, title = '']) => title);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2);
  const wanted = BUGS.filter(({ name }) => names.length === 0 || names.includes(name));
  if (wanted.length === 0) process.exitCode = 1;
  for (const bug of wanted) {
    const { caught, seconds, detail } = await hunt(bug);
    const verdict = caught ? 'caught' : `NOT CAUGHT: ${detail}`;
    process.stdout.write(`${bug.name.padEnd(42)} ${seconds.toFixed(1).padStart(5)} s  ${verdict}\n`);
    if (!caught) process.exitCode = 1;
  }
}
