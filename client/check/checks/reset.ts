import type { Check } from '../check.js';

export const check: Check = {
  id: 'reset',
  level: 'tutorial',
  points: 3,
  title: 'a client is reset in the middle of a reply, the others stay',
  needs: ['leave', 'batch'],
  clients: 2,
  hint: "A receive or send that fails with ECONNRESET or EPIPE is that client's end alone: handle errors for each client (4.1.4)",
  async run(trial) {
    const [leaving, staying] = trial.speakers(await trial.connectAll(2));
    if (leaving === undefined || staying === undefined) return;
    leaving.client.send(leaving.letters(500));
    await staying.say();
    await leaving.client.answered();
    leaving.client.reset();
    await staying.say();
    await staying.say();
  },
};
