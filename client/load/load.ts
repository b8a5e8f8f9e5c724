// The load: one thread that is many clients at once. The phases of a run: fill the text, connect and warm up, measure, read
// at the final text, report. It has its process for itself: nothing else runs meanwhile.

import * as libc from '../../shared/libc/load-calls.js';
import { processStats } from '../../shared/procfs.js';
import { percentiles } from '../../shared/quantile.js';
import { countLetters } from '../../shared/utf8.js';
import { checkFinalText } from './check-final-text.js';
import { ClientPool } from './client-pool.js';
import { connectAll, pause } from './connections.js';
import { buckets } from './letter-table.js';
import { LoadContext } from './load-client.js';
import type { LoadPlan, LoadResult } from './plan.js';
import { prefill, readFinalText } from './prefill.js';

/** Between two reports of progress. */
const PROGRESS_MS = 200;
/** How long it waits for unsolicited bytes. */
const QUIET_MS = 20;
/** Before a silence is observed: what the last reply has started in the server is over by then. */
const SETTLE_MS = 20;
/** How long reading the final text may take: after a good run, and after timeouts. */
const READ_MS = 10_000;
const READ_TIMED_OUT_MS = 1_000;
/** A shorter sleep is not worth it: falling asleep and waking up take a good part of it. */
const SHORT_SLEEP_MS = 0.05;

export class Load {
  readonly #plan: LoadPlan;
  readonly #onProgress: (answered: number) => void;
  readonly #context: LoadContext;
  readonly #pool: ClientPool;
  readonly #idleTimeoutMs: number;
  /** For this long it polled although nothing was to do, instead of a short sleep. */
  #idleMs = 0;
  /** Letters that are due so far. */
  #due = 0;
  #progressAt = 0;

  constructor(plan: LoadPlan, onProgress: (answered: number) => void) {
    this.#plan = plan;
    this.#onProgress = onProgress;
    this.#context = new LoadContext(plan);
    this.#pool = new ClientPool(this.#context);
    this.#idleTimeoutMs = plan.idleTimeoutMs ?? Number.POSITIVE_INFINITY;
  }

