import type { Check } from '../check.js';
import { manyLetters, receiveReplies } from '../many-letters.js';

export const check: Check = {
  id: 'half',
  level: 'tutorial',
  points: 3,
  title: 'letters followed at once by the end: all are answered',
  needs: ['long'],
  clients: 1,
  hint: 'A client that has ended its side may still read: answer all its letters, then close (4.5.3)',
  async run(context) {
    const client = await context.connect();
    const letters = manyLetters(context);
    client.send(letters);
    client.end();
    await receiveReplies(context, client, letters);
  },
};
