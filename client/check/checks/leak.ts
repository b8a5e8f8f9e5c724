import type { Check } from '../check.js';
import { CheckFailure } from '../check-failure.js';

const CLIENTS = 50;
/** Some runtimes open descriptors of their own. */
const ALLOWED = 10;
/**
 * Of processor time, to close them: more than a server needs that only waits for a core, also if each client costs it a
 * thread of a runtime.
 */
const ENOUGH_SECONDS = 4;

export const check: Check = {
  id: 'leak',
  level: 'tutorial',
  points: 2,
  title: '50 clients come and go, no descriptor remains',
  needs: ['lunch', 'leave', 'many'],
  clients: 3,
  access: 'process',
  hint: 'A receive of nothing is the end of a client: stop receiving, and close() its socket (4.2.1)',
  async run(context) {
    const first = await context.connect();
    first.close();
    await context.untilSettled(() => context.server.resting);
    const { descriptors: before, usedSeconds: usedBefore } = context.server.usage();
    for (let i = 0; i < CLIENTS; i += 1) {
      const client = await context.connect();
      client.close();
    }
    const left = () => context.server.usage().descriptors - before;
    const used = () => context.server.usage().usedSeconds - usedBefore;
    await context.untilSettled(() => left() <= ALLOWED || used() > ENOUGH_SECONDS);
    if (left() > ALLOWED)
      throw new CheckFailure(
        `expected all descriptors closed after ${CLIENTS} clients left, got ${left()} open`,
        { deadline: !context.server.idle && used() <= ENOUGH_SECONDS },
      );
  },
};
