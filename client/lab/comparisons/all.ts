// The comparisons of `make bench`, in the order in which they are run and told.

import { burst } from './burst.js';
import type { Comparison } from './comparison.js';
import { idle } from './idle.js';
import { journal } from './journal.js';
import { largeReply } from './large-reply.js';
import { latency } from './latency.js';
import { startup } from './startup.js';
import { throughput } from './throughput.js';

export const COMPARISONS: readonly Comparison[] = [
  throughput,
  latency,
  burst,
  idle,
  largeReply,
  startup,
  journal,
];
