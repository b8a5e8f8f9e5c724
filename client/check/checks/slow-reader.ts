import type { Check } from '../check.js';
import { manyLetters } from '../many-letters.js';

export const check: Check = {
  id: 'slow-reader',
  level: 'tutorial',
  points: 4,
  title: 'a client that never reads delays no other',
  needs: ['lunch', 'long'],
  clients: 2,
  hint: 'Never block in send(): keep what a client does not take, and serve the others (4.4)',
  async run(context) {
    const [silent, client] = await context.connectAll(2);
    if (silent === undefined || client === undefined) return;
    silent.pause();
    silent.send(manyLetters(context));
    await silent.untilBlocked();
    client.send(context.letters(1));
    if (!(await client.answered())) throw await client.noReply('a reply although client 1 reads nothing');
  },
};
