import type { Check } from '../check.js';

export const check: Check = {
  id: 'lf',
  level: 'line',
  points: 4,
  title: 'LF is answered with LF alone',
  needs: ['letter'],
  clients: 1,
  hint: 'Answer a line feed with a line feed and do not store it: no CR, no prompt (4.5)',
  async run(trial) {
    const client = await trial.connect();
    client.send('\n');
    await client.receive(Buffer.from('\n'));
    await client.receiveNothing(100, 'after the line feed');
    const letter = trial.letters(1);
    client.send(letter);
    await client.receive(Buffer.concat([trial.text, Buffer.from(letter)]));
  },
};
