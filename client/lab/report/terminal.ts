// Findings for a terminal of 80 columns: what was asked, a table, what follows from it if anything can.

import type { Estimate, Findings, Row } from '../results.js';
import { formatNumber } from './numbers.js';

const COLUMNS = 80;
const GAP = 2;

export function findingsText(findings: Findings, few: boolean): string {
  const { id, question, loop, rows, columns, conclusions } = findings;
  const title = `${id}: ${question}${few ? ' (too few repeats for intervals and conclusions)' : ''}`;
  const said = conclusions.flatMap((sentence) => wrap(sentence, '  ', '> '));
  return [
    ...wrap(title, '', ''),
    ...wrap(loop, '  ', '  '),
    '',
    ...table(rows, columns),
    '',
    ...said,
    '',
  ].join('\n');
}

function table(rows: readonly Row[], columns: readonly string[]): string[] {
  const measured = columns.filter((metric) => rows.some(({ estimates }) => estimates[metric] !== undefined));
  const heads = [['server', ''], ['', ''], ...measured.map(head)];
  const body = rows.map(({ target, parameter, estimates }) => [
    target,
    parameter,
    ...measured.map((metric) => trial(estimates[metric])),
  ]);
  const widths = heads.map((lines, column) =>
    Math.max(...[...lines, ...body.map((trials) => trials[column] ?? '')].map((word) => word.length)),
  );
  const line = (trials: readonly string[]) =>
    trials
      .map((word, column) =>
        column < 2 ? word.padEnd(widths[column] ?? 0) : word.padStart(widths[column] ?? 0),
      )
      .join(' '.repeat(GAP))
      .trimEnd();
  const top = [0, 1].map((part) => line(heads.map((lines) => lines[part] ?? '')));
  return [
    ...top.filter((words) => words !== ''),
    ...rows.flatMap(({ remarks }, at) => [
      line(body[at] ?? []),
      ...remarks.flatMap((remark) => wrap(remark, '    ', '    ')),
    ]),
  ];
}

/** A figure's name on two lines, what is counted above what it is counted by. */
function head(metric: string): [string, string] {
  const at = metric.search(/[ /](?=[^ /]+$)/);
  return at < 0 ? ['', metric] : [metric.slice(0, at), metric.slice(at).trim()];
}

/** The median, and how far its interval reaches in percent of it. */
function trial(estimate: Estimate | undefined): string {
  if (estimate === undefined) return '–';
  const { median, low, high } = estimate;
  if (low === undefined || high === undefined || low === high || median === 0) return formatNumber(median);
  return `${formatNumber(median)} ±${Math.round((100 * Math.max(high - median, median - low)) / Math.abs(median))}%`;
}

function wrap(text: string, indent: string, first: string): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(' ')) {
    if (line.length + word.length > COLUMNS && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
