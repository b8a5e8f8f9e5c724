import type { Check } from '../check.js';

export const check: Check = {
  id: 'batch',
  level: 'tutorial',
  points: 6,
  title: 'three letters in one write get three replies',
  needs: ['whole'],
  clients: 1,
  hint: 'TCP is a stream of bytes: one receive may bring several letters, so loop over them (4.1.4)',
  async run(context) {
    const client = await context.connect();
    const letters = context.letters(3);
    client.send(letters);
    const replies = [1, 2, 3].map((length) => context.text + letters.slice(0, length));
    await client.receive(Buffer.from(replies.join('')));
  },
};
