// The load: one thread that is many clients at once. It keeps an eye on the clients that send with epoll or poll, leaves the
// silent ones alone, checks every reply while it measures, and at the end looks whether the text explains them all.
// It owns its process: nothing else runs while it does.

import { OperationalError } from '../../shared/errors.js';
import { EAGAIN, IGNORED_FD, libc, POLLIN } from '../../shared/libc/libc.js';
import { PollList } from '../../shared/libc/structs.js';
import { type ProcessStats, processStats } from '../../shared/procfs.js';
import { isContinuation } from '../../shared/utf8.js';
import { checkFinalText } from './check-final-text.js';
import { Faults } from './faults.js';
import { LetterTable } from './letter-table.js';
import { connectAll } from './line-client.js';
import { LoadClient, LoadContext } from './load-client.js';
import { LongestPrefix } from './longest-prefix.js';
import { buckets, percentiles } from './percentiles.js';
import type { Fault, LoadPlan, LoadResult } from './plan.js';
import { look, prefill } from './prefill.js';
import { openReadiness, type Readiness } from './readiness.js';
import { Schedule } from './schedule.js';

/** How often it says how far it is. */
const PROGRESS_MS = 200;
/** How long it waits for what nobody asked for. */
const QUIET_MS = 20;
/** How long the last client waits for its reply: after a good run, and where others were not answered. */
const LAST_LOOK_MS = 10_000;
const LAST_LOOK_FROZEN_MS = 1_000;
/** So many clients at a time connect and get their first answer, so that no backlog runs over. */
const START_UP_BATCH = 100;

/** While clients warm up and nobody is answered for so long, those who have had their answers send once more. */
const NUDGE_MS = 100;
/** One client that was refused may ask again so often. */
const RETRIES = 20;
/** A sleep shorter than this is not worth it: to fall asleep and be woken takes a good part of it. */
const SHORT_SLEEP_MS = 0.05;
const NOBODY = new PollList(0);

/** @throws OperationalError when the server cannot be reached, or not be brought to where measuring can begin */
export function drive(plan: LoadPlan, onProgress?: (answered: number) => void): LoadResult {
  return new Load(plan, onProgress).run();
}

class Load {
  readonly #plan: LoadPlan;
  readonly #onProgress: ((answered: number) => void) | undefined;
  readonly #schedule: Schedule;
  readonly #operations: LetterTable;
  readonly #known = new LongestPrefix();
  readonly #faults = new Faults();
  readonly #context: LoadContext;
  readonly #clients: LoadClient[] = [];
  readonly #watch: Readiness;
  /** The text before the run. */
  #base: Buffer = Buffer.alloc(0);
  /** Letters that are due so far. */
  #due = 0;
  #retries = RETRIES;
  /** Whether no more letters are to be sent. */
  #stopped = false;
  #progressAt = 0;
  /** A sleep shorter than this is none: it asks who is ready again and again; for so long it did when nothing was to do. */
  readonly #shortSleepMs: number;
  #idleMs = 0;

