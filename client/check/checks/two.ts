import type { Check } from '../check.js';
import { sayTogether } from '../speaker.js';

export const check: Check = {
  id: 'two',
  level: 'tutorial',
  points: 4,
  title: 'two clients at a time',
  needs: ['stays'],
  clients: 2,
  hint: 'Accept more than once, and serve the first client meanwhile (4.6)',
  async run(context) {
    const clients = context.speakers(await context.connectAll(2));
    await sayTogether(clients, 2);
  },
};
