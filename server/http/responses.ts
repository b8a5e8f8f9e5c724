// How short answers are written.

import type { ServerResponse } from 'node:http';

/** One line of text. */
export function plainText(response: ServerResponse, status: number, line: string): void {
  respond(response, status, 'text/plain; charset=utf-8', `${line}\n`);
}

export function json(response: ServerResponse, value: unknown): void {
  respond(response, 200, 'application/json', `${JSON.stringify(value, undefined, 1)}\n`);
}

/** A body that is not to be kept: it is different the next time. */
export function respond(response: ServerResponse, status: number, type: string, body: string): void {
  const bytes = Buffer.from(body);
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-store');
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length });
  response.end(bytes);
}
