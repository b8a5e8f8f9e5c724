// Every reply is the whole text.

import type { Experiment, LabOptions, Measured, RunContext } from '../experiment.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { clause, pick, sentence } from './common.js';

const TARGETS = ['events', 'poll', 'C epoll', 'Python asyncio'];
const QUICK_TARGETS = ['events', 'C epoll'];
const CLIENTS = 10;
/** The longest text that a target can be brought to while a run lasts, in bytes. */
const MOST: Readonly<Record<string, number>> = { 'Python asyncio': 262_144 };
const TOO_LONG = 'it takes longer than a run may to bring its text to that length';

const parameters = ({ quick }: LabOptions) => (quick ? [0, 65_536] : [0, 1_024, 16_384, 262_144, 1_048_576]);
const parameter = (bytes: number) => `${bytes.toLocaleString('en')} bytes`;
const x = (at: string) => Math.max(1, Number.parseInt(at.replaceAll(',', ''), 10));
/** Fewer of them where each costs more, so that no run takes for ever. */
const letters = (bytes: number) => Math.max(200, Math.min(5_000, Math.round(2e8 / (bytes + 1_000))));

export const replySize: Experiment = {
  id: 'growth',
  question: 'What does it cost to send it all back?',
  variable: 'the length of the text before the first letter is measured',
  hypothesis:
    'short replies cost a system call or two; long ones cost what the kernel needs to copy them, the same in every runtime.',
  loop: `closed loop, ${CLIENTS} clients`,
  columns: ['bytes/letter', 'µs/letter', 'MiB/s', 'p99 ms'],

  trials: (lab) =>
    pick(lab, lab.quick ? QUICK_TARGETS : TARGETS).flatMap((target) =>
      parameters(lab).map((bytes) => ({
        target: target.name,
        parameter: parameter(bytes),
        measure:
          bytes > (MOST[target.name] ?? bytes) ? TOO_LONG : (bench) => measure(bench, target, bytes, lab),
      })),
    ),

  conclude: (analysis, lab) => {
    const [shortest, longest] = [parameters(lab)[0] ?? 0, parameters(lab).at(-1) ?? 0].map(parameter);
    return sentence(
      analysis.targets.flatMap((target) => {
        const at = (where = '') => ({ target, parameter: where });
        return clause(
          target,
          analysis.compare('µs/letter', at(longest), at(shortest), 'time a letter', 'the first ones'),
        );
      }),
    ).map((found) => `At ${longest}, ${found}`);
  },

  charts: (analysis, lab) => [
    {
      title: 'Time a letter as the text grows',
      kind: 'lines',
      x: { name: 'bytes of text', log: true },
      y: { name: 'µs/letter', log: true },
      series: [
        ...analysis.lines('µs/letter', x),
        {
          name: '1 GiB/s',
          reference: true,
          points: parameters(lab)
            .slice(1)
            .map((bytes) => ({ x: bytes, y: (1e6 * bytes) / 2 ** 30 })),
        },
      ],
    },
  ],
};

async function measure(
  bench: RunContext,
  target: ServerUnderTest,
  bytes: number,
  lab: LabOptions,
): Promise<Measured> {
  const plan = { clients: lab.clients ?? CLIENTS, letters: letters(bytes), prefill: bytes };
  const measured = await bench.run(target, [], plan);
  const { replyBytes = 0, answered = 0, seconds = 0 } = measured.load ?? {};
  return {
    ...measured,
    metrics: {
      ...measured.metrics,
      'bytes/letter': replyBytes / answered,
      'µs/letter': (1e6 * seconds) / answered,
      'MiB/s': replyBytes / seconds / 2 ** 20,
    },
  };
}
