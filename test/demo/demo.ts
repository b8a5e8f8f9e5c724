// The command behind `make demo`: shows the tutorial's session in three panes while it is replayed, and says whether it
// went as in the tutorial; exit status 1 if not. At a terminal it can be watched; elsewhere only its end is printed.
//
//   FAST=1 node dist/test/demo/demo.js     without pauses

import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { print, runCommand } from '../../shared/command.js';
import { onScreen, printable, watchable } from './screen.js';
import { replay } from './session.js';
import { differences, type Frame } from './transcript.js';

const { FAST = '' } = process.env;
const PAUSE_MS = FAST === '' ? 700 : 0;
const BY_HAND = [
  'The same by hand, in three terminals:',
  '  make server',
  '  make client',
  '  make client',
  'Type a letter, then Enter. Enter alone leaves; Ctrl-C ends the server.',
];

await runCommand('demo', async () => {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      process.exitCode = 128 + constants.signals[signal];
      stop.abort();
    });
  }
  try {
    await report(await (watchable ? watch(stop.signal) : replay(async () => stop.signal.throwIfAborted())));
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
});

/** Rejects when stopped, with the screen as it was before. */
function watch(stop: AbortSignal): Promise<Frame> {
  return onScreen((show) =>
    replay(async (frame) => {
      await show(frame);
      await setTimeout(PAUSE_MS, undefined, { signal: stop });
    }),
  );
}

async function report(last: Frame): Promise<void> {
  const different = differences(last);
  const verdict =
    different.length === 0
      ? ["the same as the tutorial's transcript"]
      : ["not the tutorial's transcript:", ...different];
  if (different.length > 0) process.exitCode = 1;
  const words = ['', ...verdict, '', ...BY_HAND, ''];
  await print([...printable(last, words.length), ...words].join('\n'));
}
