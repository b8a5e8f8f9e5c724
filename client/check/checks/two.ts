import type { Check } from '../check.js';
import { sayTogether } from '../trial.js';

export const check: Check = {
  id: 'two',
  level: 'tutorial',
  points: 4,
  title: 'two clients at a time',
  needs: ['stays'],
  clients: 2,
  hint: 'Accept more than once, and serve the first client meanwhile (4.6)',
  async run(trial) {
    const clients = trial.speakers(await trial.connectAll(2));
    await sayTogether(clients, 2);
  },
};
