// What the HTTP port shows: read for each request, never changed by it.

import type { Histogram } from '../measure/histogram.js';
import type { Meter } from '../measure/meter.js';
import type { Monitor, Stored } from './monitor.js';

export interface Source extends Stored {
  readonly version: string;
  readonly io: string;
  readonly monitor: Monitor;
  readonly meter: Meter;
  /** Durations of the journal's commits, in seconds. */
  readonly commits: Histogram;
  /** A follower that reads less than 1 KiB of pending text in this time is disconnected; 0: never. */
  readonly stallTimeoutMs: number;
}
