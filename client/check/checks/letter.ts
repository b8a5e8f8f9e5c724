import type { Check } from '../check.js';

export const check: Check = {
  id: 'letter',
  level: 'tutorial',
  points: 6,
  title: 'a letter is answered with the string',
  needs: ['quiet'],
  clients: 1,
  hint: 'Append the letter to the string and send the string back; nothing before it, nothing after it (4.6.1)',
  async run(trial) {
    const client = await trial.connect();
    const letter = trial.letters(1);
    client.send(letter);
    await client.receive(Buffer.concat([trial.text, Buffer.from(letter)]));
    await client.receiveNothing(100, 'after the reply');
  },
};
