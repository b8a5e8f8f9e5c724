// Runs the checks: each on a server of its own where strcheck starts it, several at a time, those that measure time alone and
// last. A check whose need failed is not judged, so that one fault fails one check.

import { setTimeout as sleep } from 'node:timers/promises';
import { OperationalError } from '../../shared/errors.js';
import { type Prng, prng } from '../../shared/prng.js';
import { CHECKS } from './all-checks.js';
import { echoTime, TOO_SLOW_MS } from './calibration.js';
import type { Check, CheckResult, Grade } from './check.js';
import { CheckFailure } from './check-failure.js';
import { type CheckedServer, LimitError, type Target } from './checked-server.js';
import { findLevel, type Spoken } from './level.js';
import { LEVELS, type Level } from './protocol-level.js';
import { RunningServer } from './running-server.js';
import { usageOf } from './server-processes.js';
import { StartedServer, StartFailure } from './started-server.js';
import { Trial } from './trial.js';
import { WireClient } from './wire-client.js';

const AT_ONCE = 3;
const CHECK_DEADLINE_MS = 15_000;
/** Also on a busy machine. */
const HARD_DEADLINE_MS = 45_000;
const LOOK_MS = 250;
/** The share of the time that strcheck or the server waits for a core on a machine that is too busy for a deadline. */
const MAX_QUEUED = 0.1;
const ALL_DEADLINE_MS = 120_000;
const TIMING_TRIES = 3;
const QUIET_MS = 150;

/** Why a check is not judged. */
export const TOO_BUSY = 'the machine is too busy';

export interface GradeOptions {
  /** Default: what the server speaks. */
  readonly level?: Level;
  /** Only these checks, whatever they need. */
  readonly only?: readonly string[];
  readonly seed: number;
  readonly onResult?: (done: number, total: number, check: Check) => void;
}

/** @throws OperationalError if the machine is too busy, or the server cannot be judged */
export async function gradeServer(target: Target, options: GradeOptions): Promise<Grade> {
  if ((await echoTime()) > TOO_SLOW_MS) throw tooBusy();
  return new Grading(target, options).run();
}

interface Failure {
  readonly error: CheckFailure;
  /** What the kernel said of the server. */
  readonly kernel: string | undefined;
  readonly output: string;
  /** Whether a deadline was missed because the machine is busy. */
  readonly busy: boolean;
}

class Grading {
  readonly #target: Target;
  readonly #options: GradeOptions;
  readonly #chance: Prng;
  readonly #results = new Map<string, CheckResult>();
  readonly #wanted: readonly Check[];
  readonly #running: RunningServer | undefined;
  readonly #deadline = performance.now() + ALL_DEADLINE_MS;
  #spoken: Spoken = { level: 'full', pair: false };

  constructor(target: Target, options: GradeOptions) {
    this.#target = target;
    this.#options = options;
    this.#chance = prng(options.seed);
    this.#wanted = CHECKS.filter(({ id }) => options.only?.includes(id) ?? true);
    this.#running = 'address' in target ? new RunningServer(target.address) : undefined;
  }

