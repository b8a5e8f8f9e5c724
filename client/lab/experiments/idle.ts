// What a server does while nobody says anything.

import type { Socket } from 'node:net';
import { setTimeout as pass } from 'node:timers/promises';
import { openSocket } from '../../socket.js';
import type { Bench, Experiment, Lab, Measured } from '../experiment.js';
import { observe } from '../observe.js';
import { formatNumber } from '../report/numbers.js';
import type { RunningServer } from '../running.js';
import type { Target } from '../target.js';
import { list, ours, sentence } from './common.js';

/** Who has been answered speaks again so often, until all have been. */
const NUDGE_MS = 20;
/** More than this share of a core, in percent, is called burning. */
const BURNING = 50;
/** Less than this, in percent of a core, is not told apart from nothing. */
const LEAST = 0.1;

const levels = ({ quick }: Lab) => (quick ? [10] : [1, 10, 100, 1_000]);
const level = (clients: number) => `${clients} idle`;
const windowMs = ({ quick }: Lab) => (quick ? 300 : 2_000);

export const idle: Experiment = {
  id: 'idle',
  question: 'What does waiting cost?',
  varies: 'the number of idle clients',
  expects:
    'nonblocking asks every socket in a circle and burns a core for nothing; who sleeps in the kernel wants next to nothing. A thread for each client costs memory.',
  loop: 'no load: everybody is connected, has been answered once, and is silent',
  shown: ['wanted CPU %', 'switches/s', 'resident MiB'],

  cells: (lab) =>
    ours(lab).flatMap((target) =>
      levels(lab).map((clients) => ({
        target: target.name,
        level: level(clients),
        measure:
          target.model === 'threads' && clients > 100
            ? 'each worker thread takes 7 to 8 MB of memory and some 35 ms of processor time to start'
            : (bench) => measure(bench, target, clients, windowMs(lab)),
      })),
    ),

  conclude: (evidence, lab) => {
    const [clients = 0] = levels(lab).slice(-2);
    const cpu = (target: string) => evidence.median({ target, level: level(clients) }, 'wanted CPU %');
    const burning = evidence.targets.filter((target) => cpu(target) > BURNING);
    const asleep = evidence.targets.filter((target) => cpu(target) <= BURNING);
    const most = Math.max(...asleep.map(cpu));
    const clauses = [
      ...burning.map((target) => `${target} wanted ${formatNumber(cpu(target))} % of a core for nothing`),
      ...(asleep.length > 0 ? [`${list(asleep)} wanted ${atMost(most)} %`] : []),
    ];
    return sentence(clauses).map((found) => `With ${level(clients)} clients, ${found}`);
  },

  charts: (evidence, lab) =>
    (['wanted CPU %', 'resident MiB'] as const).map((figure) => ({
      title: figure === 'wanted CPU %' ? 'Processor time while nobody speaks' : 'Memory',
      kind: 'bars',
      x: { name: 'idle clients', words: levels(lab).map(String) },
      y: { name: figure === 'wanted CPU %' ? '% of a core' : 'MiB' },
      series: evidence.lines(figure, (at) => levels(lab).map(level).indexOf(at)),
    })),

  notes: [
    'Processor time and context switches are those of the whole server process. What it wanted is the time that it ran or waited for a core, so that a busy machine does not hide it.',
  ],
};

/** A process that only sleeps has no processor time at all in most windows, which does not mean that it takes none. */
function atMost(percent: number): string {
  return percent < LEAST ? `less than ${LEAST}` : `at most ${formatNumber(percent)}`;
}

async function measure(bench: Bench, target: Target, clients: number, forMs: number): Promise<Measured> {
  return bench.withServer(target, [], async (server) => {
    const sockets = await openAnswered(server, clients);
    const before = observe(server.pid);
    const started = performance.now();
    await pass(forMs);
    const after = observe(server.pid);
    const seconds = (performance.now() - started) / 1000;
    for (const socket of sockets) socket.destroy();
    if (before === undefined || after === undefined) return { figures: {}, void: 'this system has no /proc' };
    const switches = (at: typeof before) => at.voluntarySwitches + at.involuntarySwitches;
    return {
      figures: {
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
