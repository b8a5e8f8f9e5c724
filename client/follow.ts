// Follows the text of a server over its HTTP port (server/http/README.md): yields what is added, and resumes at the same byte
// when the connection or the server was away.

import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectError, errorCode, OperationalError } from '../shared/errors.js';
import { splitLines } from '../shared/line-splitter.js';

/** Between two attempts to connect again. */
const RETRY_MS = 500;
/** The server sends something at least every 15 s. */
const SILENCE_MS = 45_000;
/** More than a line of an event. */
const MAX_LINE_BYTES = 1024 * 1024;

export interface FollowOptions {
  /** Of the HTTP port, such as http://127.0.0.1:2001. */
  readonly url: URL;
  /** Where to begin: an offset in bytes, or `end` for what comes from now on. */
  readonly from: string;
  /** Called when the connection is lost and the next attempts begin. */
  readonly onLost: (why: OperationalError) => void;
}

/**
 * Yields the letters that are added, in order. Ends when the server ends in order.
 * @throws OperationalError if there is no such server at the start, or it has another text later
 */
export async function* follow({ url, from, onLost }: FollowOptions): AsyncGenerator<string, void, void> {
  let offset = from;
  let textId: unknown;
  let connected = false;
  for (;;) {
    try {
      const response = await open(url, offset);
      const { 'strsvr-text': id } = response.headers;
      if (textId !== undefined && id !== textId) {
        response.destroy();
        throw changed(url);
      }
      textId = id;
      connected = true;
      for await (const event of events(response)) {
        offset = event.id ?? offset;
        if (event.type === 'end') return;
        if (event.data !== '') yield event.data;
      }
      throw new OperationalError('LOST', 'it ended without saying so');
    } catch (error) {
      if (connected && errorCode(error) === 'HTTP416') throw changed(url); // a shorter one
      if (!connected || !isPassing(error)) throw error;
      onLost(error);
    }
    await sleep(RETRY_MS);
  }
}

function changed({ host }: URL): OperationalError {
  return new OperationalError('CHANGED', `${host} has another text now, so it cannot be followed on`);
}

/** @throws OperationalError; its code is the status if the server answers with another one than 200 */
async function open(url: URL, offset: string): Promise<IncomingMessage> {
  const from = offset === 'end' ? '?from=end' : `?from=${offset}`;
  const target = new URL(`/text/stream${from}`, url);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(target, { agent: false, timeout: SILENCE_MS }, resolve);
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} s`)));
  }).catch((error: unknown) => {
    const { hostname: host, port } = target;
    throw connectError(error, { host, port: Number(port || 80) }, 'strsvr --http');
  });
  if (response.statusCode === 200) return response;
  response.setEncoding('utf8');
  let reason = '';
  for await (const part of response) reason += part;
  const [line = ''] = reason.split('\n');
  throw new OperationalError(
    `HTTP${response.statusCode}`,
    `${url.host} answers ${response.statusCode}: ${line}`,
  );
}

/** Whether trying again may help: the server is away, or is just starting. */
function isPassing(error: unknown): error is OperationalError {
  return error instanceof OperationalError && error.code !== 'CHANGED' && !/^HTTP4/.test(error.code);
}

interface StreamEvent {
  readonly type: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Server-sent events with one line of data each (WHATWG HTML, section 9.2). @throws OperationalError when they break off */
async function* events(response: IncomingMessage): AsyncGenerator<StreamEvent, void, void> {
  let event: StreamEvent = { type: '', data: '', id: undefined };
  try {
    for await (const line of splitLines(response, { unfinished: false, maxLength: MAX_LINE_BYTES })) {
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === 'event') event = { ...event, type: value };
      else if (field === 'data') event = { ...event, data: value };
      else if (field === 'id') event = { ...event, id: value };
      if (line !== '') continue;
      yield event;
      event = { type: '', data: '', id: undefined };
    }
  } catch (error) {
    throw new OperationalError(errorCode(error) ?? 'LOST', 'the connection broke', error);
  }
}
