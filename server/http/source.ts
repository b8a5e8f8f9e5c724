// What the HTTP port shows. It is read when somebody asks, and never changed from here.

import type { ClusterStatus } from '../cluster/status.js';
import type { Histogram } from '../measure/histogram.js';
import type { Meter } from '../measure/meter.js';
import type { IoModelName } from '../models/model.js';
import type { Monitor } from './monitor.js';

export interface Source {
  readonly version: string;
  readonly io: IoModelName;
  /** The text up to its durable length: a view of its own memory, and always a prefix of the next one. */
  readonly text: () => Uint8Array;
  readonly monitor: Monitor;
  /** How a server in a cluster stands with etcd; undefined: it is in none, or has not joined yet. */
  readonly cluster: () => ClusterStatus | undefined;
  readonly meter: Meter;
  /** How long the commits of the journal took, in seconds. */
  readonly commits: Histogram;
  /** A follower that takes less than 1 KiB of what is pending in this time is disconnected; 0: never. */
  readonly stallTimeoutMs: number;
}
