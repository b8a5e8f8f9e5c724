import type { Check } from '../check.js';
import { CheckFailure } from '../check-failure.js';

const DEADLINE_MS = 5_000;

export const check: Check = {
  id: 'stop',
  level: 'full',
  points: 1,
  title: 'SIGTERM ends it within 5 s',
  needs: ['letter'],
  clients: 1,
  access: 'command',
  hint: 'Do not ignore SIGTERM; end, although clients are connected',
  async run(context) {
    const client = await context.connect();
    client.send(context.letters(1));
    await client.answered(); // it has accepted the client
    context.started.signal('SIGTERM');
    if (!(await context.started.gone(DEADLINE_MS)))
      throw new CheckFailure(
        `expected the end of the server within ${DEADLINE_MS / 1000} s after SIGTERM, got none`,
        { deadline: !context.server.idle },
      );
  },
};
