// How a server behaves as more is asked of it, up to more than it can do.

import type { Experiment, LabOptions, RunContext } from '../experiment.js';
import { formatNumber } from '../report/numbers.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { pick, sentence } from './common.js';

const TARGETS = ['events', 'poll', 'threads', 'C epoll', 'C threads'];
const QUICK_TARGETS = ['events', 'threads'];
/** Up to here a server is said to keep up: it answers what it is offered. */
const KEPT_UP = 0.95;

const shares = ({ quick }: LabOptions) => (quick ? [50, 110] : [10, 30, 50, 70, 80, 90, 100, 110, 120]);
const parameter = (share: number) => `${share} %`;
const clients = ({ quick, clients }: LabOptions) => clients ?? (quick ? 6 : 20);
const letters = ({ quick }: LabOptions) => (quick ? 2_000 : 20_000);
const targets = (lab: LabOptions) => pick(lab, lab.quick ? QUICK_TARGETS : TARGETS);

export const openLoop: Experiment = {
  id: 'load',
  question: 'Where is the knee: how long do replies take as more letters a second are offered?',
  variable: 'the letters offered a second, as a share of what the server answered in a closed loop before',
  hypothesis:
    'reply times stay flat while the server keeps up, and beyond its capacity a queue grows for as long as the run lasts: the longer it lasts, the worse.',
  loop: 'open loop: letters are sent by the clock; reply times count from when each was to be sent',
  columns: ['offered/s', 'letters/s', 'p50 ms', 'p99 ms', 'p99 ms uncorrected'],

  trials: (lab) =>
    targets(lab).flatMap((target) =>
      shares(lab).map((share) => ({
        target: target.name,
        parameter: parameter(share),
        measure: async (bench) => {
          const rate = Math.round((share / 100) * (await capacity(bench, target, lab)));
          const measured = await bench.run(target, [], { ...plan(lab), rate });
          return { ...measured, metrics: { ...measured.metrics, 'offered/s': rate } };
        },
      })),
    ),

  conclude: (analysis, lab) =>
    sentence(
      analysis.targets.flatMap((target) => {
        const at = (share: number, metric: string) =>
          analysis.median({ target, parameter: parameter(share) }, metric);
        const known = shares(lab).filter((share) => Number.isFinite(at(share, 'letters/s')));
        const kept = known.filter((share) => at(share, 'letters/s') >= KEPT_UP * at(share, 'offered/s'));
        const last = kept.at(-1);
        if (last === undefined) return [];
        const beyond = known.find((share) => share > last);
        const unknown = shares(lab).find((share) => share > last);
        const p99 = (share: number) => `p99 ${formatNumber(at(share, 'p99 ms'))} ms`;
        const knee =
          beyond !== undefined
            ? `, at ${parameter(beyond)} it fell behind (${p99(beyond)})`
            : unknown !== undefined
              ? `, from ${parameter(unknown)} on too few runs count to tell`
              : '';
        const offered = formatNumber(at(last, 'offered/s'));
        return [`${target} kept up to ${offered} letters/s (${parameter(last)}, ${p99(last)})${knee}`];
      }),
    ),

  charts: (analysis) =>
    (
      [
        ['p99', { name: 'p99 ms', log: true }],
        ['achieved', { name: 'letters/s' }],
      ] as const
    ).map(([title, y]) => ({
      title: `Offered against ${title}`,
      kind: 'lines',
      x: { name: 'offered letters, % of capacity' },
      y,
      series: analysis.lines(y.name, Number.parseFloat),
    })),

  notes: [
    'Capacity is what a closed loop of the same clients and letters reached once on this machine. The text grows during a run, so its end is slower than its beginning.',
    'JavaScript cannot see when the kernel made a socket readable: a reply time counts from the client’s stamp.',
  ],
};

function plan(lab: LabOptions) {
  // As separate people would: nobody sends the next letter before the last is answered, however late it is.
  return { clients: clients(lab), letters: letters(lab), maxInFlight: 1 };
}

function capacity(bench: RunContext, target: ServerUnderTest, lab: LabOptions): Promise<number> {
  return bench.once(`capacity of ${target.name}`, async () => {
    const { load: found } = await bench.run(target, [], plan(lab));
    return found?.lettersPerSecond ?? 0;
  });
}
