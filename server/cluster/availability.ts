// Whether letters can be stored now. Two things prevent it: etcd has no room, or no member has answered for too long. Time is
// counted in ticks, so a SIGSTOP of this server disconnects no client: a tick that comes late is one tick.

import type { CloseFailure } from '../core/close-reason.js';
import type { Durability } from '../core/durability.js';
import type { Log } from '../log/log.js';
import type { Clock } from './waiting.js';

const TICK_MS = 1_000;

export class Availability {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #log: Log;
  #ticks = 0;
  #cancelTick: () => void;
  #noSpace = false;
  #unavailable = false;
  /** Called when no member has answered for too long. */
  onUnavailable = (_why: CloseFailure): void => {};

  constructor(clock: Clock, timeoutMs: number, log: Log) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#log = log;
    this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
  }

  get rejection(): Durability['rejection'] {
    if (this.#unavailable) return 'unavailable';
    return this.#noSpace ? 'diskFull' : undefined;
  }

  /** Why letters are rejected, in words. */
  get problem(): string | undefined {
    if (this.#unavailable) return this.#silence;
    return this.#noSpace ? "etcd's quota is used up" : undefined;
  }

  get #silence(): string {
    return `etcd has not answered for ${this.#timeoutMs / 1000} s`;
  }

  /** A member has answered. */
  answered(): void {
    this.#ticks = 0;
    if (this.#unavailable) this.#log.record({ type: 'etcdAvailable' });
    this.#unavailable = false;
  }

  /** Etcd has rejected letters for lack of room. @param bytes that wait */
  noSpace(reason: string, bytes: number): void {
    if (!this.#noSpace) this.#log.record({ type: 'diskFull', reason, bytes });
    this.#noSpace = true;
  }

  /** Etcd has taken letters. */
  hasSpace(): void {
    if (this.#noSpace) this.#log.record({ type: 'diskFree' });
    this.#noSpace = false;
  }

  close(): void {
    this.#cancelTick();
  }

  #tick(): void {
    this.#ticks += 1;
    if (!this.#unavailable && this.#ticks * TICK_MS >= this.#timeoutMs) {
      this.#unavailable = true;
      const detail = this.#silence;
      this.#log.record({ type: 'etcdUnavailable', message: detail });
      this.onUnavailable({ reason: 'unavailable', detail });
    }
    this.#cancelTick = this.#clock.after(TICK_MS, () => this.#tick());
  }
}
