// A client of the HTTP port: one request, or a stream of server-sent events, with the bytes as they came.

import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Address } from './servers.js';

export interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** @param path with its query */
export async function get(
  { host, port }: Address,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Response> {
  const response = await open({ host, port }, path, headers, method);
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(parts).toString(),
  };
}

function open(
  { host, port }: Address,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ host, port, path, headers, method, agent: false }, resolve).on('error', reject).end();
  });
}

/** Follows /text/stream. */
export class StreamFollower {
  readonly #response: IncomingMessage;
  /** The data of all events so far, and the id of the last one. */
  text = '';
  lastEventId = '';
  /** How many events had data. */
  events = 0;
  comments = 0;
  /** Whether the server has said that it ends. */
  ended = false;
  /** Resolves when the stream is over. */
  readonly closed: Promise<void>;

  static async connect(
    address: Address,
    query = '',
    headers: Record<string, string> = {},
  ): Promise<StreamFollower> {
    return new StreamFollower(await open(address, `/text/stream${query}`, headers));
  }

  private constructor(response: IncomingMessage) {
    this.#response = response;
    let unread = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const blocks = (unread + chunk).split('\n\n');
      unread = blocks.pop() ?? '';
      for (const block of blocks) this.#event(block);
    });
    response.on('error', () => {});
    this.closed = new Promise((resolve) => {
      response.on('close', resolve);
    });
  }

  #event(block: string): void {
    const fields = block.split('\n').map((line) => /^(\w*): ?(.*)$/s.exec(line));
    const field = (name: string) => fields.find((match) => match?.[1] === name)?.[2];
    if (block.startsWith(':')) this.comments += 1;
    this.lastEventId = field('id') ?? this.lastEventId;
    if (field('event') === 'end') this.ended = true;
    else if (field('data') !== undefined) {
      this.text += field('data');
      this.events += 1;
    }
  }

  /** Reads nothing more. */
  pause(): void {
    this.#response.pause();
  }

  close(): void {
    this.#response.destroy();
  }
}
