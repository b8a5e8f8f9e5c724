// Panes of text for a terminal: a box with a title, the last of its lines, optionally a footer that is always visible and a
// status in the lower edge. A drawn pane is a block (lines of equal width), and panes are arranged by putting blocks beside
// and under each other. Every character takes one column: no wide ones.

import { wrap } from '../../shared/table.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Pane {
  readonly title: string;
  readonly lines: readonly string[];
  /** At the bottom, however many lines there are. */
  readonly footer?: string;
  /** Under the footer if the lower edge is too short for it. */
  readonly status?: string | undefined;
  /** Drawn with heavy lines. */
  readonly active?: boolean;
}

/** Lines of equal width. */
export type Block = readonly string[];

/** Adds to a text what takes no columns, such as colours. */
export type Paint = (text: string) => string;

interface BoxLines {
  readonly edges: readonly [horizontal: string, vertical: string];
  readonly top: readonly [left: string, right: string];
  readonly bottom: readonly [left: string, right: string];
}

const LIGHT: BoxLines = { edges: ['─', '│'], top: ['┌', '┐'], bottom: ['└', '┘'] };
const HEAVY: BoxLines = { edges: ['━', '┃'], top: ['┏', '┓'], bottom: ['┗', '┛'] };

/** Draws a pane of exactly this size, box included. Long lines wrap. */
export function drawPane(pane: Pane, { columns, rows }: Size, paint: Paint = unpainted): Block {
  const box = pane.active ? HEAVY : LIGHT;
  const [horizontal, vertical] = box.edges;
  const room = Math.max(0, columns - 6);
  const edge = (text: string, [left, right]: readonly [string, string]) => {
    const label = text === '' ? '' : ` ${text.slice(0, room)} `;
    const rest = horizontal.repeat(Math.max(0, columns - 3 - label.length));
    return `${left}${horizontal}${paint(label)}${rest}${right}`;
  };
  const { title, lines, footer = '', status = '' } = pane;
  const inEdge = status.length <= room;
  const width = Math.max(1, columns - 3);
  const wrapped = (texts: readonly string[]) => texts.flatMap((text) => wrap(text, width));
  const atBottom = wrapped([footer, inEdge ? '' : status].filter((text) => text !== ''));
  const height = Math.max(0, rows - 2 - atBottom.length);
  const all = wrapped(lines);
  const first = Math.max(0, all.length - height);
  const last = Array.from({ length: height }, (_, row) => all[first + row] ?? '');
  const inside = [...last, ...atBottom].map(
    (line) => `${vertical} ${paint(line)}${' '.repeat(width - line.length)}${vertical}`,
  );
  return [edge(title, box.top), ...inside, edge(inEdge ? status : '', box.bottom)];
}

/** Puts blocks of the same height beside each other. */
export function beside(...blocks: readonly Block[]): Block {
  const [first = [], ...others] = blocks;
  return first.map((line, row) => line + others.map((block) => block[row] ?? '').join(''));
}

/** Puts blocks of the same width under each other. */
export function above(...blocks: readonly Block[]): Block {
  return blocks.flat();
}

function unpainted(text: string): string {
  return text;
}
