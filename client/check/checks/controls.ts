import type { Check } from '../check.js';

export const check: Check = {
  id: 'controls',
  level: 'full',
  points: 2,
  title: 'ESC, BEL and CR are not stored',
  needs: ['batch'],
  clients: 1,
  hint: 'Store letters only: control characters would reach the terminals of the other clients',
  async run(context) {
    const client = await context.connect();
    const letters = context.letters(2);
    client.send(`\u001b\u0007\r${letters[0]}`);
    await client.receive(Buffer.from(context.text + letters.slice(0, 1)));
    client.send(letters.slice(1));
    await client.receive(Buffer.from(context.text + letters));
  },
};
