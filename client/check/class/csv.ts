// The grades of a class as CSV (RFC 4180), one row a student, for a spreadsheet or a learning platform.

import { formatCsv } from '../../../shared/csv.js';
import { excerpt } from '../../../shared/escape.js';
import { type Check, type CheckResult, scoreOf } from '../check.js';
import type { StudentGrade } from './grade-class.js';

/** @param checks a column each: its points, nothing if it does not count */
export function gradesCsv(grades: readonly StudentGrade[], checks: readonly Check[]): string {
  const head = [
    'student',
    'percent',
    'points',
    'of',
    'level',
    ...checks.map(({ id }) => id),
    'fix first',
    'why',
  ];
  return formatCsv([head, ...grades.map((one) => row(one, checks))]);
}

function row(one: StudentGrade, checks: readonly Check[]): ReadonlyArray<string | number> {
  if ('problem' in one) {
    const points = one.judged ? 0 : '';
    return [one.student, points, points, '', '', ...checks.map(() => ''), '', one.problem];
  }
  const { level, results } = one.grade;
  const { points, maxPoints, percent } = scoreOf(results);
  const first = results.find(({ status }) => status === 'failed');
  const earned = checks.map(({ id }) => earnedBy(results.find(({ check }) => check.id === id)));
  return [
    one.student,
    percent,
    points,
    maxPoints,
    level,
    ...earned,
    first?.check.id ?? '',
    first === undefined ? '' : reason(first),
  ];
}

/** With the last line that the server has printed: often it says why it has ended. */
function reason({ why = '', output = '' }: CheckResult): string {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return last === '' ? why : `${why}; it printed last: ${excerpt(last)}`;
}

function earnedBy(result: CheckResult | undefined): number | '' {
  if (result === undefined || !result.counts) return '';
  return result.status === 'passed' ? result.check.points : 0;
}
