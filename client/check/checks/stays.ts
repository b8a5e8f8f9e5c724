import type { Check } from '../check.js';

export const check: Check = {
  id: 'stays',
  level: 'tutorial',
  points: 4,
  title: 'a second letter is answered too',
  needs: ['letter'],
  clients: 1,
  hint: 'Do not close the connection after a reply: receive again, until the client ends (4.3.1)',
  async run(context) {
    const [client] = context.speakers([await context.connect()]);
    await client?.say();
    await client?.say();
  },
};
