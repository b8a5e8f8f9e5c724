import type { Check } from '../check.js';
import { explainReplies, sayTogether } from '../trial.js';

export const check: Check = {
  id: 'shared',
  level: 'tutorial',
  points: 6,
  title: "the second client sees the first's letters",
  needs: ['whole', 'two'],
  clients: 2,
  hint: 'There is one string for all clients, not one for each; a reply goes to the sender of its letter alone (4.6.1)',
  async run(trial) {
    const clients = trial.speakers(await trial.connectAll(2));
    await sayTogether(clients, 2);
    explainReplies(trial, clients);
  },
};
