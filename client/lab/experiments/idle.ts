// What a server does while nobody says anything.

import type { Socket } from 'node:net';
import { setTimeout as pass } from 'node:timers/promises';
import { processStats } from '../../../shared/procfs.js';
import { openSocket } from '../../socket.js';
import type { Experiment, LabOptions, Measured, RunContext } from '../experiment.js';
import { formatNumber } from '../report/numbers.js';
import type { RunningServer } from '../server-process.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { list, ours, sentence } from './common.js';

/** Who has been answered speaks again so often, until all have been. */
const NUDGE_MS = 20;
/** More than this share of a core, in percent, is called burning. */
const BURNING = 50;
/** Less than this, in percent of a core, is not told apart from nothing. */
const LEAST = 0.1;

const parameters = ({ quick }: LabOptions) => (quick ? [10] : [1, 10, 100, 1_000]);
const parameter = (clients: number) => `${clients} idle`;
const windowMs = ({ quick }: LabOptions) => (quick ? 300 : 2_000);

export const idle: Experiment = {
  id: 'idle',
  question: 'What does waiting cost?',
  variable: 'the number of idle clients',
  hypothesis:
    'nonblocking asks every socket in a circle and burns a core for nothing; who sleeps in the kernel wants next to nothing. A thread for each client costs memory.',
  loop: 'no load: everybody is connected, has been answered once, and is silent',
  columns: ['wanted CPU %', 'switches/s', 'resident MiB'],

  trials: (lab) =>
    ours(lab).flatMap((target) =>
      parameters(lab).map((clients) => ({
        target: target.name,
        parameter: parameter(clients),
        measure:
          target.model === 'threads' && clients > 100
            ? 'each worker thread takes 7 to 8 MB of memory and some 35 ms of processor time to start'
            : (bench) => measure(bench, target, clients, windowMs(lab)),
      })),
    ),

  conclude: (analysis, lab) => {
    const [clients = 0] = parameters(lab).slice(-2);
    const cpu = (target: string) =>
      analysis.median({ target, parameter: parameter(clients) }, 'wanted CPU %');
    const burning = analysis.targets.filter((target) => cpu(target) > BURNING);
    const asleep = analysis.targets.filter((target) => cpu(target) <= BURNING);
    const most = Math.max(...asleep.map(cpu));
    const clauses = [
      ...burning.map((target) => `${target} wanted ${formatNumber(cpu(target))} % of a core for nothing`),
      ...(asleep.length > 0 ? [`${list(asleep)} wanted ${atMost(most)} %`] : []),
    ];
    return sentence(clauses).map((found) => `With ${parameter(clients)} clients, ${found}`);
  },

  charts: (analysis, lab) =>
    (['wanted CPU %', 'resident MiB'] as const).map((metric) => ({
      title: metric === 'wanted CPU %' ? 'Processor time while nobody speaks' : 'Memory',
      kind: 'bars',
      x: { name: 'idle clients', words: parameters(lab).map(String) },
      y: { name: metric === 'wanted CPU %' ? '% of a core' : 'MiB' },
      series: analysis.lines(metric, (at) => parameters(lab).map(parameter).indexOf(at)),
    })),

  notes: [
    'Processor time and context switches are those of the whole server process. What it wanted is the time that it ran or waited for a core, so that a busy machine does not hide it.',
  ],
};

/** A process that only sleeps has no processor time at all in most windows, which does not mean that it takes none. */
function atMost(percent: number): string {
  return percent < LEAST ? `less than ${LEAST}` : `at most ${formatNumber(percent)}`;
}

async function measure(
  bench: RunContext,
  target: ServerUnderTest,
  clients: number,
  forMs: number,
): Promise<Measured> {
  return bench.withServer(target, [], async (server) => {
    const sockets = await openAnswered(server, clients);
    const before = processStats(server.pid);
    const started = performance.now();
    await pass(forMs);
    const after = processStats(server.pid);
    const seconds = (performance.now() - started) / 1000;
    for (const socket of sockets) socket.destroy();
    if (before === undefined || after === undefined) return { metrics: {}, void: 'this system has no /proc' };
    const switches = (at: typeof before) => at.voluntarySwitches + at.involuntarySwitches;
    return {
      metrics: {
        'wanted CPU %': (100 * (after.wantedSeconds - before.wantedSeconds)) / seconds,
        'switches/s': (switches(after) - switches(before)) / seconds,
        'resident MiB': after.residentMiB,
        threads: after.threads,
      },
    };
  });
}

/** Connected, and known to be served: all line ends that they sent were answered. */
async function openAnswered(server: RunningServer, clients: number): Promise<Socket[]> {
  const open = () => openSocket(server, { server: server.target.name });
  const sockets = await Promise.all(Array.from({ length: clients }, open));
  const waits = ({ bytesRead, bytesWritten }: Socket) => bytesRead < bytesWritten;
  for (const socket of sockets) socket.resume().write('\n');
  while (sockets.some(waits)) {
    await pass(NUDGE_MS);
    // A server that asks round in a circle and blocks may wait for one who has had its turn before the others.
    if (sockets.some(waits)) for (const socket of sockets) if (!waits(socket)) socket.write('\n');
  }
  return sockets;
}
