// How long strsvr takes until it listens.

import { processStats } from '../../../shared/procfs.js';
import { output } from '../../child-process.js';
import { comparison } from '../comparison.js';
import type { RunContext } from '../experiment.js';
import type { Metrics } from '../results.js';
import { ourServer } from '../servers-under-test.js';
import { threshold } from '../thresholds.js';

const EVENTS = { target: 'events', parameter: 'until it listens' };
const BARE = { target: 'node -e 0', parameter: 'until it ends' };

export default comparison({
  id: 'startup',
  order: 6,
  question: 'How long after its start does strsvr listen?',
  loop: 'no load: from the start of the process to its line on stdout; the files are in the cache of the system. Beside it, Node.js that is started to do nothing',
  columns: ['CPU ms', 'start ms'],
  trials: () => [
    { ...EVENTS, measure: (context) => warm(context, EVENTS.target, () => listens(context)) },
    { ...BARE, measure: (context) => warm(context, BARE.target, bare) },
  ],
  thresholds: [
    threshold('CPU until strsvr listens / node -e 0', 'CPU ms', [EVENTS, BARE], { atMost: 1.65 }),
    threshold('ms until strsvr listens', 'start ms', [EVENTS], { atMost: 200 }),
    threshold('ms of node -e 0', 'start ms', [BARE]),
  ],
});

/** Once before, since the files may have to come from the disk the first time. */
async function warm(context: RunContext, name: string, timed: () => Promise<Metrics>) {
  await context.once(`start: ${name}`, timed);
  return { metrics: await timed() };
}

function listens(context: RunContext): Promise<Metrics> {
  return context.withServer(ourServer('events'), [], async ({ listensAfterMs, pid }) => {
    const cpuSeconds = processStats(pid)?.cpuSeconds;
    return { 'start ms': listensAfterMs, ...(cpuSeconds !== undefined && { 'CPU ms': 1_000 * cpuSeconds }) };
  });
}

/** It reads its own processor time, as `listens` does before the process ends. */
async function bare(): Promise<Metrics> {
  const started = performance.now();
  const cpu = 'const { user, system } = process.cpuUsage(); fs.writeSync(1, String((user + system) / 1000))';
  const printed = await output([process.execPath, '-e', cpu]);
  return { 'start ms': performance.now() - started, 'CPU ms': Number(printed) };
}
