// How a server behaves as the offered load grows, up to more than its capacity.

import { formatNumber } from '../../../shared/numbers.js';
import type { Analysis } from '../analysis.js';
import { lineChart } from '../charts.js';
import { type Experiment, type LabOptions, pick, type RunContext, sentence, trials } from '../experiment.js';
import type { ServerUnderTest } from '../servers-under-test.js';

/** The share of the offered letters that a server must answer to count as keeping up. */
const KEPT_UP = 0.95;

const shares = ({ quick }: LabOptions) => (quick ? [50, 110] : [10, 30, 50, 70, 80, 90, 100, 110, 120]);
const parameter = (share: number) => `${share} %`;

export default {
  id: 'open-loop',
  order: 4,
  question: 'Where is the knee: how long do replies take as more letters a second are offered?',
  variable: 'the letters offered a second, as a share of what the server answered in a closed loop before',
  hypothesis:
    'reply times stay flat while the server keeps up; beyond its capacity a queue grows for as long as the run lasts.',
  loop: 'open loop: letters are sent by the clock. Reply times count from when each was due (corrected for coordinated omission), service times from when it was sent',
  columns: ['offered/s', 'letters/s', 'p50 ms', 'p99 ms', 'p99 ms service'],

  trials: (lab) =>
    trials(
      pick(lab, ['events', 'poll', 'threads', 'C epoll', 'C threads'], ['events', 'threads']),
      shares(lab),
      parameter,
      (target, share) => async (context) => {
        const rate = Math.round((share / 100) * (await capacity(context, target, lab)));
        return context.run(target, [], { ...plan(lab), rate });
      },
    ),

  conclude: (analysis, lab) =>
    sentence(analysis.targets.flatMap((target) => knee(analysis, target, shares(lab)))),

  charts: (analysis) => {
    const x = { name: 'offered letters, % of capacity' };
    return [
      lineChart(analysis, 'Offered against p99', 'p99 ms', x),
      lineChart(analysis, 'Offered against achieved', 'letters/s', x, { name: 'letters/s' }),
    ];
  },

  notes: [
    'Capacity is what a closed loop of the same clients and letters reached once on this machine. The text grows during a run, so its end is slower than its beginning.',
    'JavaScript cannot see when the kernel made a socket readable: a reply time counts from the client’s stamp.',
  ],
} satisfies Experiment;

function plan({ quick, clients }: LabOptions) {
  // As people type: a client does not send its next letter before the last is answered, however late that is.
  return { clients: clients ?? (quick ? 6 : 20), letters: quick ? 2_000 : 20_000, maxInFlight: 1 };
}

function capacity(context: RunContext, target: ServerUnderTest, lab: LabOptions): Promise<number> {
  return context.once(`capacity of ${target.name}`, async () => {
    const { load } = await context.run(target, [], plan(lab));
    return load?.lettersPerSecond ?? 0;
  });
}

/** Up to where the server kept up, and how it fell behind from there; nothing if it never kept up. */
function knee(analysis: Analysis, target: string, shares: readonly number[]): string[] {
  const at = (share: number, metric: string) =>
    analysis.median({ target, parameter: parameter(share) }, metric);
  const p99 = (share: number) => `p99 ${formatNumber(at(share, 'p99 ms'))} ms`;
  const known = shares.filter((share) => Number.isFinite(at(share, 'letters/s')));
  const last = known.findLast((share) => at(share, 'letters/s') >= KEPT_UP * at(share, 'offered/s'));
  if (last === undefined) return [];
  const offered = formatNumber(at(last, 'offered/s'));
  const kept = `${target} kept up to ${offered} letters/s (${parameter(last)}, ${p99(last)})`;
  const beyond = known.find((share) => share > last);
  if (beyond !== undefined) return [`${kept}, at ${parameter(beyond)} it fell behind (${p99(beyond)})`];
  const unknown = shares.find((share) => share > last);
  if (unknown !== undefined) return [`${kept}, from ${parameter(unknown)} on too few runs count`];
  return [kept];
}
