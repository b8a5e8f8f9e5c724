// The comparisons of `make bench`, in the order in which they are run and told.

import { burst } from './burst.js';
import type { Comparison } from './comparison.js';
import { idle } from './idle.js';
import { journal } from './journal.js';
import { long } from './long.js';
import { many } from './many.js';
import { one } from './one.js';
import { start } from './start.js';

export const COMPARISONS: readonly Comparison[] = [many, one, burst, idle, long, start, journal];
