// Reads CSV as RFC 4180 defines it, for tests of what writes it.

import * as assert from 'uvu/assert';

/** The cells of each row. Fails if the text has anything else. */
export function parseCsv(text: string): string[][] {
  assert.match(text, /\r\n$/);
  const cells = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy)];
  assert.is(cells.map(([whole]) => whole).join(''), text);
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of cells) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}
