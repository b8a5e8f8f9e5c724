// Findings for a terminal of 80 columns: the question, a table, and the conclusions if there are any.

import { formatNumber } from '../../../shared/numbers.js';
import { formatTable, wrap } from '../../../shared/table.js';
import type { Estimate, Findings } from '../results.js';

const COLUMNS = 80;

/** @param few whether there are too few repeats for conclusions */
export function findingsText(findings: Findings, few: boolean): string {
  const { id, question, loop, conclusions } = findings;
  const title = `${id}: ${question}${few ? ' (too few repeats for intervals and conclusions)' : ''}`;
  return [
    ...wrap(title, COLUMNS),
    ...wrap(`  ${loop}`, COLUMNS, '  '),
    '',
    ...table(findings),
    '',
    ...conclusions.flatMap((sentence) => wrap(`> ${sentence}`, COLUMNS, '  ')),
    '',
  ].join('\n');
}

function table({ rows, columns }: Findings): string[] {
  const measured = columns.filter((metric) => rows.some(({ estimates }) => estimates[metric] !== undefined));
  const heads = measured.map(head);
  const body = rows.map(({ target, parameter, estimates }) => [
    target,
    parameter,
    ...measured.map((metric) => cell(estimates[metric])),
  ]);
  const top = [
    ['', '', ...heads.map(([above]) => above)],
    ['server', '', ...heads.map(([, below]) => below)],
  ];
  const [above = '', below = '', ...lines] = formatTable([...top, ...body], (column) => column > 1);
  return [
    ...[above, below].filter((line) => line !== ''),
    ...lines.flatMap((line, at) => [
      line,
      ...(rows[at]?.remarks ?? []).flatMap((one) => wrap(`    ${one}`, COLUMNS, '    ')),
    ]),
  ];
}

/** A metric's name on two lines, what is counted above what it is counted by. */
function head(metric: string): [above: string, below: string] {
  const at = metric.search(/[ /](?=[^ /]+$)/);
  return at < 0 ? ['', metric] : [metric.slice(0, at), metric.slice(at).trim()];
}

/** The median, and how far its interval reaches in percent of it. */
function cell(estimate: Estimate | undefined): string {
  if (estimate === undefined) return '–';
  const { median, low, high } = estimate;
  if (low === undefined || high === undefined || low === high || median === 0) return formatNumber(median);
  return `${formatNumber(median)} ±${Math.round((100 * Math.max(high - median, median - low)) / Math.abs(median))}%`;
}
