// One client sends and never reads: does it cost the server memory, or the other clients time?

import { setTimeout as pass } from 'node:timers/promises';
import { OperationalError } from '../../../shared/errors.js';
import { formatNumber } from '../../../shared/numbers.js';
import { IO_MODELS } from '../../../shared/options.js';
import { processStats } from '../../../shared/procfs.js';
import { openSocket } from '../../socket.js';
import { barChart } from '../charts.js';
import {
  type Experiment,
  type LabOptions,
  list,
  pick,
  type RunContext,
  sentence,
  trials,
} from '../experiment.js';
import type { Measured } from '../results.js';
import type { ServerProcess } from '../server-process.js';

const ALL = [...IO_MODELS, 'plain', 'C epoll', 'Python asyncio'];
const QUICK = ['events', 'blocking', 'plain'];
const WITHOUT = 'all read';
const WITH = 'one never reads';
/** Letters that the client sends that never reads. */
const PASTED = 1_000_000;
const CLIENTS = 5;
const TIMEOUT_MS = 1_000;

export default {
  id: 'non-reader',
  order: 5,
  question: 'One client sends a million letters and never reads: does the server grow, do the others wait?',
  variable: 'whether that client is there',
  hypothesis:
    'a server that stops reading from a client with pending replies keeps its memory and serves the others. One that goes on reading must keep every reply, and each is as long as the text; one that blocks waits in send.',
  loop: `closed loop, ${CLIENTS} clients that read; timed out: had no reply after ${TIMEOUT_MS / 1000} s`,
  columns: ['timed out', 'p99 ms', 'growth MiB', 'text bytes'],

  trials: (lab) =>
    trials(
      pick(lab, ALL, QUICK),
      lab.quick ? [WITH] : [WITHOUT, WITH],
      String,
      (target, parameter) => (context) =>
        context.withServer(target, [], (server) => measure(context, server, parameter, lab)),
    ),

  conclude: (analysis) => {
    const median = (target: string, metric: string, parameter = WITH) =>
      analysis.median({ target, parameter }, metric);
    const growth = (target: string) => median(target, 'growth MiB');
    const grew = (target: string) => {
      const usual = median(target, 'growth MiB', WITHOUT);
      const other = Number.isFinite(usual) ? ` (${formatNumber(usual)} without that client)` : '';
      return `of ${target} by ${formatNumber(growth(target))} MiB${other}`;
    };
    const stuck = analysis.targets.filter((target) => median(target, 'timed out') > 0);
    const known = analysis.targets.filter((target) => Number.isFinite(growth(target)));
    known.sort((one, other) => growth(other) - growth(one));
    return sentence([
      stuck.length === 0
        ? 'The other clients were served by every server'
        : `The other clients of ${list(stuck)} timed out`,
      ...(known.length === 0 ? [] : [`memory grew most: ${list(known.map(grew))}`]),
    ]);
  },

  charts: (analysis) => [
    barChart(analysis, 'Growth of the server’s memory', 'growth MiB', '', { name: 'MiB', log: true }),
  ],
} satisfies Experiment;

async function measure(context: RunContext, server: ServerProcess, parameter: string, lab: LabOptions) {
  const before = processStats(server.pid);
  const socket = parameter === WITH ? await openSocket(server, { server: server.target.name }) : undefined;
  socket?.pause();
  socket?.write('x'.repeat(PASTED));
  await pass(500); // a server that goes on reading has read much of it by now
  const clients = lab.clients ?? CLIENTS;
  const plan = { clients, letters: (lab.quick ? 20 : 100) * clients, timeoutMs: TIMEOUT_MS };
  // Whether it is wrong is left out: the load does not know the letters of the client that never reads.
  const { metrics, load } = await context.drive(server, plan).catch((error: unknown): Measured => {
    if (!(error instanceof OperationalError)) throw error;
    return { metrics: { 'timed out': clients } }; // not even the first reply came
  });
  // As the load saw it last: plain.ts dies of the resets with which its clients leave.
  const after = load?.watched?.after ?? processStats(server.pid);
  socket?.destroy();
  const growth = before && after && { 'growth MiB': after.peakMiB - before.residentMiB };
  return { metrics: { ...metrics, ...growth }, load };
}
