// What the lock buys: a thread for each client appends to the same text, with and without it.

import type { Experiment, LabOptions } from '../experiment.js';
import { formatNumber } from '../report/numbers.js';
import { pick, sentence } from './common.js';

const CLIENTS = 10;
/** As many as a session takes in one go: then appends, and not replies, are what the threads are busy with. */
const BURST = 500;
const letters = ({ quick }: LabOptions) => (quick ? 10_000 : 30_000);
/** A wrong reply may look like the last one come twice: then the load waits for another, which never comes. */
const PATIENCE_MS = 3_000;
const WITH = 'with the lock';
const WITHOUT = 'without the lock';

export const lostUpdates: Experiment = {
  id: 'race',
  question: 'What does the lock around the text buy?',
  variable: 'whether the text is locked while a letter is appended',
  hypothesis:
    'two threads that append at the same moment write to the same place: one letter is lost, and its reply shows another. With the lock that cannot happen. One thread alone needs none.',
  loop: `closed loop, ${CLIENTS} clients with a thread each, ${BURST} letters in one write`,
  columns: ['letters answered', 'letters lost', 'replies wrong'],

  trials: (lab) =>
    pick(lab, ['threads']).flatMap((target) =>
      [WITH, WITHOUT].map((parameter) => ({
        target: target.name,
        parameter,
        measure: async (bench) => {
          const args = parameter === WITH ? [] : ['--no-lock'];
          const clients = lab.clients ?? CLIENTS;
          const plan = { clients, letters: letters(lab), burst: BURST, idleTimeoutMs: PATIENCE_MS };
          const { metrics, load } = await bench.run(target, args, plan);
          const { lost = 0, ...others } = load?.faults ?? {};
          return {
            metrics: {
              ...metrics,
              'letters answered': load?.answered ?? 0,
              'letters lost': lost,
              'replies wrong': Object.values(others).reduce((sum, count) => sum + count, 0),
            },
            ...(load !== undefined && { load }),
          };
        },
      })),
    ),

  conclude: (analysis) => {
    const clauses = analysis.parameters.map((parameter) => {
      const sum = (metric: string) =>
        formatNumber(
          analysis
            .values({ target: 'threads', parameter }, metric)
            .reduce((total, value) => total + value, 0),
        );
      const lost = `${sum('letters lost')} of ${sum('letters answered')} answered letters were lost`;
      return `${parameter} ${lost} and ${sum('replies wrong')} replies were wrong`;
    });
    return sentence(clauses).map((found) => `All runs together: ${found}`);
  },

  charts: (analysis) => [
    {
      title: 'Letters lost and replies wrong, in a run',
      kind: 'bars',
      x: { name: '', words: [WITH, WITHOUT] },
      y: { name: 'letters' },
      series: ['letters lost', 'replies wrong'].map((metric) => ({
        name: metric,
        points: analysis.series('threads', metric, (parameter) => [WITH, WITHOUT].indexOf(parameter)),
      })),
    },
  ],
};
