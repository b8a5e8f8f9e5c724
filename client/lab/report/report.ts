// The report: one HTML file that needs no network and no JavaScript. For each experiment it says what was asked, what
// was expected and why, what came out, and what does not count. It computes nothing: all that is in the results.

import { readFileSync } from 'node:fs';
import { Html, html } from '../../../shared/markup.js';
import { formatNumber } from '../../../shared/numbers.js';
import { ENOUGH_REPEATS } from '../analysis.js';
import { facts } from '../environment.js';
import type { Chart, Estimate, Findings, Results, Row } from '../results.js';
import { thresholdRows } from '../thresholds.js';
import { draw } from './draw.js';
import {
  blend,
  referenceLine,
  SERVERS,
  type StyledSeries,
  stroke,
  symbol,
  withStyles,
} from './series-style.js';

const STYLE = readFileSync(new URL('report.css', import.meta.url), 'utf8');
/** A longer table is folded. */
const MAX_OPEN_ROWS = 12;

const TOO_FEW = `where ${ENOUGH_REPEATS} are needed for intervals and conclusions, so there are none`;

/** @returns the whole page */
export function report(results: Results): string {
  const { experiments, quick, date, repeats } = results;
  const limits = [
    ...(quick ? ['quick: fewer parameters and letters'] : []),
    ...(repeats < ENOUGH_REPEATS ? [`${repeats} repeats ${TOO_FEW}`] : []),
  ];
  const mark = quick ? html` <span class="quick">quick</span>` : undefined;
  const day = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>strsvr laboratory, ${date.slice(0, 10)}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1>What do I/O models cost?${mark}</h1>
<p class="lead">Measured by the strsvr laboratory on ${new Date(date).toLocaleDateString('en-GB', day)}</p>
${limits.length > 0 ? html`<p class="quick">${limits.join('; ')}</p>` : undefined}
</header>
<main>
${contents(experiments)}
${circumstances(results)}
${howToRead(results)}
${experiments.map((findings) => experiment(findings, mark))}
</main>
<footer>Every run is in results.json and results.csv beside this page.</footer>
</body>
</html>
`.source;
}

function contents(experiments: readonly Findings[]): Html {
  const item = ({ id, question, conclusions: [answer] }: Findings) =>
    html`<li><a href="#${id}">${question}</a>${answer && html`<span>${answer}</span>`}</li>\n`;
  return html`<nav aria-label="Experiments"><ol>
${experiments.map(item)}</ol></nav>`;
}

function circumstances(results: Results): Html {
  return html`<h3>Measured on</h3>
<dl class="facts">
${facts(results).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>`;
}

function howToRead({ experiments, repeats }: Results): Html {
  const names = experiments.flatMap(({ rows, charts }) => [
    ...rows.map(({ target }) => target),
    ...charts.flatMap(({ series }) => series.map(({ name }) => name)),
  ]);
  const known = [...SERVERS].flatMap(([name, style]) => (names.includes(name) ? [{ name, style }] : []));
  const intervals =
    repeats < ENOUGH_REPEATS
      ? 'Values are medians of a few runs, without intervals.'
      : 'Values are medians; a bar with two caps is the interval in which the median may lie. Where intervals overlap, no difference was shown.';
  return html`<h3>How to read the charts</h3>
<p>Colour stands for the I/O model of a server. A solid line is Node.js, a dashed one C, a dotted one Python. Grey is
never a server, but a parameter or a reference. ${intervals} On a log axis it is as far from 1 to 10 as from 10 to 100.</p>
${legend(known, 'lines')}`;
}

function experiment(findings: Findings, mark: Html | undefined): Html {
  const { id, question, variable, hypothesis, loop, conclusions, charts, rows, notes } = findings;
  return html`
<section class="experiment" id="${id}" aria-labelledby="${id}-question">
<h2 id="${id}-question">${question}${mark}</h2>
${conclusions.length > 0 ? html`<div class="found">${conclusions.map((text) => html`<p>${text}</p>`)}</div>` : undefined}
<dl class="facts">
<dt>variable</dt><dd>${variable}</dd>
${hypothesis && html`<dt>hypothesis</dt><dd>${hypothesis}</dd>`}
<dt>loop</dt><dd>${loop}</dd>
</dl>
${charts.map((chart) => picture(chart, rows.length > 0, mark))}
${table(findings, mark)}
${remarks(rows)}
${list(
  'Thresholds',
  thresholdRows([findings]).map(([, ...cells]) => cells.filter((cell) => cell !== '').join('; ')),
)}
${list('Notes', notes)}
</section>`;
}

function list(title: string, items: readonly string[]): Html | undefined {
  if (items.length === 0) return undefined;
  return html`<h3>${title}</h3>\n<ul class="small">${items.map((item) => html`<li>${item}</li>\n`)}</ul>`;
}

function picture(chart: Chart, tabled: boolean, mark: Html | undefined): Html {
  const { title, kind, x, y, series } = chart;
  const names = series.map(({ name }) => name);
  const styled = withStyles(series);
  const label = `${title}. ${kind === 'bars' ? 'Bars' : 'Lines'}: ${y.name}${y.log ? ' (log)' : ''} by ${x.name}${x.log ? ' (log)' : ''}; ${names.join(', ')}.${tabled ? ' The values are in the table.' : ''}`;
  // The title names a single series of bars.
  const single = kind === 'bars' && series.length === 1;
  return html`<figure>
<figcaption>${title}${mark}</figcaption>
${single ? undefined : legend(styled, kind)}
${draw(chart, styled, 'wide', label)}
${draw(chart, styled, 'narrow', label)}
</figure>`;
}

type Entry = Pick<StyledSeries, 'name' | 'reference' | 'style'>;

function legend(entries: readonly Entry[], kind: Chart['kind']): Html | undefined {
  if (entries.length === 0) return undefined;
  const sample = ({ style, reference }: Entry) => {
    if (reference) return referenceLine('M0,7 H30');
    if (kind === 'bars') return html`<rect width="14" height="14" rx="2" fill="${blend(style)}"/>`;
    return [stroke(style, 'M0,7 H30'), symbol(style, 15, 7)];
  };
  const width = kind === 'bars' ? 14 : 30;
  const item = (entry: Entry) =>
    html`<li><svg viewBox="0 0 ${width} 14" aria-hidden="true">${sample(entry)}</svg>${entry.name}</li>`;
  return html`<ul class="legend">${entries.map(item)}</ul>`;
}

function table({ rows, columns, runs, question }: Findings, mark: Html | undefined): Html | undefined {
  if (rows.length === 0) return undefined;
  const repeats = ({ estimates }: Row) =>
    Math.max(0, ...Object.values(estimates).map((estimate) => estimate.repeats));
  const head = html`<tr><th scope="col" class="words">server</th><th scope="col" class="words">parameter</th>${columns.map(
    (name) => html`<th scope="col">${name}</th>`,
  )}<th scope="col">runs</th><th scope="col" class="words">remark</th></tr>`;
  const line = (row: Row) =>
    html`<tr><th scope="row">${row.target}</th><td class="words">${row.parameter}</td>${columns.map(
      (name) => html`<td>${estimateCell(row.estimates[name])}</td>`,
    )}<td>${repeats(row)}</td><td class="words">${kinds(row.remarks)}</td></tr>\n`;
  const claimed = rows.some(({ estimates }) => Object.values(estimates).some(({ low }) => low !== undefined));
  const caption = `Medians of the runs that count${claimed ? ', with their intervals' : ''}`;
  const whole = html`<div class="scroll" tabindex="0" role="region" aria-label="Table: ${question}">
<table><caption><span>${caption}${mark}</span></caption>
<thead>${head}</thead>
<tbody>
${rows.map(line)}</tbody></table></div>`;
  if (rows.length <= MAX_OPEN_ROWS) return whole;
  return html`<details><summary>All medians: ${rows.length} rows from ${runs.length} runs</summary>\n${whole}</details>`;
}

function estimateCell(estimate: Estimate | undefined): Html {
  if (estimate === undefined) return html`–`;
  const { median, low, high } = estimate;
  if (low === undefined || high === undefined) return html`${formatNumber(median)}`;
  return html`${formatNumber(median)} <small>(${formatNumber(low)} – ${formatNumber(high)})</small>`;
}

/** The kinds of remarks; their reasons stand below the table. */
function kinds(remarks: readonly string[]): string {
  return [...new Set(remarks.map((remark) => /^\w+/.exec(remark)?.[0] ?? 'see below'))].join(', ');
}

/** What does not count and why, each reason once. */
function remarks(rows: readonly Row[]): Html | undefined {
  const where = new Map<string, string[]>();
  for (const { target, parameter, remarks } of rows)
    for (const remark of remarks)
      where.set(remark, [...(where.get(remark) ?? []), `${target} at ${parameter}`]);
  const items = [...where].map(([remark, conditions]) => `${conditions.join('; ')}: ${remark}`);
  return list('What does not count, and why', items);
}
