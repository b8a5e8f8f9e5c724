// The HTTP port: health, metrics, connections and the text, for reading only. Everything here is loaded when --http is given.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Address } from '../../shared/address.js';
import { listen } from '../../shared/listen.js';
import { connections } from './connections.js';
import { isHostAllowed } from './host-check.js';
import { ServerMetrics } from './metrics.js';
import { json, plainText, respond } from './responses.js';
import type { Source } from './source.js';
import { serveText } from './text-resource.js';
import { STREAM_HEARTBEAT_MS, TextStream } from './text-stream.js';

/** A request must be complete after this time. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Followers and some more. */
const MAX_CONNECTIONS = 1_100;

const INDEX = `/healthz      the process lives
/readyz       it accepts clients and can store letters; 503 and the reason if not
/metrics      figures for Prometheus
/connections  the connected clients, as JSON
/text         the text; Range, If-Range and ETag work
/text/stream  what is added to the text, as server-sent events; ?from=OFFSET or ?from=end`;

/** The paths that show clients or the text. */
const PATHS: ReadonlySet<string | undefined> = new Set(['/connections', '/text', '/text/stream']);

export interface HttpServerOptions extends Address {
  /** Host names under which the port is reached, beside localhost. */
  readonly names: readonly string[];
  /** An inherited socket in place of the address. */
  readonly listenFd?: number | undefined;
}

export class HttpServer {
  readonly address: Address;
  readonly #server: Server;
  readonly #stream: TextStream;

  /** @throws OperationalError if it cannot listen */
  static async open(options: HttpServerOptions, source: Source): Promise<HttpServer> {
    const stream = new TextStream(source);
    const metrics = new ServerMetrics(source, stream);
    const names = options.names.map((name) => name.toLowerCase());
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
    server.maxConnections = MAX_CONNECTIONS;
    server.setTimeout(2 * STREAM_HEARTBEAT_MS); // without a byte in either direction
    server.on('request', (request, response) => {
      response.setHeader('X-Content-Type-Options', 'nosniff');
      if (!isHostAllowed(request.headers.host, names)) {
        plainText(response, 403, 'unknown Host: use an address, localhost, or a name given with --http-name');
      } else if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('Allow', 'GET, HEAD');
        plainText(response, 405, 'only GET and HEAD are allowed');
      } else {
        route(request, response, { source, stream, metrics });
      }
    });
    return new HttpServer(await listen(server, options), server, stream);
  }

  /** Use `open`. */
  private constructor(address: Address, server: Server, stream: TextStream) {
    this.address = address;
    this.#server = server;
    this.#stream = stream;
  }

  /** The text is final: followers get the rest; then all connections are closed. */
  async close(): Promise<void> {
    this.#server.close();
    await this.#stream.close();
    this.#server.closeAllConnections();
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#server.close();
    this.#stream.stop();
    this.#server.closeAllConnections();
  }
}

interface Resources {
  readonly source: Source;
  readonly stream: TextStream;
  readonly metrics: ServerMetrics;
}

function route(request: IncomingMessage, response: ServerResponse, resources: Resources): void {
  const { source, stream, metrics } = resources;
  const [path, query = ''] = (request.url ?? '/').split('?', 2);
  const parameters = new URLSearchParams(query);
  const { problem, started, clusterState } = source.monitor;
  if (path === '/') plainText(response, 200, INDEX);
  else if (path === '/healthz') plainText(response, 200, 'ok');
  else if (path === '/readyz')
    plainText(response, problem === undefined ? 200 : 503, (problem ?? 'ready') + clusterState);
  else if (path === '/metrics') void sendMetrics(response, metrics);
  else if (!PATHS.has(path)) plainText(response, 404, `not here; this server has:\n${INDEX}`);
  else if (!started)
    plainText(response, 503, problem ?? ''); // the text may not be complete yet
  else if (path === '/connections') json(response, connections(source, parameters));
  else if (path === '/text') serveText(request, response, source);
  else stream.serve(request, response, parameters);
}

async function sendMetrics(response: ServerResponse, metrics: ServerMetrics): Promise<void> {
  respond(response, 200, metrics.contentType, await metrics.render());
}
