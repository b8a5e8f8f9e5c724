// One attempt at a check: a server for it, the check, and why it failed. It ends within a deadline that does not count the
// time that strcheck or the server waits for a core.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '../../shared/prng.js';
import type { Check } from './check.js';
import { CheckContext } from './check-context.js';
import { CheckFailure } from './check-failure.js';
import type { CheckedServer, Target } from './checked-server.js';
import type { Spoken } from './level.js';
import type { RunningServer } from './running-server.js';
import { usageOf } from './server-processes.js';
import { StartedServer, StartFailure } from './started-server.js';
import { WireClient } from './wire-client.js';

const CHECK_DEADLINE_MS = 15_000;
/** Also on a busy machine. */
const HARD_DEADLINE_MS = 45_000;
const POLL_INTERVAL_MS = 250;
/** The share of the time that strcheck or the server waits for a core on a machine that is too busy for a deadline. */
const MAX_QUEUED = 0.1;
const QUIET_MS = 150;

export interface AttemptOptions {
  readonly target: Target;
  /** The server, if it runs already. */
  readonly running: RunningServer | undefined;
  readonly spoken: Spoken;
  readonly random: Prng;
  /** By performance.now(), when all checks must have ended. */
  readonly end: number;
}

export interface Failure {
  readonly error: CheckFailure;
  /** What the kernel said of the server. */
  readonly kernel: string | undefined;
  readonly output: string;
  /** Whether a deadline was missed because the machine is busy. */
  readonly busy: boolean;
}

/**
 * Runs a check once.
 * @returns why it failed
 */
export async function attempt(check: Check, options: AttemptOptions): Promise<Failure | undefined> {
  const { target, running, spoken, random, end } = options;
  let server: CheckedServer | undefined;
  let context: CheckContext | undefined;
  const deadline = new AbortController();
  const started = performance.now();
  const [ownBefore, before] = [usageOf([process.pid]), running?.usage()];
  /** How long strcheck or the server has waited for a core. */
  const queued = () =>
    Math.max(
      usageOf([process.pid]).queuedSeconds - ownBefore.queuedSeconds,
      (server?.usage().queuedSeconds ?? 0) - (before?.queuedSeconds ?? 0),
    );
  try {
    server = running ?? (await startTarget(target));
    const text = running === undefined ? Buffer.alloc(0) : await textOf(running, random);
    context = new CheckContext(server, spoken, text, random, check.clients);
    const run = check.run(context);
    run.catch(() => {}); // it may fail after the deadline
    await Promise.race([run, timeout(deadline.signal, queued, end)]);
    return undefined;
  } catch (error) {
    if (!(error instanceof CheckFailure)) throw error;
    const busy = isInconclusive(error, queued(), started);
    const output = error instanceof StartFailure ? error.output : (server?.output ?? '');
    return { error, kernel: error.kernel ?? context?.describe(), output, busy };
  } finally {
    deadline.abort();
    await context?.close();
    if (server !== running) await server?.stop();
  }
}

/**
 * Whether the machine is too busy for this failure to be the server's: a deadline was missed, or the check took so long that a
 * timeout of the server may have passed.
 * @param queued in seconds
 * @param started by performance.now()
 */
export function isInconclusive({ deadline }: CheckFailure, queued: number, started: number): boolean {
  const late = deadline || performance.now() - started > CHECK_DEADLINE_MS;
  return late && isBusy(queued, started);
}

/**
 * Whether strcheck or the server has waited for a core for so long that a deadline says nothing.
 * @param queued in seconds
 * @param started by performance.now()
 */
export function isBusy(queued: number, started: number): boolean {
  return queued > (MAX_QUEUED * (performance.now() - started)) / 1000;
}

/** @throws StartFailure */
export function startTarget(target: Target): Promise<StartedServer> {
  if (!('command' in target)) throw new Error('a running server is not started');
  return StartedServer.start(target.command, target.cwd);
}

/** Of a server that runs already only the next reply says what its text is. */
async function textOf(server: RunningServer, random: Prng): Promise<Buffer> {
  const client = await WireClient.connect('a client', server, () => 'a client');
  try {
    client.send(String.fromCharCode(0x61 + random.below(26)));
    if (!(await client.answered())) throw await client.noReply('a reply');
    return await client.receiveUntilQuiet(QUIET_MS);
  } finally {
    client.close();
  }
}

/**
 * @param queued seconds of waiting for a core, which do not count
 * @param last when all checks must have ended
 */
async function timeout(signal: AbortSignal, queued: () => number, last: number): Promise<void> {
  const started = performance.now();
  const end = Math.min(started + HARD_DEADLINE_MS, last);
  const over = () => performance.now() > end || ownMs() > CHECK_DEADLINE_MS;
  const ownMs = () => performance.now() - started - 1000 * queued();
  while (!signal.aborted && !over()) await sleep(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {});
  throw new CheckFailure(`expected an end within ${CHECK_DEADLINE_MS / 1000} s, got none`, {
    deadline: true,
  });
}
