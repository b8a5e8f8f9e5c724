import type { Check } from '../check.js';
import { CheckFailure } from '../check-failure.js';

/** All their replies together are 200 MB. */
const LETTERS = 20_000;
const MAX_MIB = 80;

export const check: Check = {
  id: 'memory',
  level: 'full',
  points: 3,
  title: 'a client that never reads costs little memory',
  needs: ['slow-reader', 'reset'],
  clients: 1,
  access: 'process',
  hint: 'Stop reading a client that does not read: replies that wait for it would fill the memory',
  async run(context) {
    const client = await context.connect();
    client.send(context.letters(1));
    await client.answered();
    await client.receiveUntilQuiet(100);
    const before = context.server.residentMiB;
    client.pause();
    client.send(context.letters(LETTERS));
    await client.untilBlocked();
    const grown = context.server.residentMiB - before;
    client.reset();
    if (grown > MAX_MIB)
      throw new CheckFailure(`expected at most ${MAX_MIB} MiB more memory, got ${grown.toFixed(0)} MiB`);
  },
};
