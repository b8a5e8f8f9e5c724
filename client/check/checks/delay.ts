import { median } from '../../../shared/quantile.js';
import { Echo } from '../calibration.js';
import type { Check } from '../check.js';
import { CheckFailure } from '../check-failure.js';

const LETTERS = 40;
/** Linux delays an acknowledgement by 40 ms. */
const SLOW_MS = 30;
/**
 * This number of replies that were slow without the time for which the processes waited for a core, and without that of an
 * echo in this process at the same time: on a busy machine the kernel's own threads deliver packets late.
 */
const SURE = LETTERS / 4;

export const check: Check = {
  id: 'delay',
  level: 'line',
  points: 2,
  title: "a reply is not delayed by Nagle's algorithm",
  needs: ['lf', 'batch'],
  clients: 1,
  timing: true,
  hint: 'Write a reply with its line feed at once, and set TCP_NODELAY: else the second write waits for an acknowledgement, 40 ms',
  async run(context) {
    const [client, echo] = [await context.connect(), await Echo.open()];
    const times: Array<{ readonly ms: number; readonly ownMs: number }> = [];
    let text = context.text.toString();
    try {
      for (const letter of context.letters(LETTERS)) {
        text += letter;
        const [queued, sent] = [context.queuedSeconds, performance.now()];
        client.send(`${letter}\n`);
        const echoed = echo.roundTrip();
        await client.receive(Buffer.from(`${text}\n`));
        const ms = performance.now() - sent;
        const waitedMs = 1000 * (context.queuedSeconds - queued);
        times.push({ ms, ownMs: ms - waitedMs - (await echoed) });
      }
    } finally {
      echo.close();
    }
    const typical = median(times.map(({ ms }) => ms));
    if (typical >= SLOW_MS)
      throw new CheckFailure(`expected replies within ${SLOW_MS} ms, got ${typical.toFixed(0)} ms (median)`, {
        deadline: times.filter(({ ownMs }) => ownMs >= SLOW_MS).length < SURE, // a busy machine alone makes it slow
      });
  },
};
