// Terminal windows as SVG: a bar with a title, coloured lines, and optionally a footer and a strip with a status, as in a
// pane on the screen. Dark windows without a background, readable on light and dark pages.

import { escapeMarkup } from '../../shared/markup.js';
import { wrap } from '../../shared/table.js';
import { type Highlight, highlight } from './highlight.js';
import type { Pane } from './pane-layout.js';

// All lengths are in the picture's units: CSS pixels at its natural width.

export interface Font {
  readonly size: number;
  readonly lineHeight: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly font: Font;
  readonly title: string;
  /** For screen readers. */
  readonly description: string;
  readonly windows: readonly (readonly [Pane, Box])[];
}

/** Between windows. */
export const GAP = 16;
const BAR_HEIGHT = 34;
const STRIP_HEIGHT = 32;
const PADDING = 14;
/** The width of a character, in font sizes. */
const CHARACTER = 0.605;
/** From the top of a row to the baseline, in rows. */
const BASELINE = 0.75;

const COLOURS: Record<Highlight, string> = {
  plain: '#c9d1d9',
  prompt: '#7d8590',
  client1: '#79c0ff',
  client2: '#ffa657',
  good: '#56d364',
  bad: '#ff7b72',
};

export function svg({ width, height, font, title, description, windows }: Picture): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
  <title id="title">${escapeMarkup(title)}</title>
  <desc id="desc">${escapeMarkup(description)}</desc>
  <style>${style(font)}  </style>
${windows.map(([pane, box]) => terminalWindow(pane, box, font)).join('\n')}
</svg>
`;
}

/** The height of a window with this many lines, footer included. */
export function heightFor(lines: number, { lineHeight }: Font, withStatus = false): number {
  return BAR_HEIGHT + PADDING * 2 + lines * lineHeight + (withStatus ? STRIP_HEIGHT : 0);
}

function style({ size }: Font): string {
  return `
    text { font: ${size}px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre }
    .title { font-size: 13px; text-anchor: middle }
${Object.entries(COLOURS)
  .map(([name, colour]) => `    .${name} { fill: ${colour} }`)
  .join('\n')}
`;
}

function terminalWindow(
  { title, lines, footer, status }: Pane,
  box: Box,
  { size, lineHeight }: Font,
): string {
  const { x, y, width, height } = box;
  const text = (line: string, baseline: number) =>
    `    <text x="${PADDING + 2}" y="${baseline}">${spans(line)}</text>`;
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (colour, index) => `<circle cx="${18 + index * 18}" cy="${BAR_HEIGHT / 2}" r="5.5" fill="${colour}"/>`,
  );
  const rows = lines.map((line, row) => text(line, BAR_HEIGHT + PADDING + (row + BASELINE) * lineHeight));
  const bottom = height - (status === undefined ? 0 : STRIP_HEIGHT);
  const columns = Math.floor((width - 2 * (PADDING + 2)) / (CHARACTER * size));
  const last = bottom - PADDING - (1 - BASELINE) * lineHeight;
  const footerRows = footer === undefined ? [] : wrap(footer, columns);
  for (const [row, line] of footerRows.entries())
    rows.push(text(line, last - (footerRows.length - 1 - row) * lineHeight));
  if (status !== undefined) {
    rows.push(
      `    <path d="M1 ${bottom}h${width - 2}V${height - 9.5}a8.5 8.5 0 0 1 -8.5 8.5H9.5a8.5 8.5 0 0 1 -8.5 -8.5z" fill="#21262d"/>`,
      text(status, bottom + STRIP_HEIGHT / 2 + 4.5),
    );
  }
  return `  <g transform="translate(${x} ${y})">
    <rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="9" fill="#0d1117" stroke="#57606a"/>
    <path d="M1 ${BAR_HEIGHT}V9.5a8.5 8.5 0 0 1 8.5-8.5h${width - 19}a8.5 8.5 0 0 1 8.5 8.5V${BAR_HEIGHT}z" fill="#21262d"/>
    ${dots.join('')}
    <text class="title" x="${(width + 54) / 2}" y="${BAR_HEIGHT / 2 + 4.5}">${spans(title)}</text>
${rows.join('\n')}
  </g>`;
}

function spans(line: string): string {
  return highlight(line)
    .map((span) => `<tspan class="${span.highlight}">${escapeMarkup(span.text)}</tspan>`)
    .join('');
}
