// What a server costs while no client sends.

import { formatNumber } from '../../../shared/numbers.js';
import { IO_MODELS } from '../../../shared/options.js';
import { barChart } from '../charts.js';
import { type Experiment, type LabOptions, list, pick, sentence, trials } from '../experiment.js';

/** More, in percent of a core, is called burning. */
const BURNING = 50;
/** Less, in percent of a core, is below the resolution of the measurement. */
const LEAST = 0.1;

const values = ({ quick }: LabOptions) => (quick ? [10] : [1, 10, 100, 1_000]);
const parameter = (clients: number) => `${clients} idle`;

export default {
  id: 'idle',
  order: 2,
  question: 'What does waiting cost?',
  variable: 'the number of idle clients',
  hypothesis:
    'nonblocking polls every socket, round-robin, and burns a core for nothing; the models that sleep in the kernel take next to nothing. A thread for each client costs memory.',
  loop: 'no load: all clients are connected, have had a reply each, and are silent',
  columns: ['wanted CPU %', 'switches/s', 'resident MiB'],

  trials: (lab) =>
    trials(pick(lab, IO_MODELS), values(lab), parameter, ({ name }, clients) =>
      name === 'threads' && clients > 100
        ? 'each worker thread takes 7 to 8 MB of memory and some 35 ms of processor time to start'
        : { clients, letters: 0, warmup: 1, silenceMs: lab.quick ? 300 : 2_000 },
    ),

  conclude: (analysis, lab) => {
    const [clients = 0] = values(lab).slice(-2);
    const cpu = (target: string) =>
      analysis.median({ target, parameter: parameter(clients) }, 'wanted CPU %');
    const burning = analysis.targets.filter((target) => cpu(target) > BURNING);
    const asleep = analysis.targets.filter((target) => cpu(target) <= BURNING);
    const clauses = burning.map(
      (name) => `${name} wanted ${formatNumber(cpu(name))} % of a core for nothing`,
    );
    if (asleep.length > 0) clauses.push(`${list(asleep)} wanted ${atMost(Math.max(...asleep.map(cpu)))} %`);
    return sentence(clauses, `With ${parameter(clients)} clients, `);
  },

  charts: (analysis) => [
    barChart(analysis, 'Processor time while no client sends', 'wanted CPU %', 'idle clients', {
      name: '% of a core',
    }),
    barChart(analysis, 'Memory', 'resident MiB', 'idle clients', { name: 'MiB' }),
  ],

  notes: [
    'Processor time and context switches are those of the whole server process. What it wanted is the time that it ran or waited for a core, which does not depend on what else the machine does.',
  ],
} satisfies Experiment;

/** A process that only sleeps has no processor time at all in most windows, which does not mean that it takes none. */
function atMost(percent: number): string {
  return percent < LEAST ? `less than ${LEAST}` : `at most ${formatNumber(percent)}`;
}
