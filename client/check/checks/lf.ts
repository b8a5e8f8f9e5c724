import type { Check } from '../check.js';

export const check: Check = {
  id: 'lf',
  level: 'line',
  points: 4,
  title: 'LF is answered with LF alone',
  needs: ['whole'],
  clients: 1,
  hint: 'Answer a line feed with a line feed, and leave the string as it is: no CR, no prompt (4.5)',
  async run(context) {
    const client = await context.connect();
    const letters = context.letters(2);
    const first = context.text + letters.slice(0, 1);
    client.send(letters.slice(0, 1));
    await client.receive(Buffer.from(first));
    client.send('\n');
    await client.receive(Buffer.from('\n'));
    await client.receiveNothing(100, 'after the line feed');
    client.send(letters.slice(1));
    await client.receive(Buffer.from(first + letters.slice(1)));
  },
};
