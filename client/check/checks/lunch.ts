import type { Check } from '../check.js';

export const check: Check = {
  id: 'lunch',
  level: 'tutorial',
  points: 10,
  title: 'a silent client delays no other',
  needs: ['two'],
  clients: 2,
  hint: 'recv() on a blocking socket waits for that client alone: make the sockets nonblocking, ask poll() or select() which are ready, or use a thread for each client (4.6.1)',
  async run(context) {
    await context.connect();
    const [client] = context.speakers([await context.connect()]);
    for (let i = 0; i < 3; i += 1) await client?.say();
  },
};
