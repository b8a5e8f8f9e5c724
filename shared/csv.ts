// CSV (RFC 4180) that a spreadsheet can open: no cell breaks its line, and none is computed.

import { escapeUnprintable } from './escape.js';

export function formatCsv(rows: ReadonlyArray<ReadonlyArray<string | number>>): string {
  return rows.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

/** A text that a spreadsheet would compute gets an apostrophe: servers and file names may hold anything. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = escapeUnprintable(value).replace(/^[=+\-@]/, "'$&");
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
