// GET /text: the whole text or a range of it, sent from the text's own memory.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ByteRange, entityTag, isEarlierState, parseRange } from './range.js';
import { plainText } from './responses.js';
import type { Source } from './source.js';

export function serveText({ headers }: IncomingMessage, response: ServerResponse, source: Source): void {
  const text = source.text();
  const tag = entityTag(source.monitor.textId, text.length);
  response.setHeaders(
    new Map([
      ['Accept-Ranges', 'bytes'],
      ['Cache-Control', 'no-cache'],
      ['ETag', tag],
    ]),
  );
  if (matches(headers['if-none-match'], tag)) {
    response.writeHead(304).end();
    return;
  }
  const { range } = headers;
  const ifRange = headers['if-range']?.toString();
  const partial =
    range !== undefined &&
    (ifRange === undefined || isEarlierState(ifRange, source.monitor.textId, text.length));
  const wanted = partial ? parseRange(range, text.length) : 'whole';
  if (wanted === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${text.length}`);
    plainText(response, 416, `the text has ${text.length} bytes`);
    return;
  }
  const { from, to }: ByteRange = wanted === 'whole' ? { from: 0, to: text.length } : wanted;
  if (wanted !== 'whole') response.setHeader('Content-Range', `bytes ${from}-${to - 1}/${text.length}`);
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Content-Length', to - from);
  response.writeHead(wanted === 'whole' ? 200 : 206);
  response.end(text.subarray(from, to)); // for HEAD node:http leaves the body out
}

function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return (
    ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
  );
}
