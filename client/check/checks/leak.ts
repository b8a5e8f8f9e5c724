import type { Check } from '../check.js';
import { CheckFailure } from '../check-failure.js';

const CLIENTS = 50;
/** Some runtimes open descriptors of their own. */
const ALLOWED = 10;

export const check: Check = {
  id: 'leak',
  level: 'tutorial',
  points: 2,
  title: '50 clients come and go, no descriptor remains',
  needs: ['lunch', 'leave'],
  clients: 3,
  access: 'process',
  hint: 'close() the socket of a client that has left (4.2.1)',
  async run(trial) {
    const first = await trial.connect();
    first.close();
    await trial.untilSettled(() => trial.server.resting);
    const before = trial.server.usage().descriptors;
    for (let i = 0; i < CLIENTS; i += 1) {
      const client = await trial.connect();
      client.close();
    }
    const left = () => trial.server.usage().descriptors - before;
    await trial.untilSettled(() => left() <= ALLOWED);
    if (left() > ALLOWED)
      throw new CheckFailure(
        `expected all descriptors closed after ${CLIENTS} clients left, got ${left()} open`,
        { deadline: !trial.server.idle },
      );
  },
};
