// How long strsvr takes until it listens.

import { output } from '../../load/child-process.js';
import { comparison } from '../comparison.js';
import type { RunContext } from '../experiment.js';
import { ourServer } from '../servers-under-test.js';
import { metricOf } from '../thresholds.js';

const EVENTS = { target: 'events', parameter: 'until it listens' };
const BARE = { target: 'node -e 0', parameter: 'until it ends' };

export default comparison({
  id: 'startup',
  order: 6,
  question: 'How long after its start does strsvr listen?',
  loop: 'no load: from the start of the process to its line on stdout; the files are in the cache of the system. Beside it, Node.js that is started to do nothing',
  columns: ['start ms'],
  trials: () => [
    { ...EVENTS, measure: (context) => warm(context, EVENTS.target, () => listens(context)) },
    { ...BARE, measure: (context) => warm(context, BARE.target, bare) },
  ],
  thresholds: [
    metricOf('ms until strsvr listens', 'start ms', EVENTS, { atMost: 200 }),
    metricOf('ms of node -e 0', 'start ms', BARE),
  ],
});

/** Once before, since the files may have to come from the disk the first time. */
async function warm(context: RunContext, name: string, timed: () => Promise<number>) {
  await context.once(`start: ${name}`, timed);
  return { metrics: { 'start ms': await timed() } };
}

function listens(context: RunContext): Promise<number> {
  return context.withServer(ourServer('events'), [], async ({ listensAfterMs }) => listensAfterMs);
}

async function bare(): Promise<number> {
  const started = performance.now();
  await output([process.execPath, '-e', '0']);
  return performance.now() - started;
}
