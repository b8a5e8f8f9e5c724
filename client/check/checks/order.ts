import type { Check } from '../check.js';
import { explainReplies } from '../trial.js';

export const check: Check = {
  id: 'order',
  level: 'tutorial',
  points: 8,
  title: '6 clients, 40 letters each: none lost, doubled or reordered',
  needs: ['shared', 'many', 'leave'],
  clients: 6,
  hint: 'Appending and replying must be one step: with threads, hold one lock around both (chapter 5); letters stay when their client leaves',
  async run(trial) {
    const clients = trial.speakers(await trial.connectAll(6));
    await Promise.all(
      clients.map(async (client) => {
        for (let i = 0; i < 40; i += 1) await client.say();
        client.client.end();
      }),
    );
    explainReplies(trial, clients);
  },
};
