import type { Check } from '../check.js';
import { manyLetters } from '../many-letters.js';

export const check: Check = {
  id: 'slow-reader',
  level: 'tutorial',
  points: 4,
  title: 'a client that never reads delays no other',
  needs: ['lunch', 'batch'],
  clients: 2,
  hint: 'Never block in send(): keep what a client does not take, and serve the others (4.4)',
  async run(trial) {
    const [silent, client] = await trial.connectAll(2);
    if (silent === undefined || client === undefined) return;
    silent.pause();
    silent.send(manyLetters(trial));
    await silent.untilBlocked();
    client.send(trial.letters(1));
    if (!(await client.answered())) throw client.noReply('a reply although client 1 reads nothing');
  },
};
