// What a server did wrong, counted by name.

import type { Fault } from './plan.js';

export class Faults {
  readonly #counts: Partial<Record<Fault, number>> = {};

  add(fault: Fault, times = 1): void {
    if (times > 0) this.#counts[fault] = (this.#counts[fault] ?? 0) + times;
  }

  get none(): boolean {
    return Object.keys(this.#counts).length === 0;
  }

  get counts(): Partial<Record<Fault, number>> {
    return { ...this.#counts };
  }
}
