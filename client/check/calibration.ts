// Whether this machine is fast enough at the moment to judge a server: the time of an echo in this process.

import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { median } from '../../shared/quantile.js';

const ECHOES = 20;
/** Milliseconds (median). */
export const TOO_SLOW_MS = 50;

/** A connection of this process to itself. */
export class Echo {
  readonly #server: Server;
  readonly #client: Socket;

  private constructor(server: Server, client: Socket) {
    this.#server = server;
    this.#client = client;
  }

  static async open(): Promise<Echo> {
    const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket).on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const client = createConnection({ host: '127.0.0.1', port, noDelay: true });
    await once(client, 'connect');
    return new Echo(server, client);
  }

  /** @returns how long a byte takes there and back, in milliseconds */
  async roundTrip(): Promise<number> {
    const sent = performance.now();
    this.#client.write('x');
    await once(this.#client, 'data');
    return performance.now() - sent;
  }

  close(): void {
    this.#client.destroy();
    this.#server.close();
  }
}

/** @returns the median time of an echo, in milliseconds */
export async function echoTime(): Promise<number> {
  const echo = await Echo.open();
  try {
    const times: number[] = [];
    for (let i = 0; i < ECHOES; i += 1) times.push(await echo.roundTrip());
    return median(times);
  } finally {
    echo.close();
  }
}
