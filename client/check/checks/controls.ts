import type { Check } from '../check.js';

export const check: Check = {
  id: 'controls',
  level: 'full',
  points: 2,
  title: 'ESC, BEL and CR are not stored',
  needs: ['batch'],
  clients: 1,
  hint: 'Store letters only: control characters would reach the terminals of the other clients',
  async run(trial) {
    const client = await trial.connect();
    const letters = trial.letters(2);
    client.send(`\u001b\u0007\r${letters[0]}`);
    await client.receive(Buffer.from(trial.text + letters.slice(0, 1)));
    client.send(letters.slice(1));
    await client.receive(Buffer.from(trial.text + letters));
  },
};
