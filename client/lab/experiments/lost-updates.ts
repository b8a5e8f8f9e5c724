// What the lock is for: a thread for each client appends to the same text, with and without it.

import { formatNumber } from '../../../shared/numbers.js';
import { conditionChart } from '../charts.js';
import { type Experiment, pick, sentence, trials } from '../experiment.js';

const CLIENTS = 10;
/** As many as a session accepts at once, so that the threads spend their time on appends and not on replies. */
const BURST = 500;
/** A wrong reply may look like the last one repeated: then the load waits for another, which never comes. */
const IDLE_TIMEOUT_MS = 3_000;
const WITH = 'with the lock';
const WITHOUT = 'without the lock';

export default {
  id: 'lost-updates',
  order: 9,
  question: 'What does the lock around the text prevent?',
  variable: 'whether the text is locked while a letter is appended',
  hypothesis:
    'two threads that append at the same moment write to the same offset: one letter is lost, and its reply shows another. With the lock that cannot happen. One thread alone needs none.',
  loop: `closed loop, ${CLIENTS} clients with a thread each, ${BURST} letters in one write`,
  columns: ['letters answered', 'letters lost', 'replies wrong'],

  trials: (lab) =>
    trials(pick(lab, ['threads']), [WITH, WITHOUT], String, (target, parameter) => async (context) => {
      const clients = lab.clients ?? CLIENTS;
      const letters = lab.quick ? 10_000 : 30_000;
      const plan = { clients, letters, burst: BURST, idleTimeoutMs: IDLE_TIMEOUT_MS };
      // A run counts although the server is wrong: faults are what this experiment measures.
      const { wrong, ...counted } = await context.run(target, parameter === WITH ? [] : ['--no-lock'], plan);
      return counted;
    }),

  conclude: (analysis) => {
    const clauses = analysis.conditions.map((condition) => {
      const sum = (metric: string) =>
        formatNumber(analysis.values(condition, metric).reduce((total, value) => total + value, 0));
      const lost = `${sum('letters lost')} of ${sum('letters answered')} answered letters were lost`;
      return `${condition.parameter} ${lost} and ${sum('replies wrong')} replies were wrong`;
    });
    return sentence(clauses, 'All runs together: ');
  },

  charts: (analysis) => [
    conditionChart(
      analysis,
      'Letters lost and replies wrong, in a run',
      ['letters lost', 'replies wrong'],
      'parameter',
      'letters',
    ),
  ],
} satisfies Experiment;
