// What the checks see of a server under test: its address, its processes, and the answer to one question: will this server
// still do something, or does it wait? Owns the limits on what strcheck does to it.

import type { Address } from '../../shared/address.js';
import { describeView, kernelView } from '../../shared/kernel-view.js';
import { allAsleep, residentMiB, type Usage, usageOf } from './server-processes.js';

const SAMPLE_INTERVAL_MS = 100;
/** A server that sleeps in this number of samples in a row, while a client waits for it, waits for something else. */
const IDLE_SAMPLES = 15;
const RESTING_SAMPLES = 2;
export const MAX_RESIDENT_MIB = 2_048;
const MAX_CONNECTIONS = 64;
const MAX_SENT_BYTES = 20_000_000;

/** How strcheck finds the server. */
export type Target =
  | { readonly command: readonly string[]; readonly cwd?: string }
  | { readonly address: Address };

/** A check does more to a server than strcheck allows. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
}

export abstract class CheckedServer {
  abstract readonly address: Address;
  /** Whether the server has ended, and how. */
  abstract readonly ended: string | undefined;
  /** The end of what it has printed. */
  abstract readonly output: string;
  /** Samples in a row in which all its threads slept. */
  #asleepSamples = 0;
  #watch: NodeJS.Timeout | undefined;
  #connections = 0;
  #sentBytes = 0;

  /** Its processes; none if they cannot be seen. */
  abstract pids(): readonly number[];

  /** The process that listens; undefined if it cannot be seen. */
  abstract readonly listener: number | undefined;

  abstract stop(): Promise<void>;

  /** Whether all its threads have slept in all samples of the last 1.5 s. */
  get idle(): boolean {
    return this.#asleepSamples >= IDLE_SAMPLES;
  }

  /** Whether all its threads sleep at the moment. */
  get resting(): boolean {
    return this.#asleepSamples >= RESTING_SAMPLES;
  }

  get residentMiB(): number {
    return residentMiB(this.pids());
  }

  usage(): Usage {
    return usageOf(this.pids());
  }

  /** What the kernel says of it, in a line; undefined if nothing is known, or the server has ended. */
  describe(clientName: (peerPort: number) => string): string | undefined {
    const view = this.#view();
    return view.available && this.ended === undefined ? describeView(view, clientName) : undefined;
  }

  /** Unread and unsent bytes of a client's connection; undefined if it cannot be seen. */
  connection(peerPort: number) {
    const view = this.#view();
    return view.available ? view.connections.find((one) => one.peerPort === peerPort) : undefined;
  }

  /** Whether it has accepted all connections, as far as can be seen. */
  get acceptedAll(): boolean {
    const view = this.#view();
    return !view.available || view.acceptQueue === 0;
  }

  #view() {
    const others = this.pids().filter((pid) => pid !== this.listener);
    return kernelView(this.listener ?? 0, this.address.port, undefined, others);
  }

  /** Whether all its threads have slept once since something happened. */
  get paused(): boolean {
    return this.#asleepSamples > 0;
  }

  /** Something has happened: earlier samples do not count. */
  touch(): void {
    this.#asleepSamples = 0;
  }

  /** @throws LimitError */
  countConnection(change: 1 | -1): void {
    if (this.#connections + change > MAX_CONNECTIONS)
      throw new LimitError(`strcheck opens at most ${MAX_CONNECTIONS} connections`);
    this.#connections += change;
    this.touch();
  }

  /** @throws LimitError */
  countSent(bytes: number): void {
    this.#sentBytes += bytes;
    if (this.#sentBytes > MAX_SENT_BYTES)
      throw new LimitError(`strcheck sends at most ${MAX_SENT_BYTES / 1e6} MB`);
    this.touch();
  }

  protected watch(): void {
    this.#watch = setInterval(() => {
      const pids = this.pids();
      this.#asleepSamples = allAsleep(pids) ? this.#asleepSamples + 1 : 0;
      if (residentMiB(pids) > MAX_RESIDENT_MIB) this.onMemoryLimit();
    }, SAMPLE_INTERVAL_MS).unref();
  }

  protected unwatch(): void {
    clearInterval(this.#watch);
  }

  protected onMemoryLimit(): void {}
}
