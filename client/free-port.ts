// A free TCP port on loopback, for a server that gets its port as a word of its command.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;

/** A free port below those that Linux gives to clients: one of theirs could be taken before the server binds it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}
