// The wall's web server: a fixed map of files, the stream of events, and WebSockets. It answers only to its own names (a page of
// another site may resolve its name to this address: DNS rebinding), reads no file that is not in the map, and takes GET only.

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Address } from '../../shared/address.js';
import { listen } from '../../shared/listen.js';
import { allowedHosts } from './join-address.js';
import { PerAddress, type Rejections } from './limits.js';
import { MAX_VIEWERS, type Viewers } from './viewers.js';

/** Bytes of one WebSocket message: a letter, or a teacher's command. */
const MAX_MESSAGE = 256;
/** The code of a WebSocket's close (RFC 6455, section 7.4.1), and how long its answer may take. */
const GOING_AWAY = 1001;
const CLOSE_MS = 500;
/** Beside its WebSockets, an address may have some connections for pages. */
const PAGE_CONNECTIONS = 4;
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
/** What browsers ask for, and the file beside this one. */
const FILES: Readonly<Record<string, string>> = {
  '/': 'page/wall.html',
  '/join': 'page/join.html',
  '/wall.css': 'page/wall.css',
  '/icon.svg': 'page/icon.svg',
  ...Object.fromEntries(
    ['wall', 'join', 'controls', 'dom', 'lanes', 'panel', 'people', 'teacher', 'text-view'].map((name) => [
      `/page/${name}.js`,
      `page/${name}.js`,
    ]),
  ),
  '/shared/escape.js': '../../shared/escape.js',
  ...Object.fromEntries(['timeline', 'wall-event', 'wording'].map((name) => [`/${name}.js`, `${name}.js`])),
};

export interface HttpOptions {
  readonly address: Address;
  /** Further names under which the pages may be opened. */
  readonly names: readonly string[];
  /** WebSockets that one address may have. */
  readonly perAddress: number;
  readonly rejections: Rejections;
  /** As SVG; undefined in a replay. */
  readonly qr: (address: Address) => string | undefined;
  /** undefined in a replay. */
  readonly viewers: Viewers | undefined;
  /** Sends the recording; undefined unless in a replay. */
  readonly recording: ((response: ServerResponse) => void) | undefined;
  readonly onPhone: (socket: WebSocket, query: URLSearchParams, remote: string) => void;
  readonly onTeacher: (socket: WebSocket) => void;
  /** A page was opened from another machine. */
  readonly onVisit: (remote: string) => void;
}

