import type { Check } from '../check.js';

export const check: Check = {
  id: 'letter',
  level: 'tutorial',
  points: 6,
  title: 'a letter is answered with the string',
  needs: ['quiet'],
  clients: 1,
  hint: 'Append the letter to the string and send the string back; nothing before it, nothing after it (4.6.1). A function that receives a line would wait for its end',
  async run(context) {
    const client = await context.connect();
    const letter = context.letters(1);
    client.send(letter);
    await client.receive(Buffer.concat([context.text, Buffer.from(letter)]));
    await client.receiveNothing(100, 'after the reply');
  },
};
