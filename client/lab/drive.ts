// `strlab drive`: loads a running server in any language and reports its speed and its faults.

import { lookup } from 'node:dns/promises';
import { print } from '../../shared/cli.js';
import { readCommandLine } from '../../shared/command-line.js';
import { connectError, OperationalError } from '../../shared/errors.js';
import { plural, thousands } from '../../shared/numbers.js';
import { numberOption, optionalNumber, SERVER_HOST, SERVER_PORT } from '../../shared/options.js';
import type { Percentiles } from '../../shared/quantile.js';
import { formatTable } from '../../shared/table.js';
import { DEFAULT_PLAN, type LoadPlan, type LoadResult } from '../load/plan.js';
import { checkTwoClients } from '../load/prefill.js';
import { runLoad } from '../load/run-load.js';
import { Progress } from '../progress.js';
import { formatFaults } from './summarize-run.js';

const MAX_CLIENTS = 20_000;
/** Lines without a letter that each client sends before it is measured. */
const WARM_UP = 3;
/** Ends the run when no reply has come for this time. */
const IDLE_TIMEOUT_MS = 10_000;

const DRIVE = {
  name: 'strlab drive',
  usage: '<host> <port>',
  summary:
    'Load a server and check every reply. It may be any server that answers lines: a letter and a line feed with the ' +
    'whole text and a line feed, a line feed alone with a line feed. No other client may send letters meanwhile.',
  positionals: { host: SERVER_HOST, port: SERVER_PORT },
  options: {
    clients: numberOption('--clients', 1, MAX_CLIENTS, 100, 'Number of clients that send letters'),
    letters: numberOption('--letters', 1, 1_000_000, 30_000, 'Number of letters that they send in all'),
    rate: optionalNumber(
      '--rate',
      1,
      1_000_000,
      'Total letters per second, sent by the clock',
      'each client sends when it has its reply',
    ),
    duration: numberOption('--duration', 1, 3_600, 60, 'Stop sending after this many seconds'),
    'idle-clients': numberOption('--idle-clients', 0, MAX_CLIENTS, 0, 'Number of clients that stay silent'),
    seed: numberOption('--seed', 0, 2 ** 31 - 1, 1, 'Seed for the letters'),
    json: { describe: 'Print the results as JSON', boolean: true, default: false },
  },
  examples: [
    ['strlab drive 127.0.0.1 2000', '100 clients, each sends its next letter when it has its reply'],
    ['strlab drive 127.0.0.1 2000 --rate 5000', '5,000 letters a second by the clock'],
    ['strlab drive 127.0.0.1 2000 --idle-clients 1', 'one more client is connected and silent'],
  ],
} as const;

/** @throws OperationalError when the server cannot be reached, or was wrong */
export async function drive(): Promise<void> {
  const { host, port, clients, letters, rate, duration, idleClients, seed, json } = readCommandLine(DRIVE);
  const durationMs = duration * 1_000;
  const plan: LoadPlan = {
    ...DEFAULT_PLAN,
    host: await resolve(host, port),
    ...{ port, clients, idleClients, letters, seed },
    ...(rate !== undefined && { rate, maxInFlight: 1 }),
    warmup: WARM_UP,
    durationMs,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    timeoutMs: durationMs + IDLE_TIMEOUT_MS,
  };
  if (clients + idleClients > 1) checkTwoClients(plan, IDLE_TIMEOUT_MS);
  const progress = new Progress('{value} of {total} letters');
  const onProgress = (answered: number) => progress.show(answered, letters);
  const result = await runLoad(plan, onProgress).finally(() => progress.stop());
  await print(json ? `${JSON.stringify(result)}\n` : report(plan, result));
  const wrong = complaints(result);
  if (wrong.length > 0) throw new OperationalError('WRONG', `the server was wrong: ${wrong.join('; ')}`);
}

async function resolve(host: string, port: number): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw connectError(error, { host, port }, 'strsvr');
  }
}

function report({ rate, clients }: LoadPlan, result: LoadResult): string {
  const { answered, seconds, lettersPerSecond, loadCpu, latency, serviceTime, finalLetters } = result;
  const lines = [
    `${plural(answered, 'letter')} of ${plural(clients, 'client')} in ${seconds.toFixed(2)} s`,
    rate === undefined
      ? 'each client sent its next letter when it had its reply (closed loop)'
      : `sent by the clock, ${thousands(rate)} letters/s (open loop)`,
    `${thousands(Math.round(lettersPerSecond))} letters/s; the load took ${Math.round(100 * loadCpu)} % of a core`,
  ];
  if (latency !== undefined && serviceTime !== undefined) {
    const columns =
      rate === undefined
        ? { 'reply time': latency }
        : { 'since it was due': latency, 'since it was sent': serviceTime };
    lines.push('', ...percentilesTable(columns));
  }
  if (complaints(result).length === 0 && finalLetters !== undefined) {
    const all = plural(finalLetters, 'letter');
    lines.push('', `the server was right: every reply ended in its own letter, and the text has all ${all}`);
  }
  return `${lines.join('\n')}\n`;
}

function percentilesTable(columns: Readonly<Record<string, Percentiles>>): string[] {
  const rows = (['p50', 'p90', 'p99', 'p999', 'max'] as const).map((of) => [
    of === 'p999' ? 'p99.9' : of,
    ...Object.values(columns).map((percentiles) => milliseconds(percentiles[of])),
  ]);
  return formatTable([['', ...Object.keys(columns)], ...rows], (column) => column > 0);
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? 'too few' : `${ms.toFixed(ms < 10 ? 3 : 1)} ms`;
}

function complaints({ faults, timedOut, finalLetters }: LoadResult): string[] {
  const found = formatFaults(faults);
  if (timedOut > 0) return [...found, `${plural(timedOut, 'client')} had no reply in time`];
  return finalLetters === undefined ? [...found, 'it did not show its final text'] : found;
}