  constructor(plan: LoadPlan, onProgress?: (answered: number) => void) {
    this.#plan = plan;
    this.#onProgress = onProgress;
    this.#schedule = new Schedule(plan);
    this.#operations = new LetterTable(this.#schedule);
    const { burst, writes } = plan;
    const maxInFlight = plan.rate === undefined ? burst : (plan.maxInFlight ?? Number.POSITIVE_INFINITY);
    this.#context = new LoadContext(this.#operations, this.#known, this.#faults, {
      maxInFlight,
      burst,
      writes,
    });
    this.#watch = openReadiness(plan.clients);
    this.#shortSleepMs = plan.busyPoll === true ? Number.POSITIVE_INFINITY : SHORT_SLEEP_MS;
  }

  run(): LoadResult {
    libc().disableTimerSlack();
    this.#fill();
    const idleClients = connectAll(this.#plan, this.#plan.idleClients, this.#plan, this.#deadline());
    const startUpBegan = performance.now();
    const started = this.#startUp();
    const before = this.#observe();
    const cpu = process.cpuUsage();
    const began = performance.now();
    if (started) this.#measure(began);
    const { user, system } = process.cpuUsage(cpu);
    const spent = performance.now() - began;
    const loadCpu = ((user + system) / 1000 - this.#idleMs) / spent;
    const after = this.#observe();
    const timedOut = this.#clients.filter(({ waits }) => waits).length;
    this.#settle(idleClients, timedOut);
    this.#watch.close();
    const text = this.#lastLook(timedOut);
    const { startedAt } = this.#context;
    return {
      ...this.#figures(),
      ...(startedAt !== undefined && { startUpMs: startedAt - startUpBegan }),
      ...this.#verdict(text),
      timedOut,
      loadCpu,
      ...(before !== undefined && after !== undefined && { watched: { before, after } }),
    };
  }

  /** The server, if it is to be watched. */
  #observe(): ProcessStats | undefined {
    const { watch } = this.#plan;
    return watch === undefined ? undefined : processStats(watch);
  }

  #deadline(): number {
    return performance.now() + this.#plan.timeoutMs;
  }

  /** When to give up on a server that has last answered at this time. */
  #patience(lastAnswer: number): number {
    return lastAnswer + (this.#plan.idleTimeoutMs ?? Number.POSITIVE_INFINITY);
  }

  // --- before ---

  #fill(): void {
    const { prefill: bytes } = this.#plan;
    const deadline = this.#deadline();
    this.#base = prefill(
      this.#plan,
      bytes,
      bytes > 0 ? deadline : Math.min(deadline, this.#patience(performance.now())),
    );
    this.#known.agrees(0, this.#base, 0, this.#base.length);
  }

  /** Connects all clients and lets them send their lines without a letter; whether all of these were answered. */
  #startUp(): boolean {
    const { clients, warmup } = this.#plan;
    const deadline = this.#deadline();
    while (this.#clients.length < clients) {
      const batch = Math.min(START_UP_BATCH, clients - this.#clients.length);
      for (const fd of connectAll(this.#plan, batch, this.#plan, deadline)) this.#admit(fd);
      const first = this.#clients.length - batch;
      if (!this.#warmUp(this.#clients.slice(first), Math.min(1, warmup), deadline)) return false;
      this.#replaceRefused(first, deadline);
    }
    return this.#warmUp(this.#clients, warmup - 1, deadline);
  }

  #admit(fd: number): void {
    const index = this.#clients.length;
    this.#clients.push(new LoadClient(fd, index, this.#context));
    this.#watch.set(index, fd, POLLIN);
  }

  /** A server at its limit may not have noticed yet that the one who looked at the text is gone: one client asks again. */
  #replaceRefused(first: number, deadline: number): void {
    const at = this.#clients.findIndex((client, index) => index >= first && client.refused);
    if (at < 0) return;
    for (; this.#retries > 0 && this.#clients[at]?.refused; this.#retries -= 1) {
      libc().poll(NOBODY, 0, QUIET_MS);
      const [fd = IGNORED_FD] = connectAll(this.#plan, 1, this.#plan, deadline);
      const client = new LoadClient(fd, at, this.#context);
      this.#clients[at] = client;
      this.#watch.forget(at);
      this.#watch.set(at, fd, POLLIN);
      this.#warmUp([client], 1, deadline);
    }
    this.#retries = 0;
  }

  #warmUp(clients: readonly LoadClient[], lines: number, deadline: number): boolean {
    const began = performance.now();
    for (const client of clients) client.warmUp(lines);
    while (clients.some(({ waits }) => waits)) {
      const patience = this.#patience(Math.max(began, this.#context.lastAnswer));
      const left = Math.min(deadline, patience) - performance.now();
      if (left <= 0) return false;
      const before = this.#context.lastAnswer;
      this.#watch.turn(Math.min(left, NUDGE_MS), this.#visit);
      if (this.#context.lastAnswer === before) this.#nudge();
    }
    return true;
  }

  /** A server that asks round in a circle and blocks may wait for one who has had its turn before the others. */
  #nudge(): void {
    for (const client of this.#clients) if (!client.waits) client.warmUp(1);
  }

  // --- measure ---

  #measure(began: number): void {
    const { durationMs = Number.POSITIVE_INFINITY } = this.#plan;
    const context = this.#context;
    const giveUpAt = began + this.#plan.timeoutMs;
    let stopAt = began + durationMs;
    let quietSince = began;
    this.#begin(began);
    while (context.open > 0) {
      const now = performance.now();
      const { sent } = context;
      if (now >= stopAt) {
        for (const client of this.#clients) client.stop();
        stopAt = Number.POSITIVE_INFINITY;
        this.#stopped = true;
      }
      const nextDue = this.#letDue(began, now);
      this.#progress(now);
      quietSince = context.unanswered === 0 ? now : Math.max(quietSince, context.lastAnswer);
      const end = Math.min(giveUpAt, this.#patience(quietSince));
      if (now >= end) return;
      const sleep = Math.min(end, stopAt, nextDue, this.#progressAt) - now;
      const short = sleep < this.#shortSleepMs;
      const ready = this.#watch.turn(short ? 0 : sleep, this.#visit);
      if (short && ready === 0 && context.sent === sent) {
        this.#idleMs += Math.min(SHORT_SLEEP_MS, performance.now() - now); // what is longer, another process had
      }
    }
  }

  /** In a closed loop all letters are due at once, in an open one each has its time. */
  #begin(began: number): void {
    const { due } = this.#schedule;
    if (this.#onProgress === undefined) this.#progressAt = Number.POSITIVE_INFINITY;
    for (const client of this.#clients) client.begin();
    if (due === undefined) {
      for (const [index, client] of this.#clients.entries()) client.letDue(this.#schedule.share(index));
    } else {
      for (const [number, after] of due.entries()) this.#operations.intended[number] = began + after;
    }
  }

  /** Has those letters sent whose time has come; when that of the next will have come. */
  #letDue(began: number, now: number): number {
    const { due } = this.#schedule;
    if (due === undefined || this.#stopped) return Number.POSITIVE_INFINITY;
    for (; this.#due < due.length; this.#due += 1) {
      const at = began + (due[this.#due] as number);
      if (at > now) return at;
      const index = this.#due % this.#clients.length;
      const client = this.#clients[index] as LoadClient;
      client.letDue(1);
      this.#watchFor(client, index);
    }
    return Number.POSITIVE_INFINITY;
  }

  #progress(now: number): void {
    if (now < this.#progressAt) return;
    this.#onProgress?.(this.#context.answered);
    this.#progressAt = now + PROGRESS_MS;
  }

  readonly #visit = (index: number): void => {
    const client = this.#clients[index] as LoadClient;
    client.visit();
    this.#watchFor(client, index);
  };

  #watchFor(client: LoadClient, index: number): void {
    if (client.closed) this.#watch.forget(index);
    else this.#watch.set(index, client.fd, client.interest);
  }

  // --- after ---

  /** Sees whether anything comes that nobody asked for, and lets the clients go. */
  #settle(idleClients: readonly number[], timedOut: number): void {
    const until = performance.now() + QUIET_MS;
    for (let left = QUIET_MS; timedOut === 0 && left > 0; left = until - performance.now())
      this.#watch.turn(left, this.#visit);
    for (const client of this.#clients) {
      client.finish();
    }
    for (const fd of idleClients) {
      this.#faults.add(...heard(fd));
      libc().close(fd);
    }
  }

  /** The final text, as one client more sees it. It may be refused until the server has noticed that the others are gone. */
  #lastLook(timedOut: number): Buffer | undefined {
    const deadline = performance.now() + (timedOut > 0 ? LAST_LOOK_FROZEN_MS : LAST_LOOK_MS);
    while (performance.now() < deadline) {
      try {
        return look(this.#plan, deadline);
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error;
        libc().poll(NOBODY, 0, QUIET_MS);
      }
    }
    return undefined;
  }

  #figures() {
    const { sent, answered, replyBytes, lastAnswer } = this.#context;
    const operations = this.#operations;
    const times = operations.times(operations.sent);
    const [latency, serviceTime] = [percentiles(operations.times(operations.intended)), percentiles(times)];
    const firstSent = operations.sent.reduce((min, at) => (at > 0 ? Math.min(min, at) : min), lastAnswer);
    const seconds = answered === 0 ? 0 : (lastAnswer - firstSent) / 1000;
    return {
      sent,
      answered,
      seconds,
      lettersPerSecond: seconds > 0 ? answered / seconds : 0,
      replyBytes,
      ...(latency !== undefined && { latency }),
      ...(serviceTime !== undefined && { serviceTime }),
      buckets: buckets(times),
    };
  }

  #verdict(text: Buffer | undefined) {
    if (text !== undefined)
      checkFinalText(this.#operations, this.#base, this.#known.bytes, text, this.#faults);
    return {
      expectedLetters: letters(this.#base) + this.#context.sent + 1,
      ...(text !== undefined && { finalLetters: letters(text), finalBytes: text.length }),
      faults: this.#faults.counts,
    };
  }
}

/** What a silent client has got, and how often: nothing, if all is well. */
function heard(fd: number): [Fault, number] {
  try {
    const length = libc().recv(fd, Buffer.alloc(1));
    return length === 0 ? ['closed', 1] : ['unsolicited', length === EAGAIN ? 0 : 1];
  } catch {
    return ['closed', 1];
  }
}

function letters(text: Buffer): number {
  return text.length - text.reduce((sum, byte) => sum + Number(isContinuation(byte)), 0);
}
