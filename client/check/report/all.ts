// The reports for programs, by the names of --report.

import type { Grade } from '../check.js';
import { classroom50Report } from './classroom50.js';
import { gradescopeReport } from './gradescope.js';
import { jsonReport } from './json.js';
import { junitReport } from './junit.js';
import { tapReport } from './tap.js';

export const REPORTS = {
  tap: tapReport,
  junit: junitReport,
  gradescope: gradescopeReport,
  classroom50: classroom50Report,
  json: jsonReport,
} as const satisfies Record<string, (grade: Grade) => string>;

export type ReportName = keyof typeof REPORTS;
