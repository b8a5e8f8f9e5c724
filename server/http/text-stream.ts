// GET /text/stream: the text as server-sent events (WHATWG HTML, section 9.2), for readers that follow it. A follower is an
// offset. A timer looks ten times a second whether the text has grown; a follower that has not taken the last piece gets
// no further one, so it costs no memory however far it lags, and one that takes nothing is disconnected.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isContinuation } from '../../shared/utf8.js';
import { type WatchedSocket, watchSockets } from '../limits/stall-detector.js';
import { plainText } from './responses.js';
import type { Source } from './source.js';

/** At most ten events a second for a follower that keeps up. */
const BATCH_MS = 100;
/** Bytes of text in one event. */
const PIECE_BYTES = 64 * 1024;
/** After this time without data a comment is sent, so that proxies do not close the connection as idle. */
export const STREAM_HEARTBEAT_MS = 15_000;
const HEARTBEAT = Buffer.from(':\n\n');
const MAX_FOLLOWERS = 1_000;
/** How long followers may take to take the rest when the server stops. */
const DRAIN_MS = 1_000;
const TICK = STREAM_HEARTBEAT_MS / BATCH_MS;

interface Follower extends WatchedSocket {
  readonly response: ServerResponse;
  /** Everything before it has been written. */
  offset: number;
  /** Ticks since the last write. */
  idleTicks: number;
}

export class TextStream {
  /** Followers that were disconnected because they did not read. */
  stalled = 0;
  readonly #source: Source;
  readonly #followers = new Set<Follower>();
  readonly #stalls: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastPiece: { readonly from: number; readonly to: number; readonly event: Buffer } | undefined;

  constructor(source: Source) {
    this.#source = source;
    this.#stalls = watchSockets(this.#followers, source.stallTimeoutMs);
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** @param query of the request's URL */
  serve(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    const text = this.#source.text();
    const wanted = request.headers['last-event-id'] ?? query.get('from') ?? '0';
    const offset = wanted === 'end' ? text.length : parseOffset(wanted, text);
    if (typeof offset === 'string') {
      const beyond = /^\d+$/.test(String(wanted)) && Number(wanted) > text.length;
      if (beyond) response.setHeader('Content-Range', `bytes */${text.length}`);
      plainText(response, beyond ? 416 : 400, offset);
      return;
    }
    if (this.#followers.size >= MAX_FOLLOWERS) {
      response.setHeader('Retry-After', 5);
      plainText(response, 503, `${MAX_FOLLOWERS} followers are connected, the most allowed`);
      return;
    }
    response.setHeader('Strsvr-Text', this.#source.monitor.textId); // another id, another text: an offset means nothing
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.write(`retry: 1000\nid: ${offset}\n\n`); // an id without data: from where to resume
    this.#add({ response, socket: request.socket, offset, idleTicks: 0, failure: undefined });
  }

  #add(follower: Follower): void {
    this.#followers.add(follower);
    follower.response.on('drain', () => this.#send(follower, this.#source.text()));
    follower.response.on('close', () => {
      this.#followers.delete(follower);
      if (follower.failure !== undefined) this.stalled += 1;
      if (this.#followers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#lastPiece = undefined;
    });
    this.#send(follower, this.#source.text());
    this.#timer ??= setInterval(() => this.#tick(), BATCH_MS);
  }

  #tick(): void {
    const text = this.#source.text();
    for (const follower of this.#followers) {
      this.#send(follower, text);
      follower.idleTicks += 1;
      if (follower.idleTicks < TICK || follower.response.writableLength > 0) continue;
      follower.response.write(HEARTBEAT);
      follower.idleTicks = 0;
    }
  }

  /** Writes the next piece, if there is one and the one before has been taken. */
  #send(follower: Follower, text: Uint8Array): void {
    const { response, offset } = follower;
    if (response.writableLength > 0 || offset === text.length) return;
    const { to, event } = this.#piece(offset, text);
    follower.offset = to;
    follower.idleTicks = 0;
    response.write(event);
  }

  /** Followers that keep up are all at the same offset: they share one event. */
  #piece(from: number, text: Uint8Array): { readonly to: number; readonly event: Buffer } {
    const to = pieceEnd(from, text);
    if (this.#lastPiece?.from !== from || this.#lastPiece.to !== to) {
      const event = Buffer.concat([
        Buffer.from(`id: ${to}\ndata: `),
        text.subarray(from, to),
        Buffer.from('\n\n'),
      ]);
      this.#lastPiece = { from, to, event };
    }
    return this.#lastPiece;
  }

  /** The text is final: sends followers the rest and an event `end`, and ends their streams. */
  async close(): Promise<void> {
    this.stop();
    const text = this.#source.text();
    await Promise.all([...this.#followers].map((follower) => this.#end(follower, text)));
  }

  /** Sends nothing more. */
  stop(): void {
    clearInterval(this.#timer);
    clearInterval(this.#stalls);
  }

  #end(follower: Follower, text: Uint8Array): Promise<void> {
    const { response, socket } = follower;
    const deadline = setTimeout(() => socket.destroy(), DRAIN_MS);
    return new Promise((resolve) => {
      response.on('close', () => {
        clearTimeout(deadline);
        resolve();
      });
      while (follower.offset < text.length) {
        const { to, event } = this.#piece(follower.offset, text);
        follower.offset = to;
        response.write(event);
      }
      response.end(`event: end\nid: ${text.length}\ndata: the server has stopped\n\n`);
    });
  }
}

/** @returns the offset, or what is wrong with it */
function parseOffset(wanted: string | string[], text: Uint8Array): number | string {
  const offset = /^\d{1,16}$/.test(String(wanted)) ? Number(wanted) : Number.NaN;
  if (Number.isNaN(offset)) return 'expected an offset in bytes, or end';
  if (offset > text.length) return `the text has ${text.length} bytes`;
  if (offset < text.length && isContinuation(text[offset] as number))
    return `no letter begins at offset ${offset}`;
  return offset;
}

/** Where a piece ends: after a whole letter. The text holds no line end, so it needs no other cut. */
function pieceEnd(from: number, text: Uint8Array): number {
  let end = Math.min(text.length, from + PIECE_BYTES);
  while (end < text.length && isContinuation(text[end] as number)) end -= 1;
  return end;
}
