// What a server costs while no client sends.

import type { Socket } from 'node:net';
import { setTimeout as pass } from 'node:timers/promises';
import { formatNumber } from '../../../shared/numbers.js';
import { processStats } from '../../../shared/procfs.js';
import { openSocket } from '../../socket.js';
import { barChart } from '../charts.js';
import type { Experiment, LabOptions } from '../experiment.js';
import type { Measured } from '../results.js';
import type { RunningServer } from '../server-process.js';
import { IO_MODELS } from '../servers-under-test.js';
import { list, pick, sentence, trials } from '../trials.js';

/** How often clients that have their replies send again, until all have. */
const KICK_MS = 20;
/** More, in percent of a core, is called burning. */
const BURNING = 50;
/** Less, in percent of a core, is below the resolution of the measurement. */
const LEAST = 0.1;

const values = ({ quick }: LabOptions) => (quick ? [10] : [1, 10, 100, 1_000]);
const parameter = (clients: number) => `${clients} idle`;

export default {
  id: 'idle',
  order: 2,
  question: 'What does waiting cost?',
  variable: 'the number of idle clients',
  hypothesis:
    'nonblocking polls every socket, round-robin, and burns a core for nothing; the models that sleep in the kernel take next to nothing. A thread for each client costs memory.',
  loop: 'no load: all clients are connected, have had a reply each, and are silent',
  columns: ['wanted CPU %', 'switches/s', 'resident MiB'],

  trials: (lab) =>
    trials(pick(lab, IO_MODELS), values(lab), parameter, (target, clients) =>
      target.name === 'threads' && clients > 100
        ? 'each worker thread takes 7 to 8 MB of memory and some 35 ms of processor time to start'
        : (context) =>
            context.withServer(target, [], (server) => measure(server, clients, lab.quick ? 300 : 2_000)),
    ),

  conclude: (analysis, lab) => {
    const [clients = 0] = values(lab).slice(-2);
    const cpu = (target: string) =>
      analysis.median({ target, parameter: parameter(clients) }, 'wanted CPU %');
    const burning = analysis.targets.filter((target) => cpu(target) > BURNING);
    const asleep = analysis.targets.filter((target) => cpu(target) <= BURNING);
    const clauses = burning.map(
      (target) => `${target} wanted ${formatNumber(cpu(target))} % of a core for nothing`,
    );
    if (asleep.length > 0) clauses.push(`${list(asleep)} wanted ${atMost(Math.max(...asleep.map(cpu)))} %`);
    return sentence(clauses, `With ${parameter(clients)} clients, `);
  },

  charts: (analysis) => [
    barChart(analysis, 'Processor time while no client sends', 'wanted CPU %', 'idle clients', {
      name: '% of a core',
    }),
    barChart(analysis, 'Memory', 'resident MiB', 'idle clients', { name: 'MiB' }),
  ],

  notes: [
    'Processor time and context switches are those of the whole server process. What it wanted is the time that it ran or waited for a core, which does not depend on what else the machine does.',
  ],
} satisfies Experiment;

/** A process that only sleeps has no processor time at all in most windows, which does not mean that it takes none. */
function atMost(percent: number): string {
  return percent < LEAST ? `less than ${LEAST}` : `at most ${formatNumber(percent)}`;
}

async function measure(server: RunningServer, clients: number, windowMs: number): Promise<Measured> {
  const sockets = await openAnswered(server, clients);
  const before = processStats(server.pid);
  const started = performance.now();
  await pass(windowMs);
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
}

/** Connected, and known to be served: all line ends that they sent were answered. */
async function openAnswered(server: RunningServer, clients: number): Promise<Socket[]> {
  const open = () => openSocket(server, { server: server.target.name });
  const sockets = await Promise.all(Array.from({ length: clients }, open));
  const waits = ({ bytesRead, bytesWritten }: Socket) => bytesRead < bytesWritten;
  for (const socket of sockets) socket.resume().write('\n');
  while (sockets.some(waits)) {
    await pass(KICK_MS);
    // A round-robin server that blocks may wait for a client that was served before the others.
    if (sockets.some(waits)) for (const socket of sockets) if (!waits(socket)) socket.write('\n');
  }
  return sockets;
}
