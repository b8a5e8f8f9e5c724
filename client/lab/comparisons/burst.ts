// One client sends 1,000 letters in one write, and has 500,500 bytes to come.

import { pick } from '../experiments/common.js';
import { times } from '../goals.js';
import { runBurst } from '../load/run-burst.js';
import { comparison, WARM_UP } from './comparison.js';

const WARM = 'warmed up';
const COLD = 'cold';
const at = (target: string, level: string) => ({ target, level });

export const burst = comparison({
  id: 'burst',
  question: 'How long until 1,000 letters that were sent in one write are answered?',
  loop: `one client, letters without line ends, a load that never sleeps; warmed up with ${WARM_UP} line ends, and cold`,
  shown: ['ms'],
  cells: (lab) =>
    pick(lab, ['events', 'poll', 'C epoll']).flatMap((target) =>
      [WARM, COLD].map((level) => ({
        ...at(target.name, level),
        measure: (bench) =>
          bench.withServer(target, [], async (server) => {
            const found = await runBurst({
              host: server.host,
              port: server.port,
              letters: 1_000,
              warmup: level === WARM ? WARM_UP : 0,
              timeoutMs: 10_000,
            });
            return 'wrong' in found ? { figures: {}, wrong: found.wrong } : { figures: { ms: found.ms } };
          }),
      })),
    ),
  goals: [
    times('time, events / C epoll, warmed up', 'ms', at('events', WARM), at('C epoll', WARM), {
      atMost: 2.5,
    }),
    times('time, events / C epoll, cold', 'ms', at('events', COLD), at('C epoll', COLD)),
  ],
});