  async run(): Promise<Grade> {
    try {
      this.#spoken = await this.#findLevel();
      await this.#runAll(
        this.#wanted.filter(({ timing }) => !timing),
        this.#running ? 1 : AT_ONCE,
      );
      await this.#runAll(
        this.#wanted.filter(({ timing }) => timing),
        1,
      );
    } finally {
      await this.#running?.stop();
    }
    return {
      server: 'command' in this.#target ? this.#target.command.join(' ') : String(this.#target.address.port),
      level: this.#level,
      pair: this.#spoken.pair,
      results: this.#wanted.flatMap(({ id }) => this.#results.get(id) ?? []),
    };
  }

  get #level(): Level {
    return this.#options.level ?? this.#spoken.level;
  }

  async #findLevel(): Promise<Spoken> {
    const probe = async (server: CheckedServer) => findLevel(server, this.#chance);
    if (this.#running !== undefined) {
      const spoken = await probe(this.#running).catch((error: unknown) => {
        throw new OperationalError(
          'NOT_JUDGED',
          error instanceof Error ? error.message : String(error),
          error,
        );
      });
      if (spoken.pair)
        throw new OperationalError(
          'NOT_JUDGED',
          'the server serves two clients only; let strcheck start it: strcheck -- COMMAND … {port}',
        );
      return spoken;
    }
    let server: StartedServer | undefined;
    try {
      server = await this.#start();
      return await probe(server);
    } catch (error) {
      if (error instanceof CheckFailure) return this.#spoken; // the checks will say so
      throw error;
    } finally {
      await server?.stop();
    }
  }

  /** Each check as soon as all that it needs is judged. */
  async #runAll(checks: readonly Check[], atOnce: number): Promise<void> {
    const waiting = [...checks];
    const running = new Set<Promise<void>>();
    while (waiting.length > 0 || running.size > 0) {
      const next = waiting.findIndex(({ needs }) => needs.every((id) => this.#judged(id)));
      if (running.size < atOnce && next >= 0) {
        const [check] = waiting.splice(next, 1);
        if (check === undefined) continue;
        const run = this.#runOne(check).then((result) => {
          this.#results.set(check.id, result);
          running.delete(run);
          this.#options.onResult?.(this.#results.size, this.#wanted.length, check);
        });
        running.add(run);
      } else {
        await Promise.race(running);
      }
    }
  }

  #judged(id: string): boolean {
    return this.#results.has(id) || !this.#wanted.some((check) => check.id === id);
  }

  async #runOne(check: Check): Promise<CheckResult> {
    const started = performance.now();
    const unable = this.#unable(check);
    if (unable !== undefined) return { check, status: 'not judged', ...unable, seconds: 0 };
    let failure: Failure | undefined;
    try {
      failure = await this.#tryAgain(check);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      return { check, status: 'not judged', why: error.message, seconds: 0, counts: false };
    }
    const seconds = (performance.now() - started) / 1000;
    if (failure === undefined) return { check, status: 'passed', seconds, counts: true };
    const { error, kernel, output, busy } = failure;
    if (busy || ((error.deadline || check.timing) && (await echoTime()) > TOO_SLOW_MS))
      return { check, status: 'not judged', why: TOO_BUSY, seconds, counts: false };
    return {
      check,
      status: 'failed',
      why: error.message,
      ...(kernel !== undefined && { kernel }),
      ...(output !== '' && { output }),
      seconds,
      counts: true,
    };
  }

  /** Why a check cannot be run, and whether that is the server's fault. */
  #unable({ level, needs, clients, access }: Check): { why: string; counts: boolean } | undefined {
    const { pair } = this.#spoken;
    if (LEVELS.indexOf(level) > LEVELS.indexOf(this.#level))
      return { why: `it belongs to level ${level}`, counts: false };
    if (access === 'command' && this.#running !== undefined)
      return { why: 'strcheck has not started the server', counts: false };
    if (access === 'process' && this.#running?.pids().length === 0)
      return { why: "the server's process cannot be seen", counts: false };
    if (pair && clients > 2) return { why: 'the server serves two clients only', counts: false };
    const missing = needs
      .map((id) => this.#results.get(id))
      .find((need) => need?.counts && need.status !== 'passed');
    if (missing !== undefined) return { why: `it needs ${missing.check.id}`, counts: true };
    if (performance.now() > this.#deadline)
      return { why: `${ALL_DEADLINE_MS / 1000} s are over`, counts: true };
    return undefined;
  }

  /** @returns why it failed, for a check that measures time each time */
  async #tryAgain(check: Check): Promise<Failure | undefined> {
    let failure = await this.#try(check);
    for (let tries = 1; failure !== undefined && check.timing && tries < TIMING_TRIES; tries += 1)
      failure = await this.#try(check);
    return failure;
  }

  /** Runs a check once. @returns why it failed */
  async #try(check: Check): Promise<Failure | undefined> {
    let server: CheckedServer | undefined;
    let trial: Trial | undefined;
    const deadline = new AbortController();
    const started = performance.now();
    const queuedBefore = usageOf([process.pid]).queuedSeconds;
    /** How long strcheck or the server has waited for a core. */
    const queued = () =>
      Math.max(usageOf([process.pid]).queuedSeconds - queuedBefore, server?.usage().queuedSeconds ?? 0);
    try {
      server = this.#running ?? (await this.#start());
      const companion = this.#spoken.pair && check.clients === 1;
      trial = new Trial(server, this.#level, await this.#textOf(server), this.#chance, companion);
      const run = check.run(trial);
      run.catch(() => {}); // it may fail after the deadline
      await Promise.race([run, overdue(deadline.signal, queued, this.#deadline)]);
      return undefined;
    } catch (error) {
      if (!(error instanceof CheckFailure)) throw error;
      const busy = error.deadline && queued() > (MAX_QUEUED * (performance.now() - started)) / 1000;
      const output = error instanceof StartFailure ? error.output : (server?.output ?? '');
      return { error, kernel: error.kernel ?? trial?.describe(), output, busy };
    } finally {
      deadline.abort();
      await trial?.close();
      if (server !== this.#running) await server?.stop();
    }
  }

  /** Of a server that runs already only the next reply says what its text is. */
  async #textOf(server: CheckedServer): Promise<Buffer> {
    if (this.#running === undefined) return Buffer.alloc(0);
    const client = await WireClient.connect('a client', server, () => 'a client');
    try {
      client.send(String.fromCharCode(0x61 + this.#chance.below(26)));
      if (!(await client.answered())) throw client.noReply('a reply');
      return await client.receiveUntilQuiet(QUIET_MS);
    } finally {
      client.close();
    }
  }

  #start(): Promise<StartedServer> {
    if (!('command' in this.#target)) throw new Error('a running server is not started');
    return StartedServer.start(this.#target.command, this.#target.cwd);
  }
}

/**
 * @param queued seconds of waiting for a core, which do not count
 * @param last when all checks must have ended
 */
async function overdue(signal: AbortSignal, queued: () => number, last: number): Promise<void> {
  const started = performance.now();
  const end = Math.min(started + HARD_DEADLINE_MS, last);
  const over = () => performance.now() > end || ownMs() > CHECK_DEADLINE_MS;
  const ownMs = () => performance.now() - started - 1000 * queued();
  while (!signal.aborted && !over()) await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  throw new CheckFailure(`expected an end within ${CHECK_DEADLINE_MS / 1000} s, got none`, {
    deadline: true,
  });
}

function tooBusy(): OperationalError {
  return new OperationalError(
    'BUSY',
    `the machine is too busy to judge: an echo takes more than ${TOO_SLOW_MS} ms`,
  );
}
