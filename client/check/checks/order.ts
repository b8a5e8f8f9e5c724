import type { Check } from '../check.js';
import { explainReplies } from '../explain-replies.js';

/** Sent at once: a server in several threads then appends more often at the same time. */
const BURST = 100;

export const check: Check = {
  id: 'order',
  level: 'tutorial',
  points: 8,
  title: '6 clients at once: no letter is lost, doubled or reordered',
  needs: ['shared', 'many', 'leave', 'batch'],
  clients: 6,
  hint: 'Appending and replying must be one step: with threads, hold one lock around both (chapter 5); letters stay when their client leaves',
  async run(context) {
    const clients = context.speakers(await context.connectAll(6));
    await Promise.all(
      clients.map(async (client) => {
        for (let i = 0; i < 40; i += 1) await client.say();
        await client.say(BURST);
        client.client.end();
      }),
    );
    const said = clients.flatMap(({ history }) => history);
    explainReplies(said, context.text);
  },
};
