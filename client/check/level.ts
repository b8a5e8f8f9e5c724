// Finds out what a server speaks: whether LF is a letter for it, whether it knows UTF-8, and whether it answers only when two
// clients are connected, as the tutorial's own server does.

import type { Prng } from '../../shared/prng.js';
import type { Level } from './check.js';
import type { CheckedServer } from './checked-server.js';
import { WireClient } from './wire-client.js';

const QUIET_MS = 100;
const NOT_ASCII = 'é';

export interface Spoken {
  readonly level: Level;
  readonly pair: boolean;
}

/** What a server that answers nothing is taken for: its checks fail one by one. */
const UNKNOWN: Spoken = { level: 'full', pair: false };

export async function findLevel(server: CheckedServer, chance: Prng): Promise<Spoken> {
  const clients: WireClient[] = [];
  const connect = async () => {
    const client = await WireClient.connect('a client', server, () => 'a client');
    clients.push(client);
    return client;
  };
  try {
    const client = await connect();
    const ask = async (sent: string) => {
      client.send(sent);
      return (await client.answered()) ? (await client.receiveUntilQuiet(QUIET_MS)).toString() : '';
    };
    let first = await ask(String.fromCharCode(0x61 + chance.below(26)));
    const pair = first === '';
    if (pair) {
      await connect();
      if (!(await client.answered())) return UNKNOWN;
      first = (await client.receiveUntilQuiet(QUIET_MS)).toString();
    }
    if ((await ask('\n')) === `${first}\n`) return { level: 'tutorial', pair };
    return { level: (await ask(NOT_ASCII)) === first + NOT_ASCII ? 'full' : 'line', pair };
  } finally {
    for (const client of clients) client.close();
  }
}
