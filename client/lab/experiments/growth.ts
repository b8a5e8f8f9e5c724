// Every reply is the whole text.

import type { Bench, Experiment, Lab, Measured } from '../experiment.js';
import type { Target } from '../target.js';
import { clause, pick, sentence } from './common.js';

const TARGETS = ['events', 'poll', 'C epoll', 'Python asyncio'];
const QUICK_TARGETS = ['events', 'C epoll'];
const CLIENTS = 10;
/** The longest text that a target can be brought to while a run lasts, in bytes. */
const MOST: Readonly<Record<string, number>> = { 'Python asyncio': 262_144 };
const TOO_LONG = 'it takes longer than a run may to bring its text to that length';

const levels = ({ quick }: Lab) => (quick ? [0, 65_536] : [0, 1_024, 16_384, 262_144, 1_048_576]);
const level = (bytes: number) => `${bytes.toLocaleString('en')} bytes`;
const x = (at: string) => Math.max(1, Number.parseInt(at.replaceAll(',', ''), 10));
/** Fewer of them where each costs more, so that no run takes for ever. */
const letters = (bytes: number) => Math.max(200, Math.min(5_000, Math.round(2e8 / (bytes + 1_000))));

export const growth: Experiment = {
  id: 'growth',
  question: 'What does it cost to send it all back?',
  varies: 'the length of the text before the first letter is measured',
  expects:
    'short replies cost a system call or two; long ones cost what the kernel needs to copy them, the same in every runtime.',
  loop: `closed loop, ${CLIENTS} clients`,
  shown: ['bytes/letter', 'µs/letter', 'MiB/s', 'p99 ms'],

  cells: (lab) =>
    pick(lab, lab.quick ? QUICK_TARGETS : TARGETS).flatMap((target) =>
      levels(lab).map((bytes) => ({
        target: target.name,
        level: level(bytes),
        measure:
          bytes > (MOST[target.name] ?? bytes) ? TOO_LONG : (bench) => measure(bench, target, bytes, lab),
      })),
    ),

  conclude: (evidence, lab) => {
    const [shortest, longest] = [levels(lab)[0] ?? 0, levels(lab).at(-1) ?? 0].map(level);
    return sentence(
      evidence.targets.flatMap((target) => {
        const at = (where = '') => ({ target, level: where });
        return clause(
          target,
          evidence.compare('µs/letter', at(longest), at(shortest), 'time a letter', 'the first ones'),
        );
      }),
    ).map((found) => `At ${longest}, ${found}`);
  },

  charts: (evidence, lab) => [
    {
      title: 'Time a letter as the text grows',
      kind: 'lines',
      x: { name: 'bytes of text', log: true },
      y: { name: 'µs/letter', log: true },
      series: [
        ...evidence.lines('µs/letter', x),
        {
          name: '1 GiB/s',
          reference: true,
          points: levels(lab)
            .slice(1)
            .map((bytes) => ({ x: bytes, y: (1e6 * bytes) / 2 ** 30 })),
        },
      ],
    },
  ],
};

async function measure(bench: Bench, target: Target, bytes: number, lab: Lab): Promise<Measured> {
  const plan = { clients: lab.clients ?? CLIENTS, letters: letters(bytes), prefill: bytes };
  const measured = await bench.run(target, [], plan);
  const { replyBytes = 0, answered = 0, seconds = 0 } = measured.load ?? {};
  return {
    ...measured,
    figures: {
      ...measured.figures,
      'bytes/letter': replyBytes / answered,
      'µs/letter': (1e6 * seconds) / answered,
      'MiB/s': replyBytes / seconds / 2 ** 20,
    },
  };
}
