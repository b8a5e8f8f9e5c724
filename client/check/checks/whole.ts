import type { Check } from '../check.js';

export const check: Check = {
  id: 'whole',
  level: 'tutorial',
  points: 6,
  title: 'each reply is the whole string: a, ab, abc',
  needs: ['stays'],
  clients: 1,
  hint: 'Reply with all of the string, in the order in which its letters came (4.6.1)',
  async run(context) {
    const client = await context.connect();
    let text = context.text.toString();
    for (const letter of context.letters(3)) {
      text += letter;
      client.send(letter);
      await client.receive(Buffer.from(text));
    }
  },
};