  /** @throws OperationalError when the server cannot be reached, or not be brought to where measuring can begin */
  run(): LoadResult {
    const { watch, silenceMs } = this.#plan;
    const observe = () => (watch === undefined ? undefined : processStats(watch));
    libc.disableTimerSlack();
    const base = this.#fill();
    const deadline = performance.now() + this.#plan.timeoutMs;
    const idleClients = connectAll(this.#plan, this.#plan.idleClients, this.#plan, deadline);
    const startUpBegan = performance.now();
    const ready = this.#pool.startUp();
    if (silenceMs !== undefined) pause(SETTLE_MS);
    const before = observe();
    const observedAt = performance.now();
    if (silenceMs !== undefined) pause(silenceMs);
    const loadCpu = ready ? this.#measure() : 0;
    const after = observe();
    const seconds = (performance.now() - observedAt) / 1000;
    const timedOut = this.#pool.waiting;
    this.#settle(idleClients, timedOut);
    const text = readFinalText(this.#plan, timedOut > 0 ? READ_TIMED_OUT_MS : READ_MS);
    checkFinalText(this.#context, base, text);
    const { started, startedAt, faults } = this.#context;
    return {
      ...this.#times(),
      ...(started === this.#plan.clients && { startUpMs: startedAt - startUpBegan }),
      ...(text !== undefined && { finalLetters: countLetters(text), finalBytes: text.length }),
      faults,
      timedOut,
      loadCpu,
      ...(before !== undefined && after !== undefined && { watched: { before, after, seconds } }),
    };
  }

  /** The text before the run. */
  #fill(): Buffer {
    const { prefill: bytes, timeoutMs } = this.#plan;
    const waitMs = bytes > 0 ? timeoutMs : Math.min(timeoutMs, this.#idleTimeoutMs);
    const base = prefill(this.#plan, bytes, performance.now() + waitMs);
    this.#context.known.agrees(0, base, 0, base.length);
    return base;
  }

  // --- measure ---

  /** @returns the load's own share of a core, without the time in which it polled although nothing was to do */
  #measure(): number {
    const cpu = process.cpuUsage();
    const began = performance.now();
    this.#begin(began);
    this.#loop(began);
    const { user, system } = process.cpuUsage(cpu);
    return ((user + system) / 1000 - this.#idleMs) / (performance.now() - began);
  }

  /** In a closed loop all letters are due at once, in an open one each has its time. */
  #begin(began: number): void {
    const { schedule, intended } = this.#context.table;
    const { clients } = this.#pool;
    this.#context.measuring = true;
    for (const { closed, share } of clients) if (!closed) this.#context.unsent += share;
    if (schedule.due === undefined) {
      for (const [index, { share }] of clients.entries()) this.#pool.letDue(index, share);
    } else {
      for (const [number, after] of schedule.due.entries()) intended[number] = began + after;
    }
  }

  #loop(began: number): void {
    const { durationMs = Number.POSITIVE_INFINITY, timeoutMs } = this.#plan;
    const context = this.#context;
    let stopAt = began + durationMs;
    let quietSince = began;
    while (context.unsent + context.unanswered > 0) {
      const now = performance.now();
      const { sent } = context;
      if (now >= stopAt) {
        context.measuring = false;
        context.unsent = 0;
        stopAt = Number.POSITIVE_INFINITY;
      }
      const nextDue = this.#letDue(now);
      this.#progress(now);
      quietSince = context.unanswered === 0 ? now : Math.max(quietSince, context.lastAnswer);
      const end = Math.min(began + timeoutMs, quietSince + this.#idleTimeoutMs);
      if (now >= end) return;
      const sleep = Math.min(end, stopAt, nextDue, this.#progressAt) - now;
      const short = sleep < SHORT_SLEEP_MS;
      const ready = this.#pool.wait(short ? 0 : sleep);
      if (short && ready === 0 && context.sent === sent) {
        this.#idleMs += Math.min(SHORT_SLEEP_MS, performance.now() - now); // the rest of a longer time had another process
      }
    }
  }

  /** Has the letters sent that are due; when the next will be due. */
  #letDue(now: number): number {
    const { intended, schedule } = this.#context.table;
    if (schedule.due === undefined || !this.#context.measuring) return Number.POSITIVE_INFINITY;
    for (; this.#due < schedule.letters; this.#due += 1) {
      const at = intended[this.#due] as number;
      if (at > now) return at;
      this.#pool.letDue(this.#due % schedule.clients, 1);
    }
    return Number.POSITIVE_INFINITY;
  }

  #progress(now: number): void {
    if (now < this.#progressAt) return;
    this.#onProgress(this.#context.answered);
    this.#progressAt = now + PROGRESS_MS;
  }

  // --- after ---

  /** Waits for unsolicited bytes, and closes all clients. */
  #settle(idleClients: readonly number[], timedOut: number): void {
    const until = performance.now() + QUIET_MS;
    for (let left = QUIET_MS; timedOut === 0 && left > 0; left = until - performance.now())
      this.#pool.wait(left);
    this.#pool.close();
    for (const fd of idleClients) {
      this.#checkIdle(fd);
      libc.close(fd);
    }
  }

  /** A client that never sent anything must still be connected, and have received nothing. */
  #checkIdle(fd: number): void {
    try {
      const length = libc.recv(fd, Buffer.alloc(1));
      if (length !== libc.EAGAIN) this.#context.addFault(length === 0 ? 'closed' : 'unsolicited');
    } catch {
      this.#context.addFault('closed');
    }
  }

  #times() {
    const { table, sent, answered, replyBytes, lastAnswer } = this.#context;
    const times = table.times(table.sent);
    const [latency, serviceTime] = [percentiles(table.times(table.intended)), percentiles(times)];
    const firstSent = table.sent.reduce((min, at) => (at > 0 ? Math.min(min, at) : min), lastAnswer);
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
}
