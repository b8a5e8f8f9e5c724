import type { Check } from '../check.js';
import { sayTogether } from '../speaker.js';

export const check: Check = {
  id: 'leave',
  level: 'tutorial',
  points: 4,
  title: 'one client leaves, the others stay',
  needs: ['two'],
  clients: 2,
  hint: "A receive of nothing is that client's end alone: close its socket, take it from the list, go on (4.1.4)",
  async run(context) {
    const [leaving, staying] = context.speakers(await context.connectAll(2));
    if (leaving === undefined || staying === undefined) return;
    await sayTogether([leaving], 1, staying);
    await context.untilSettled(() => leaving.client.ended || context.server.resting); // it knows
    await staying.say();
    await staying.say();
  },
};