export class WallHttp {
  readonly #options: HttpOptions;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #open = new Set<WebSocket>();
  readonly #webSockets: PerAddress;
  readonly #connections: PerAddress;
  readonly #files: ReadonlyMap<string, Buffer>;
  #hosts: ReadonlySet<string> = new Set();
  #qr: string | undefined;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#webSockets = new PerAddress(options.perAddress);
    this.#connections = new PerAddress(PAGE_CONNECTIONS * options.perAddress);
    this.#files = new Map(
      Object.entries(FILES).map(([path, file]) => [path, readFileSync(new URL(file, import.meta.url))]),
    );
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_MESSAGE,
      perMessageDeflate: false,
      clientTracking: false,
      autoPong: false,
    });
    this.#server = createServer({ maxHeaderSize: 8 * 1024, requestTimeout: 10_000, headersTimeout: 10_000 });
    this.#server.on('connection', (socket) => this.#limitConnections(socket));
    this.#server.on('request', (request, response) => this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** @returns the bound address. @throws OperationalError if it cannot listen */
  async listen(): Promise<Address> {
    const address = await listen(this.#server, this.#options.address);
    this.#hosts = allowedHosts(address, this.#options.names);
    this.#qr = this.#options.qr(address);
    return address;
  }

  close(): void {
    for (const socket of this.#open) {
      socket.close(GOING_AWAY, 'the wall has ended');
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    }
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #limitConnections(socket: { readonly remoteAddress?: string | undefined; destroy(): void } & Duplex): void {
    const { remoteAddress = '' } = socket;
    socket.on('error', () => {}); // a reset
    if (!this.#connections.add(remoteAddress)) {
      this.#options.rejections.count('more connections of one address', remoteAddress);
      socket.destroy();
      return;
    }
    socket.once('close', () => this.#connections.remove(remoteAddress));
  }

  #answer(request: IncomingMessage, response: ServerResponse) {
    const { rejections, recording } = this.#options;
    const { host = '' } = request.headers;
    if (!this.#hosts.has(host.toLowerCase())) {
      rejections.count('wrong Host', `${host}; --http-name allows a name`);
      return end(response, 421, 'this server does not answer to that name; strwall --http-name allows it\n');
    }
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET');
      return end(response, 405, 'GET only\n');
    }
    const { remoteAddress } = request.socket;
    if (remoteAddress !== undefined) this.#options.onVisit(remoteAddress);
    const [path = '', query] = (request.url ?? '').split('?');
    const file = this.#files.get(path);
    if (file !== undefined) return send(response, typeOf(FILES[path] ?? ''), file);
    if (path === '/qr.svg' && this.#qr !== undefined) return send(response, typeOf('qr.svg'), this.#qr);
    if (path === '/events' && this.#options.viewers !== undefined)
      return this.#stream(this.#options.viewers, request, response, new URLSearchParams(query));
    if (path === '/recording') {
      if (recording === undefined) return void response.writeHead(204, HEADERS).end(); // live
      response.writeHead(200, { ...HEADERS, 'content-type': 'application/jsonl; charset=utf-8' });
      return recording(response);
    }
    end(response, 404, 'there is no such page; / is the wall, /join is for phones\n');
  }

  #stream(viewers: Viewers, request: IncomingMessage, response: ServerResponse, query: URLSearchParams) {
    if (viewers.size >= MAX_VIEWERS) {
      this.#options.rejections.count('more than 50 walls');
      return end(response, 503, 'too many walls are open\n');
    }
    const last = Number(request.headers['last-event-id'] ?? query.get('from') ?? 0);
    request.socket.setNoDelay(true);
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    viewers.add(response, Number.isSafeInteger(last) && last >= 0 ? last : 0);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
    const { rejections, onPhone, onTeacher } = this.#options;
    const { host = '', origin } = request.headers;
    const reject = (status: string, reason: string, detail: string) => {
      rejections.count(reason, detail);
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    };
    if (!this.#hosts.has(host.toLowerCase()))
      return reject('421 Misdirected Request', 'wrong Host', `${host}; --http-name allows a name`);
    if (!this.#isOwnOrigin(origin))
      return reject('403 Forbidden', 'WebSocket of another Origin', origin ?? 'none');
    const [path, query] = (request.url ?? '').split('?');
    if (path !== '/ws' && path !== '/teacher') return reject('404 Not Found', 'WebSocket of no page', '');
    const { remoteAddress = '' } = request.socket;
    if (!this.#webSockets.add(remoteAddress))
      return reject('503 Service Unavailable', 'more WebSockets of one address', remoteAddress);
    socket.once('close', () => this.#webSockets.remove(remoteAddress));
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#open.add(webSocket);
      webSocket.on('close', () => this.#open.delete(webSocket));
      // Browsers send no pings; a flood of them from a client that does not read its pongs must not fill the memory.
      webSocket.on('ping', (data) => webSocket.bufferedAmount === 0 && webSocket.pong(data));
      webSocket.on('error', () => rejections.count('broken or oversized WebSocket frame', remoteAddress));
      if (path === '/teacher') onTeacher(webSocket);
      else onPhone(webSocket, new URLSearchParams(query), remoteAddress);
    });
  }

  #isOwnOrigin(origin: string | undefined): boolean {
    const [, host = ''] = /^https?:\/\/([^/]+)$/.exec(origin ?? '') ?? [];
    return this.#hosts.has(host.toLowerCase());
  }
}

function typeOf(file: string): string {
  return TYPES[file.slice(file.lastIndexOf('.') + 1)] ?? 'text/plain; charset=utf-8';
}

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { ...HEADERS, 'content-type': type }).end(body);
}

function end(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' }).end(body);
}
