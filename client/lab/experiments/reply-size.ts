// Every reply is the whole text: what does its length cost?

import { thousands } from '../../../shared/numbers.js';
import { lineChart } from '../charts.js';
import { type Experiment, type LabOptions, pick, sentence, trials } from '../experiment.js';

const CLIENTS = 10;
/** Bytes of text that a server can be brought to while a run lasts. */
const LIMITS: Readonly<Record<string, number>> = { 'Python asyncio': 262_144 };
const TOO_LONG = 'it takes longer than a run may to bring its text to that length';

const values = ({ quick }: LabOptions) => (quick ? [0, 65_536] : [0, 1_024, 16_384, 262_144, 1_048_576]);
const parameter = (bytes: number) => `${thousands(bytes)} bytes`;
/** Fewer where each costs more, so that all runs take about as long. */
const letters = (bytes: number) => Math.max(200, Math.min(5_000, Math.round(2e8 / (bytes + 1_000))));

export default {
  id: 'reply-size',
  order: 7,
  question: 'What does it cost to send the whole text in every reply?',
  variable: 'the length of the text before the first letter is measured',
  hypothesis:
    'short replies cost a system call or two; long ones cost what the kernel needs to copy them, the same in every runtime.',
  loop: `closed loop, ${CLIENTS} clients`,
  columns: ['bytes/letter', 'µs/letter', 'MiB/s', 'p99 ms'],

  trials: (lab) =>
    trials(
      pick(lab, ['events', 'poll', 'C epoll', 'Python asyncio'], ['events', 'C epoll']),
      values(lab),
      parameter,
      ({ name }, bytes) =>
        bytes > (LIMITS[name] ?? bytes)
          ? TOO_LONG
          : { clients: lab.clients ?? CLIENTS, letters: letters(bytes), prefill: bytes },
    ),

  conclude: (analysis, lab) => {
    const [shortest, longest] = [parameter(values(lab)[0] ?? 0), parameter(values(lab).at(-1) ?? 0)];
    const words = { what: 'time a letter', other: 'the first ones' };
    return sentence(analysis.compareParameters('µs/letter', longest, shortest, words), `At ${longest}, `);
  },

  charts: (analysis, lab) => {
    const measured = lineChart(analysis, 'Time a letter as the text grows', 'µs/letter', {
      name: 'bytes of text',
      log: true,
    });
    const bytes = values(lab).filter((length) => length > 0);
    const reference = bytes.map((length) => ({ x: length, y: (1e6 * length) / 2 ** 30 }));
    return [
      { ...measured, series: [...measured.series, { name: '1 GiB/s', reference: true, points: reference }] },
    ];
  },
} satisfies Experiment;
