import type { Check } from '../check.js';
import { sayTogether } from '../speaker.js';

export const check: Check = {
  id: 'many',
  level: 'tutorial',
  points: 4,
  title: '30 clients at a time',
  needs: ['two', 'whole'],
  clients: 30,
  hint: 'Keep the clients in a list, not in two variables (4.6.1), and give listen() a backlog of 30 or more',
  async run(context) {
    const clients = context.speakers(await context.connectAll(30));
    await sayTogether(clients, 2);
  },
};
