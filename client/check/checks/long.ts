import type { Check } from '../check.js';
import { manyLetters, receiveReplies } from '../many-letters.js';

export const check: Check = {
  id: 'long',
  level: 'tutorial',
  points: 5,
  title: '12.5 MB of replies to a client that reads late',
  needs: ['batch'],
  clients: 1,
  hint: 'send() may take only a part: send the rest when there is room again, or use sendall() on a blocking socket (4.4)',
  async run(context) {
    const client = await context.connect();
    const letters = manyLetters(context);
    if (context.level !== 'tutorial') client.pause();
    client.send(letters);
    if (context.level !== 'tutorial') await client.untilBlocked();
    client.resume();
    await receiveReplies(context, client, letters);
  },
};
