// The report: one HTML file that needs no network and no JavaScript. For each experiment it says what was asked, what
// was expected and why, what came out, and what does not count; every run is in the files beside it.
// It computes nothing: what it says is in the results.

import type { Estimate, Findings, Results, Row } from '../results.js';
import { ENOUGH_REPEATS } from '../statistics.js';
import type { Chart } from './chart.js';
import { draw } from './drawing.js';
import { Html, html } from './html.js';
import { formatNumber } from './numbers.js';
import { STYLE } from './report-style.js';
import { blend, OUTLINES, SERVERS, type SeriesStyle, seriesStyles } from './series-style.js';

/** A longer table is folded. */
const MAX_OPEN_ROWS = 12;

/** @returns the whole page */
export function report(results: Results): string {
  const { experiments, quick, date, repeats } = results;
  const limits = [
    ...(quick ? ['quick: fewer levels than the whole course'] : []),
    ...(few(repeats)
      ? [
          `${repeats} repeats where ${ENOUGH_REPEATS} are needed for intervals and conclusions, so there are none`,
        ]
      : []),
  ];
  const mark = quick ? html` <span class="quick">quick</span>` : undefined;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>strsvr laboratory, ${day(date)}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1>Who waits for whom?${mark}</h1>
<p class="lead">What the strsvr laboratory found on ${inWords(date)}</p>
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

function few(repeats: number): boolean {
  return repeats < ENOUGH_REPEATS;
}

function day(date: string): string {
  return date.slice(0, 10);
}

function inWords(date: string): string {
  const parts = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const;
  return new Date(date).toLocaleDateString('en-GB', parts);
}

function contents(experiments: readonly Findings[]): Html {
  const item = ({ id, question, conclusions: [answer] }: Findings) =>
    html`<li><a href="#${id}">${question}</a>${answer && html`<span>${answer}</span>`}</li>\n`;
  return html`<nav aria-label="Experiments"><ol>
${experiments.map(item)}</ol></nav>`;
}

function circumstances({ machine, version, commit, date, seed, repeats }: Results): Html {
  const { processors, cores, memoryGiB, system, versions, pinning } = machine;
  const facts: ReadonlyArray<readonly [string, string | number | undefined]> = [
    ['machine', `${processors}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${formatNumber(memoryGiB)} GiB`],
    ['system', system],
    ['cores used', pinning],
    ...Object.entries(versions),
    ['strsvr', commit === undefined ? version : `${version}, commit ${commit}`],
    ['date', date],
    ['repeats', repeats],
    ['seed', seed],
  ];
  return html`<h3>Measured on</h3>
<dl class="facts">
${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>`;
}

function howToRead({ experiments, repeats }: Results): Html {
  const names = experiments.flatMap(({ rows, charts }) => [
    ...rows.map(({ target }) => target),
    ...charts.flatMap(({ x, series }) => [...(x.words ?? []), ...series.map(({ name }) => name)]),
  ]);
  const known = [...SERVERS].flatMap(([name, look]) => (names.includes(name) ? [{ name, look }] : []));
  const intervals = few(repeats)
    ? 'Figures are medians of a few runs, without intervals.'
    : 'Figures are medians; a bar with two caps is the interval in which the median may lie. Where intervals overlap, no difference was shown.';
  return html`<h3>How to read the charts</h3>
<p>Colour tells how a server waits: its I/O model. A solid line is Node.js, a dashed one C, a dotted one Python. Grey is
never a server: levels and references. ${intervals} On a log axis it is as far from 1 to 10 as from 10 to 100.</p>
${legend(known)}`;
}

function experiment(findings: Findings, mark: Html | undefined): Html {
  const { id, question, variable, hypothesis, loop, conclusions, charts, notes } = findings;
  return html`
<section class="experiment" id="${id}" aria-labelledby="${id}-question">
<h2 id="${id}-question">${question}${mark}</h2>
${conclusions.length > 0 ? html`<div class="found">${conclusions.map((text) => html`<p>${text}</p>`)}</div>` : undefined}
<dl class="facts">
<dt>varied</dt><dd>${variable}</dd>
<dt>expected</dt><dd>${hypothesis}</dd>
<dt>loop</dt><dd>${loop}</dd>
</dl>
${charts.map((chart) => picture(chart, findings.rows.length > 0, mark))}
${table(findings, mark)}
${remarks(findings)}
${notes.length > 0 ? html`<h3>Notes</h3>\n<ul class="small">${notes.map((note) => html`<li>${linked(note)}</li>`)}</ul>` : undefined}
</section>`;
}

function picture(chart: Chart, tabled: boolean, mark: Html | undefined): Html {
  const { title, kind, x, y, series } = chart;
  const names = series.map(({ name }) => name);
  const looks = seriesStyles(names);
  const told = `${title}. ${kind === 'bars' ? 'Bars' : 'Lines'}: ${y.name}${y.log ? ' (log)' : ''} by ${x.name}${x.log ? ' (log)' : ''}; ${names.join(', ')}.${tabled ? ' The figures are in the table.' : ''}`;
  const columns = looks.map((look, at) => ({
    name: names[at] ?? '',
    look,
    reference: series[at]?.reference,
  }));
  // A single series of bars is what the title says.
  const lonely = kind === 'bars' && series.filter(({ reference }) => !reference).length === 1;
  const explained = columns.filter(({ reference }) => reference || !lonely);
  const drawing = (format: 'wide' | 'narrow') => named(draw(chart, format), format, told);
  return html`<figure>
<figcaption>${title}${mark}</figcaption>
${explained.length > 0 ? legend(explained, kind) : undefined}
${drawing('wide')}
${drawing('narrow')}
</figure>`;
}

/** Gives a drawing what those hear who cannot see it. */
function named(svg: string, format: string, told: string): Html {
  const start = html`<svg class="${format}" role="img" aria-label="${told}"`.source;
  return new Html(svg.replace('<svg', () => start));
}

interface Entry {
  readonly name: string;
  readonly look: SeriesStyle;
  readonly reference?: boolean | undefined;
}

function legend(entries: readonly Entry[], kind: Chart['kind'] = 'lines'): Html {
  return html`<ul class="legend">${entries.map(
    ({ name, look, reference }) =>
      html`<li><svg viewBox="0 0 ${kind === 'bars' && !reference ? 14 : 30} 14" aria-hidden="true">${sample(look, reference ? 'reference' : kind)}</svg>${name}</li>`,
  )}</ul>`;
}

function sample(look: SeriesStyle, kind: Chart['kind'] | 'reference'): Html {
  const { color, dash, shape, hollow, opacity } = look;
  if (kind === 'reference')
    return html`<path d="M0,7 H30" fill="none" stroke="var(--muted)" stroke-width="1.2" stroke-dasharray="5 4"/>`;
  if (kind === 'bars') return html`<rect width="14" height="14" rx="2" fill="${blend(look)}"/>`;
  const dashes = dash && html` stroke-dasharray="${dash.join(' ')}"`;
  return html`<path d="M0,7 H30" fill="none" stroke="var(--${color})" stroke-width="2" opacity="${opacity}"${dashes}/><path
 d="${OUTLINES[shape]}" transform="translate(15 7)" stroke="var(--${color})" stroke-width="1.8"
 fill="var(--${hollow ? 'paper' : color})"/>`;
}

function table({ rows, columns, runs, question }: Findings, mark: Html | undefined): Html | undefined {
  if (rows.length === 0) return undefined;
  const repeats = (row: Row) =>
    Math.max(0, ...Object.values(row.estimates).map((estimate) => estimate.repeats));
  const head = html`<tr><th scope="col" class="words">server</th><th scope="col" class="words">level</th>${columns.map(
    (name) => html`<th scope="col">${name}</th>`,
  )}<th scope="col">runs</th><th scope="col" class="words">remark</th></tr>`;
  const line = (row: Row) =>
    html`<tr><th scope="row">${row.target}</th><td class="words">${row.parameter}</td>${columns.map(
      (name) => html`<td>${estimated(row.estimates[name])}</td>`,
    )}<td>${repeats(row)}</td><td class="words">${short(row.remarks)}</td></tr>\n`;
  const claimed = rows.some((row) => Object.values(row.estimates).some(({ low }) => low !== undefined));
  const caption = `Medians of the runs that count${claimed ? ', with their intervals' : ''}`;
  const whole = html`<div class="scroll" tabindex="0" role="region" aria-label="Figures: ${question}">
<table><caption><span>${caption}${mark}</span></caption>
<thead>${head}</thead>
<tbody>
${rows.map(line)}</tbody></table></div>`;
  const summary = `All medians: ${rows.length} rows from ${runs.length} runs`;
  if (rows.length <= MAX_OPEN_ROWS) return whole;
  return html`<details><summary>${summary}</summary>\n${whole}</details>`;
}

function estimated(estimate: Estimate | undefined): Html {
  if (estimate === undefined) return html`–`;
  const { median, low, high } = estimate;
  if (low === undefined || high === undefined) return html`${formatNumber(median)}`;
  return html`${formatNumber(median)} <small>(${formatNumber(low)} – ${formatNumber(high)})</small>`;
}

/** The kind of a remark; what it says in full stands below the table. */
function short(all: readonly string[]): string {
  return [...new Set(all.map((remark) => /^\w+/.exec(remark)?.[0] ?? 'see below'))].join(', ');
}

/** What does not count and why, each reason once. */
function remarks({ rows }: Findings): Html | undefined {
  const where = new Map<string, string[]>();
  for (const { target, parameter, remarks } of rows)
    for (const remark of remarks)
      where.set(remark, [...(where.get(remark) ?? []), `${target} at ${parameter}`]);
  if (where.size === 0) return undefined;
  return html`<h3>What does not count, and why</h3>
<ul class="small">${[...where].map(([remark, conditions]) => html`<li>${conditions.join('; ')}: ${remark}</li>\n`)}</ul>`;
}

/** A text whose addresses can be followed. */
function linked(text: string): Html {
  const parts = text.split(/(https:\/\/[^\s<>"')]*[^\s<>"').,;:])/);
  return html`${parts.map((part, at) => (at % 2 === 1 ? html`<a href="${part}" rel="noreferrer">${part}</a>` : part))}`;
}
