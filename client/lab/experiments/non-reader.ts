// One client sends and never reads: who pays for it?

import { setTimeout as pass } from 'node:timers/promises';
import { OperationalError } from '../../../shared/errors.js';
import { processStats } from '../../../shared/procfs.js';
import { openSocket } from '../../socket.js';
import type { Experiment, LabOptions, Measured, RunContext } from '../experiment.js';
import { formatNumber } from '../report/numbers.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { list, pick, sentence } from './common.js';

const TARGETS = [
  'events',
  'poll',
  'nonblocking',
  'blocking',
  'threads',
  'plain',
  'C epoll',
  'Python asyncio',
];
const QUICK_TARGETS = ['events', 'blocking', 'plain'];
const LEVELS = ['all read', 'one never reads'];
const parameters = ({ quick }: LabOptions) => (quick ? LEVELS.slice(1) : LEVELS);
/** What the client that never reads sends, in letters. */
const PASTED = 1_000_000;
const CLIENTS = 5;
const PATIENCE_MS = 1_000;

export const nonReader: Experiment = {
  id: 'slow',
  question: 'One client sends a million letters and never reads: who pays for it?',
  variable: 'whether that client is there',
  hypothesis:
    'a server that reads no more from who does not take its replies keeps its memory and serves the others. One that goes on reading must keep every reply, and each is as long as the text; one that blocks waits in send.',
  loop: `closed loop, ${CLIENTS} clients that read; frozen: had no answer after ${PATIENCE_MS / 1000} s`,
  columns: ['frozen', 'p99 ms', 'growth MiB', 'text bytes'],

  trials: (lab) =>
    pick(lab, lab.quick ? QUICK_TARGETS : TARGETS).flatMap((target) =>
      parameters(lab).map((parameter) => ({
        target: target.name,
        parameter,
        measure: (bench) => measure(bench, target, parameter !== LEVELS[0], lab),
      })),
    ),

  conclude: (analysis) => {
    const [without = '', beside = ''] = LEVELS;
    const median = (target: string, parameter: string, metric: string) =>
      analysis.median({ target, parameter }, metric);
    const growth = (target: string) => median(target, beside, 'growth MiB');
    const grew = (target: string) => {
      const usual = median(target, without, 'growth MiB');
      const other = Number.isFinite(usual) ? ` (${formatNumber(usual)} without that client)` : '';
      return `of ${target} by ${formatNumber(growth(target))} MiB${other}`;
    };
    const frozen = analysis.targets.filter((target) => median(target, beside, 'frozen') > 0);
    const known = analysis.targets.filter((target) => Number.isFinite(growth(target)));
    known.sort((one, other) => growth(other) - growth(one));
    return sentence([
      frozen.length === 0
        ? 'The other clients were served by every server'
        : `The other clients of ${list(frozen)} were frozen`,
      ...(known.length === 0 ? [] : [`memory grew most: ${list(known.map(grew))}`]),
    ]);
  },

  charts: (analysis) => [
    {
      title: 'Growth of the server’s memory',
      kind: 'bars',
      x: { name: '', words: LEVELS },
      y: { name: 'MiB', log: true },
      series: analysis.targets.map((name) => ({
        name,
        points: analysis
          .series(name, 'growth MiB', (parameter) => LEVELS.indexOf(parameter))
          .map((point) => ({ ...point, y: Math.max(0.1, point.y) })),
      })),
    },
  ],

  notes: ['A growth below 0.1 MiB is drawn as 0.1, since the axis is logarithmic.'],
};

async function measure(
  bench: RunContext,
  target: ServerUnderTest,
  greedy: boolean,
  lab: LabOptions,
): Promise<Measured> {
  return bench.withServer(target, [], async (server) => {
    const before = processStats(server.pid);
    const socket = greedy ? await openSocket(server, { server: target.name }) : undefined;
    socket?.pause();
    socket?.write('x'.repeat(PASTED));
    await pass(500); // whoever reads on and on has read much of it by now
    const clients = lab.clients ?? CLIENTS;
    const plan = { clients, letters: (lab.quick ? 20 : 100) * clients, timeoutMs: PATIENCE_MS };
    // Not judged right or wrong: the load knows nothing of the letters of the client that never reads.
    const { metrics, load } = await bench.drive(server, plan).catch((error: unknown): Measured => {
      if (!(error instanceof OperationalError)) throw error;
      return { metrics: { frozen: clients } }; // not even the first look at the text was answered
    });
    // As the load saw it last: plain.ts dies of the resets with which its clients leave.
    const after = load?.watched?.after ?? processStats(server.pid);
    socket?.destroy();
    const growth = before && after && { 'growth MiB': after.peakMiB - before.residentMiB };
    return { metrics: { ...metrics, ...growth }, ...(load !== undefined && { load }) };
  });
}
