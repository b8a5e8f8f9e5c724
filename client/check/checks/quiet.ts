import type { Check } from '../check.js';

export const check: Check = {
  id: 'quiet',
  level: 'tutorial',
  points: 2,
  title: 'it sends nothing before a letter',
  needs: ['start'],
  clients: 1,
  hint: 'The client speaks first: send no greeting and no prompt (4.1.5)',
  async run(context) {
    const client = await context.connect();
    await client.receiveNothing(250, 'before a letter was sent');
  },
};
