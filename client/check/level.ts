// Finds out what a server speaks: whether LF is a letter for it, whether it knows UTF-8, and whether it answers only when two
// clients are connected, as the tutorial's own server does.

import type { Prng } from '../../shared/prng.js';
import type { CheckedServer } from './checked-server.js';
import type { Level } from './protocol-level.js';
import { WireClient } from './wire-client.js';

const QUIET_MS = 100;
const NOT_ASCII = 'é';

export interface Spoken {
  readonly level: Level;
  readonly pair: boolean;
}

/** What a server that answers nothing is taken for: its checks fail one by one. */
const UNKNOWN: Spoken = { level: 'full', pair: false };

export async function findLevel(server: CheckedServer, random: Prng): Promise<Spoken> {
  const clients: WireClient[] = [];
  const connect = async () => {
    const client = await WireClient.connect('a client', server, () => 'a client');
    clients.push(client);
    return client;
  };
  const letter = () => String.fromCharCode(0x61 + random.below(26));
  try {
    const client = await connect();
    const askBytes = async (sent: string | Uint8Array) => {
      client.send(sent);
      return (await client.answered()) ? await client.receiveUntilQuiet(QUIET_MS) : Buffer.alloc(0);
    };
    const ask = async (sent: string) => (await askBytes(sent)).toString();
    let first = await ask(letter());
    const pair = first === '';
    if (pair) {
      await connect();
      if (!(await client.answered())) return UNKNOWN;
      first = (await client.receiveUntilQuiet(QUIET_MS)).toString();
    }
    if ((await ask('\n')) === `${first}\n`) return { level: 'tutorial', pair };
    return { level: (await knowsUtf8(askBytes, first, letter())) ? 'full' : 'line', pair };
  } finally {
    for (const client of clients) client.close();
  }
}

/** A server that uses only one byte of each receive, or decodes each by itself, knows UTF-8 too: its checks say what is wrong. */
async function knowsUtf8(
  ask: (sent: string | Uint8Array) => Promise<Buffer>,
  text: string,
  letter: string,
): Promise<boolean> {
  if ((await ask(NOT_ASCII)).equals(Buffer.from(text + NOT_ASCII))) return true;
  const before = await ask(letter);
  const [lead = 0, second = 0] = Buffer.from(NOT_ASCII);
  if ((await ask(Uint8Array.of(lead))).at(-1) === lead) return false; // each byte is a letter
  const after = await ask(Uint8Array.of(second));
  return before.length > 0 && after.equals(Buffer.concat([before, Buffer.from(NOT_ASCII)]));
}
