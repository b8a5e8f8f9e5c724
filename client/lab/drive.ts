// `strlab drive`: loads a server that runs already, anybody's, and tells how fast it was and whether it was right.

import { lookup } from 'node:dns/promises';
import type { Argv } from 'yargs';
import { print } from '../../shared/cli.js';
import { connectError, OperationalError } from '../../shared/errors.js';
import { plural, thousands } from '../../shared/numbers.js';
import { SERVER_HOST, SERVER_PORT, wholeNumber } from '../../shared/options.js';
import { FAULTS, type Fault, type LoadPlan, type LoadResult, type Percentiles } from '../load/plan.js';
import { checkTwoClients } from '../load/prefill.js';
import { runLoad } from '../load/run-load.js';
import { Progress } from './progress.js';

const MAX_CLIENTS = 20_000;
const MAX_LETTERS = 1_000_000;
/** Lines without a letter that each client sends before it is measured. */
const WARM_UP = 3;
/** A server that answers nobody for so long is given up on. */
const PATIENCE_MS = 10_000;

type Options = ReturnType<ReturnType<typeof options>['parseSync']> & { host: string; port: number };

export const DRIVE = {
  name: 'strlab drive',
  usage: '<host> <port>',
  summary:
    'Load a server and check every reply. Any server will do that answers lines: to a letter with a line feed, the ' +
    'whole text with a line feed; to a line feed alone, a line feed. Nobody else may send meanwhile.',
  positionals: (yargs: Argv) => yargs.positional('host', SERVER_HOST).positional('port', SERVER_PORT),
  options,
  examples: [
    ['strlab drive 127.0.0.1 2000', '100 clients, each sends its next letter when it has its reply'],
    ['strlab drive 127.0.0.1 2000 --rate 5000', 'so many letters a second by the clock'],
    ['strlab drive 127.0.0.1 2000 --idle-clients 1', 'somebody is connected and says nothing'],
  ],
} as const;

function options(yargs: Argv) {
  return yargs
    .option('clients', {
      requiresArg: true,
      describe: 'Clients that send letters',
      default: 100,
      coerce: wholeNumber('--clients', 1, MAX_CLIENTS),
    })
    .option('letters', {
      requiresArg: true,
      describe: 'Letters in all; every reply is as long as all before it',
      default: 30_000,
      coerce: wholeNumber('--letters', 1, MAX_LETTERS),
    })
    .option('rate', {
      requiresArg: true,
      describe: 'Letters a second in all, sent by the clock; without: each when the last is answered',
      coerce: (value: unknown) =>
        value === undefined ? undefined : wholeNumber('--rate', 1, 1_000_000)(value),
    })
    .option('duration', {
      requiresArg: true,
      describe: 'Send no more letters after so many seconds',
      default: 60,
      coerce: wholeNumber('--duration', 1, 3_600),
    })
    .option('idle-clients', {
      requiresArg: true,
      describe: 'Clients that connect first and say nothing',
      default: 0,
      coerce: wholeNumber('--idle-clients', 0, MAX_CLIENTS),
    })
    .option('seed', {
      requiresArg: true,
      describe: 'The same seed sends the same letters',
      default: 1,
      coerce: wholeNumber('--seed', 0, 2 ** 31 - 1),
    })
    .option('json', { describe: 'Print everything as JSON', boolean: true, default: false });
}

/** @throws OperationalError when the server cannot be reached, or was wrong */
export async function driveServer(options: Options): Promise<void> {
  const { host, port, clients, letters, rate, duration, idleClients, seed, json } = options;
  const durationMs = duration * 1_000;
  const plan: LoadPlan = {
    host: await resolve(host, port),
    port,
    clients,
    idleClients,
    letters,
    ...(rate !== undefined && { rate, maxInFlight: 1 }),
    warmup: WARM_UP,
    prefill: 0,
    durationMs,
    idleTimeoutMs: PATIENCE_MS,
    timeoutMs: durationMs + PATIENCE_MS,
    burst: 1,
    writes: 1,
    nagle: false,
    seed,
  };
  if (clients + idleClients > 1) checkTwoClients(plan, PATIENCE_MS);
  const result = await watched(plan);
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

/** Runs the load; somebody at a terminal sees how far it is. */
async function watched(plan: LoadPlan): Promise<LoadResult> {
  const progress = new Progress('{value} of {total} letters');
  const onProgress = (answered: number) => progress.show(answered, plan.letters);
  return runLoad(plan, { onProgress }).finally(() => progress.stop());
}

function report(plan: LoadPlan, result: LoadResult): string {
  const { answered, seconds, lettersPerSecond, loadCpu, latency, serviceTime, finalLetters } = result;
  const loop =
    plan.rate === undefined
      ? 'each client sent its next letter when it had its reply (closed loop)'
      : `sent by the clock, ${thousands(plan.rate)} letters/s (open loop)`;
  const lines = [
    `${plural(answered, 'letter')} of ${plural(plan.clients, 'client')} in ${seconds.toFixed(2)} s`,
    loop,
    `${thousands(Math.round(lettersPerSecond))} letters/s; the load took ${Math.round(100 * loadCpu)} % of a core`,
  ];
  if (latency !== undefined && serviceTime !== undefined) {
    lines.push('', ...(plan.rate === undefined ? table([latency]) : table([latency, serviceTime])));
  }
  if (complaints(result).length === 0) {
    const text = finalLetters === undefined ? '' : `, and the text has all ${plural(finalLetters, 'letter')}`;
    lines.push('', `the server was right: every reply ended in its own letter${text}`);
  }
  return `${lines.join('\n')}\n`;
}

function table(columns: readonly Percentiles[]): string[] {
  const rows: Array<readonly [string, (times: Percentiles) => number | undefined]> = [
    ['p50', ({ p50 }) => p50],
    ['p90', ({ p90 }) => p90],
    ['p99', ({ p99 }) => p99],
    ['p99.9', ({ p999 }) => p999],
    ['max', ({ max }) => max],
  ];
  const heads = columns.length === 1 ? ['reply time'] : ['since it was due', 'since it was sent'];
  const line = (name: string, trials: readonly string[]) =>
    name.padEnd(6) + trials.map((trial) => trial.padStart(20)).join('');
  return [
    line('', heads),
    ...rows.map(([name, of]) =>
      line(
        name,
        columns.map((times) => milliseconds(of(times))),
      ),
    ),
  ];
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? 'too few' : `${ms.toFixed(ms < 10 ? 3 : 1)} ms`;
}

/** What was wrong, in a clause each. */
function complaints({ faults, timedOut, finalLetters }: LoadResult): string[] {
  const named = Object.entries(faults).map(
    ([fault, times]) => `${FAULTS[fault as Fault]} (${plural(times, 'time')})`,
  );
  if (timedOut > 0) named.push(`${plural(timedOut, 'client')} waited in vain for a reply`);
  else if (finalLetters === undefined) named.push('it did not show its final text');
  return named;
}
