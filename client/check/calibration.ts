// Whether this machine is fast enough at the moment to judge a server: the time of an echo in this process.

import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { median } from '../../shared/quantile.js';

const ECHOES = 20;
/** Milliseconds (median). */
export const TOO_SLOW_MS = 50;

/** @returns the median time of an echo, in milliseconds */
export async function echoTime(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket).on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = createConnection({ host: '127.0.0.1', port, noDelay: true });
  try {
    await once(client, 'connect');
    const times: number[] = [];
    for (let i = 0; i < ECHOES; i += 1) {
      const sent = performance.now();
      client.write('x');
      await once(client, 'data');
      times.push(performance.now() - sent);
    }
    return median(times);
  } finally {
    client.destroy();
    server.close();
  }
}
