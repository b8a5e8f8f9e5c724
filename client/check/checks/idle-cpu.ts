import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from '../check.js';
import { CheckFailure } from '../check-failure.js';

const MAX_PERCENT = 30;

export const check: Check = {
  id: 'idle-cpu',
  level: 'line',
  points: 2,
  title: 'it needs no processor time while no client sends',
  needs: ['letter', 'two'],
  clients: 2,
  access: 'process',
  timing: true,
  hint: 'Do not ask all sockets round and round: poll(), select() or a blocking call sleeps until one is ready (4.6.1)',
  async run(context) {
    const clients = await context.connectAll(2);
    for (const client of clients) client.send(context.letters(1));
    await Promise.all(clients.map((client) => client.answered())); // one may get none, if the receives block
    await sleep(200);
    const [before, started] = [context.server.usage(), performance.now()];
    await sleep(1_000);
    const { wantedSeconds, queuedSeconds } = context.server.usage();
    const percentOf = (seconds: number) => (100_000 * seconds) / (performance.now() - started);
    const percent = percentOf(wantedSeconds - before.wantedSeconds);
    const used = percent - percentOf(queuedSeconds - before.queuedSeconds);
    if (percent > MAX_PERCENT)
      throw new CheckFailure(
        `expected less than ${MAX_PERCENT} % of a core wanted, got ${percent.toFixed(0)} %`,
        { deadline: used <= MAX_PERCENT }, // on a busy machine also a server that seldom runs waits for a core
      );
  },
};
