import type { Check } from '../check.js';

export const check: Check = {
  id: 'restart',
  level: 'tutorial',
  points: 2,
  title: 'it can be started again at once on the same port',
  needs: ['letter'],
  clients: 1,
  access: 'command',
  hint: 'Set SO_REUSEADDR before bind(): a port stays in use for a while after its connections (4.1.3)',
  async run(context) {
    const client = await context.connect();
    client.send(context.letters(1));
    await client.answered();
    await client.receiveUntilQuiet(50);
    // The server ends the connection first, so its side of it stays in TIME_WAIT.
    await context.restart();
  },
};
