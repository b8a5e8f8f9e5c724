import { median } from '../../../shared/quantile.js';
import type { Check } from '../check.js';
import { CheckFailure } from '../check-failure.js';

const LETTERS = 40;
/** Linux delays an acknowledgement by 40 ms. */
const SLOW_MS = 30;

export const check: Check = {
  id: 'delay',
  level: 'line',
  points: 2,
  title: "a reply is not delayed by Nagle's algorithm",
  needs: ['lf', 'batch'],
  clients: 1,
  timing: true,
  hint: 'Write a reply with its line feed at once, and set TCP_NODELAY: else the second write waits for an acknowledgement, 40 ms',
  async run(trial) {
    const client = await trial.connect();
    const times: number[] = [];
    let text = trial.text.toString();
    for (const letter of trial.letters(LETTERS)) {
      text += letter;
      const sent = performance.now();
      client.send(`${letter}\n`);
      await client.receive(Buffer.from(`${text}\n`));
      times.push(performance.now() - sent);
    }
    const typical = median(times);
    if (typical >= SLOW_MS)
      throw new CheckFailure(`expected replies within ${SLOW_MS} ms, got ${typical.toFixed(0)} ms (median)`, {
        deadline: true,
      });
  },
};
