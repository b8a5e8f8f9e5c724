import type { Check } from '../check.js';
import { explainReplies, requireShared } from '../explain-replies.js';
import { sayTogether } from '../speaker.js';

export const check: Check = {
  id: 'shared',
  level: 'tutorial',
  points: 6,
  title: "the second client sees the first's letters",
  needs: ['whole', 'two'],
  clients: 2,
  hint: 'There is one string for all clients, not one for each; a reply goes to the sender of its letter alone (4.6.1)',
  async run(context) {
    const clients = context.speakers(await context.connectAll(2));
    await sayTogether(clients, 2);
    const said = clients.flatMap(({ history }) => history);
    requireShared(said, context.text);
    if (context.pair) explainReplies(said, context.text); // else order does, with more clients
  },
};
