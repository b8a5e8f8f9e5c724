// The I/O models by name. Each is loaded on demand, because all but `events` need koffi.

import type { IoModelName } from '../../shared/options.js';
import type { IoModel, IoModelContext } from './model.js';

export const LOADERS: Record<IoModelName, () => Promise<new (context: IoModelContext) => IoModel>> = {
  events: async () => (await import('./events.js')).EventsModel,
  poll: async () => (await import('./poll.js')).PollModel,
  uring: async () => (await import('./uring.js')).UringModel,
  nonblocking: async () => (await import('./nonblocking.js')).NonblockingModel,
  blocking: async () => (await import('./blocking.js')).BlockingModel,
  threads: async () => (await import('./threads.js')).ThreadsModel,
};

/** File descriptors that a client takes: its socket, and in `threads` those of its thread's event loop. */
export const DESCRIPTORS_PER_CLIENT: Record<IoModelName, number> = {
  events: 1,
  poll: 1,
  uring: 1,
  nonblocking: 1,
  blocking: 1,
  threads: 5,
};
