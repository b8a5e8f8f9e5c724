// Time that passes only when a simulation says so. Callbacks run in the order of their times; promises settle in between.

import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../server/cluster/waiting.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, order: this.#order, callback };
    this.#order += 1;
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets this much time pass; ends early once the condition holds. */
  async pass(ms: number, until = () => false): Promise<void> {
    const end = this.#now + ms;
    await turn();
    while (!until()) {
      const next = this.#earliest();
      if (next === undefined || next.at > end) {
        this.#now = end;
        return;
      }
      this.#timers.delete(next);
      this.#now = next.at;
      next.callback();
      await turn();
    }
  }

  #earliest(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }
}

/** A process in the simulation: its callbacks run unless it is killed, and wait while it is stopped. */
export class Host implements Clock {
  readonly #clock: Clock;
  #killed = false;
  #stopped: Array<() => void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, callback: () => void): () => void {
    let canceled = false;
    const cancel = this.#clock.after(ms, () => this.run(() => canceled || callback()));
    return () => {
      canceled = true;
      cancel();
    };
  }

  run(callback: () => void): void {
    if (this.#killed) return;
    if (this.#stopped === undefined) callback();
    else this.#stopped.push(callback);
  }

  get running(): boolean {
    return !this.#killed && this.#stopped === undefined;
  }

  kill(): void {
    this.#killed = true;
  }

  /** As SIGSTOP and SIGCONT. */
  stop(): void {
    this.#stopped ??= [];
  }

  continue(): void {
    const waiting = this.#stopped ?? [];
    this.#stopped = undefined;
    for (const callback of waiting) this.run(callback);
  }
}
