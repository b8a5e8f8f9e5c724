// Which checks are run, in which order, and what is said of each: several at a time, those that measure time alone and last. A
// check whose need failed is not judged, so that one fault fails one check. attempt.ts runs a check.

import { OperationalError } from '../../shared/errors.js';
import { type Prng, prng } from '../../shared/prng.js';
import { CHECKS } from './all-checks.js';
import { attempt, type Failure, isBusy, startTarget } from './attempt.js';
import { echoTime, TOO_SLOW_MS } from './calibration.js';
import type { Check, CheckResult, Grade } from './check.js';
import { CheckFailure } from './check-failure.js';
import { type CheckedServer, LimitError, type Target } from './checked-server.js';
import { findLevel, type Spoken } from './level.js';
import { LEVELS, type Level } from './protocol-level.js';
import { RunningServer } from './running-server.js';
import { usageOf } from './server-processes.js';
import type { StartedServer } from './started-server.js';

const AT_ONCE = 3;
const ALL_DEADLINE_MS = 120_000;
const TIMING_ATTEMPTS = 3;

/** Why a check is not judged. */
export const TOO_BUSY = 'the machine is too busy';

type Judgement = Pick<CheckResult, 'status' | 'why' | 'counts'>;
/** Why a check is not judged, and whether that is the server's fault. */
type Unable = { readonly why: string; readonly counts: boolean };

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

class Grading {
  readonly #target: Target;
  readonly #options: GradeOptions;
  readonly #random: Prng;
  readonly #results = new Map<string, CheckResult>();
  readonly #wanted: readonly Check[];
  readonly #running: RunningServer | undefined;
  readonly #started = performance.now();
  readonly #deadline = this.#started + ALL_DEADLINE_MS;
  readonly #queuedBefore = usageOf([process.pid]).queuedSeconds;
  #spoken: Spoken = { level: 'full', pair: false };

  constructor(target: Target, options: GradeOptions) {
    this.#target = target;
    this.#options = options;
    this.#random = prng(options.seed);
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
    const probe = async (server: CheckedServer) => findLevel(server, this.#random);
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
      server = await startTarget(this.#target);
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
      failure = await this.#attempt(check);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      return { check, status: 'not judged', why: error.message, seconds: 0, counts: false };
    }
    const seconds = (performance.now() - started) / 1000;
    if (failure === undefined) return { check, status: 'passed', seconds, counts: true };
    const { error, kernel, output, busy } = failure;
    if (busy || (error.deadline && (await echoTime()) > TOO_SLOW_MS))
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
  #unable({ level, needs, clients, access }: Check): Unable | undefined {
    const { pair } = this.#spoken;
    if (LEVELS.indexOf(level) > LEVELS.indexOf(this.#level))
      return { why: `it belongs to level ${level}`, counts: false };
    if (access === 'command' && this.#running !== undefined)
      return { why: 'strcheck has not started the server', counts: false };
    if (access === 'process' && this.#running?.pids().length === 0)
      return { why: "the server's process cannot be seen", counts: false };
    if (pair && clients > 2) return { why: 'the server serves two clients only', counts: false };
    const unmet = unmetNeed(needs, this.#results);
    if (unmet !== undefined) return unmet;
    if (performance.now() > this.#deadline) {
      const busy = isBusy(usageOf([process.pid]).queuedSeconds - this.#queuedBefore, this.#started);
      return busy
        ? { why: TOO_BUSY, counts: false }
        : { why: `${ALL_DEADLINE_MS / 1000} s are over`, counts: true };
    }
    return undefined;
  }

  /** @returns why it failed; a check that measures time has several attempts */
  async #attempt(check: Check): Promise<Failure | undefined> {
    const attempts = check.timing ? TIMING_ATTEMPTS : 1;
    let failure: Failure | undefined;
    for (let nth = 0; nth < attempts; nth += 1) {
      failure = await attempt(check, {
        ...{ target: this.#target, running: this.#running, random: this.#random, end: this.#deadline },
        spoken: { level: this.#level, pair: this.#spoken.pair },
      });
      if (failure === undefined) break;
    }
    return failure;
  }
}

/** A need that could not be judged says nothing of the server: the check could fail for the same reason. */
export function unmetNeed(
  needs: readonly string[],
  results: ReadonlyMap<string, Judgement>,
): Unable | undefined {
  const failed = needs.find((id) => results.get(id)?.counts && results.get(id)?.status !== 'passed');
  if (failed !== undefined) return { why: `it needs ${failed}`, counts: true };
  if (needs.some((id) => results.get(id)?.why === TOO_BUSY)) return { why: TOO_BUSY, counts: false };
  return undefined;
}

function tooBusy(): OperationalError {
  return new OperationalError(
    'BUSY',
    `the machine is too busy to judge: an echo takes more than ${TOO_SLOW_MS} ms`,
  );
}
