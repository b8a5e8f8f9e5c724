// How long strsvr takes until it listens.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RunContext } from '../experiment.js';
import { ourServer } from '../servers-under-test.js';
import { metricOf } from '../thresholds.js';
import { comparison } from './comparison.js';

const run = promisify(execFile);
const EVENTS = { target: 'events', parameter: 'until it listens' };
const BARE = { target: 'node -e 0', parameter: 'until it ends' };

export const startup = comparison({
  id: 'start',
  question: 'How long after its start does strsvr listen?',
  loop: 'no load: from the start of the process to its line on stdout; the files are in the cache of the system. Beside it, Node.js that is started to do nothing',
  columns: ['start ms'],
  trials: () => [
    { ...EVENTS, measure: async (bench) => warm(bench, EVENTS.target, () => listens(bench)) },
    { ...BARE, measure: async (bench) => warm(bench, BARE.target, bare) },
  ],
  thresholds: [
    metricOf('ms until strsvr listens', 'start ms', EVENTS, { atMost: 200 }),
    metricOf('ms of node -e 0', 'start ms', BARE),
  ],
});

/** Not the first time, when its files may have to come from the disk. */
async function warm(bench: RunContext, name: string, timed: () => Promise<number>) {
  await bench.once(`start: ${name}`, timed);
  return { metrics: { 'start ms': await timed() } };
}

function listens(bench: RunContext): Promise<number> {
  return bench.withServer(ourServer('events'), [], async ({ listensAfterMs }) => listensAfterMs);
}

async function bare(): Promise<number> {
  const started = performance.now();
  await run(process.execPath, ['-e', '0']);
  return performance.now() - started;
}
