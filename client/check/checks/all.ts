// All checks, in the order of the report.

import type { Check } from '../check.js';
import { batch } from './batch.js';
import { controls } from './controls.js';
import { delay } from './delay.js';
import { half } from './half.js';
import { idleCpu } from './idle-cpu.js';
import { leak } from './leak.js';
import { leave } from './leave.js';
import { letter } from './letter.js';
import { lf } from './lf.js';
import { long } from './long.js';
import { lunch } from './lunch.js';
import { many } from './many.js';
import { memory } from './memory.js';
import { order } from './order.js';
import { quiet } from './quiet.js';
import { reset } from './reset.js';
import { restart } from './restart.js';
import { shared } from './shared.js';
import { slowReader } from './slow-reader.js';
import { start } from './start.js';
import { stays } from './stays.js';
import { stop } from './stop.js';
import { two } from './two.js';
import { utf8 } from './utf8.js';
import { whole } from './whole.js';

export const CHECKS: readonly Check[] = [
  start,
  quiet,
  letter,
  stays,
  lf,
  whole,
  batch,
  two,
  shared,
  lunch,
  many,
  leave,
  order,
  utf8,
  controls,
  long,
  half,
  slowReader,
  memory,
  reset,
  leak,
  delay,
  idleCpu,
  stop,
  restart,
];
