// Once a second, from the main thread: which client the I/O thread waits for, and how many of its polls found data.

import type { Address } from '../../../shared/address.js';
import type { Log } from '../../log/log.js';
import { type ControlBlock, NO_CLIENT } from './control-block.js';

const INTERVAL_MS = 1_000;

/** @returns the timer, to be cleared at the end */
export function monitorWaits(
  control: ControlBlock,
  log: Log,
  addressOf: (client: number) => Address | undefined,
): NodeJS.Timeout {
  let before = control.progress;
  let seconds = 0;
  return setInterval(() => {
    const now = control.progress;
    const { client, call } = now;
    const same = now.polls === before.polls && client === before.client && call === before.call;
    const blocked = same && client !== NO_CLIENT;
    seconds = blocked ? seconds + 1 : 0;
    const remote = addressOf(client);
    if (remote !== undefined && (seconds === 1 || (seconds > 1 && log.detailed))) {
      log.record({ type: 'blocked', client, remote, call, seconds });
    }
    const [polls, hits] = [(now.polls - before.polls) | 0, (now.hits - before.hits) | 0];
    if (log.detailed && polls > hits + 1) log.record({ type: 'polled', polls, hits });
    before = now;
  }, INTERVAL_MS).unref();
}
