import type { Check } from '../check.js';
import { CheckFailure } from '../check-failure.js';

const CLIENTS = 50;
/** Some runtimes open descriptors of their own. */
const ALLOWED = 10;
/** Of processor time, in which none is opened or closed: more than a server needs that only waits for a core. */
const ENOUGH_SECONDS = 2;

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
    const before = context.server.usage().descriptors;
    for (let i = 0; i < CLIENTS; i += 1) {
      const client = await context.connect();
      client.close();
    }
    let [left, changedAt] = [Number.NaN, 0];
    const stuck = () => {
      const { descriptors, usedSeconds } = context.server.usage();
      if (left !== descriptors - before) [left, changedAt] = [descriptors - before, usedSeconds];
      return usedSeconds - changedAt > ENOUGH_SECONDS;
    };
    await context.untilSettled(() => stuck() || (left <= ALLOWED && context.server.acceptedAll));
    if (left > ALLOWED)
      throw new CheckFailure(
        `expected all descriptors closed after ${CLIENTS} clients left, got ${left} open`,
        { deadline: !context.server.idle && !stuck() },
      );
  },
};
