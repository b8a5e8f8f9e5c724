// The page that a student reads: a line for each check, and for what failed why, how to fix it, and how to run it again.

import { escapeUnprintable, excerpt } from '../../../shared/escape.js';
import { type CheckResult, type Grade, scoreOf } from '../check.js';

const SHOWN_OUTPUT_LINES = 5;
const STATUS = { passed: 'ok', failed: 'FAIL', 'not judged': '-' } as const;

/** @param again the command that runs one check again, without the check's name */
export function terminalReport(grade: Grade, again: string): string {
  const judged = grade.results.filter(({ counts }) => counts);
  const skipped = grade.results.filter(({ counts }) => !counts);
  const { points, maxPoints, percent } = scoreOf(grade.results);
  const pair = grade.pair ? '; it answers when two clients are connected' : '';
  const first = grade.results.find(({ status }) => status === 'failed');
  return [
    `level ${grade.level}${pair}`,
    ...judged.flatMap((result) => resultLines(result, again)),
    ...(skipped.length > 0 ? ['', 'not judged, and no points taken:'] : []),
    ...skipped.map(({ check, why = '' }) => `  ${check.id}: ${why}`),
    '',
    `${points} of ${maxPoints} points (${percent} of 100)`,
    ...(first === undefined ? [] : [`fix first: ${first.check.id}`]),
    '',
  ].join('\n');
}

function resultLines({ check, status, why, kernel, output }: CheckResult, again: string): string[] {
  const points = status === 'passed' ? check.points : 0;
  const note = status === 'not judged' ? ` (${why})` : '';
  const line = `${STATUS[status].padEnd(5)}${check.id.padEnd(13)}${`${points}/${check.points}`.padStart(5)}  ${check.title}${note}`;
  if (status !== 'failed') return [line];
  const lines = (output ?? '').split('\n').filter((text) => text.trim() !== '');
  const printed = lines.slice(-SHOWN_OUTPUT_LINES);
  return [
    line,
    `       ${escapeUnprintable(why ?? '')}`,
    ...(kernel ? [`       the kernel: ${kernel}`] : []),
    ...printed.map((text) => `       it printed: ${escapeUnprintable(excerpt(text))}`),
    `       fix: ${check.hint}`,
    `       again: ${again.replace('ID', check.id)}`,
  ];
}
