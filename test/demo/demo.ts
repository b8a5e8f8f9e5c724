// The command behind `make demo`, in two acts. One: replays the tutorial's session in three panes and compares it with the
// transcript. Two: client 1 is out to lunch, under four I/O models in four panes; compares what is observed with what is
// expected. Exit status 1 if either differs. On a terminal both are animated; elsewhere only the end of each is printed.
//
//   FAST=1 node dist/test/demo/demo.js     without pauses

import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { print, runCommand } from '../../shared/cli.js';
import { OperationalError } from '../../shared/errors.js';
import { bindings } from '../../shared/libc/bindings.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { wrap } from '../../shared/table.js';
import { outToLunch } from './act-two.js';
import { conclusion, inconclusive, unmetExpectations } from './expectations.js';
import { type Arrangement, fourPanes, threePanes } from './layout.js';
import { animated, onScreen, printable } from './screen.js';
import { replay } from './session.js';
import { differences } from './transcript.js';

const { FAST = '' } = process.env;
const PAUSE_MS = FAST === '' ? 700 : 0;
/** Act two goes on between keystrokes. */
const FRAME_MS = FAST === '' ? 250 : 50;
const PACE = animated && FAST === '' ? { stepFrames: 2, endFrames: 6 } : { stepFrames: 0, endFrames: 0 };
const BETWEEN_ACTS_MS = 3 * PAUSE_MS;
const COLUMNS = 80;

const BY_HAND = [
  'The same by hand, in three terminals:',
  '  make server',
  '  make client',
  '  make client',
  'Type a letter, then Enter. Enter alone leaves; Ctrl-C ends the server.',
  'And out to lunch: make server IO=blocking, and type only in the second client.',
  'For a whole class, with phones and a projector: make wall IO=blocking',
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
    await session(stop.signal);
    if (animated) await setTimeout(BETWEEN_ACTS_MS, undefined, { signal: stop.signal });
    await lunch(stop.signal);
    await print(`${BY_HAND.join('\n')}\n`);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
});

async function session(stop: AbortSignal): Promise<void> {
  const last = await watch(stop, animated ? PAUSE_MS : 0, (show) =>
    replay((frame) => show(threePanes(frame))),
  );
  const different = differences(last);
  await report(
    threePanes(last),
    different.length === 0
      ? ["the same as the tutorial's transcript"]
      : ["not the tutorial's transcript:", ...different],
    0,
  );
  if (different.length > 0) process.exitCode = 1;
}

async function lunch(stop: AbortSignal): Promise<void> {
  const missing = missingForActTwo();
  if (missing !== undefined) {
    const sentence = `Act two, out to lunch under four I/O models, is left out: ${missing}.`;
    await print(`${wrap(sentence, COLUMNS).join('\n')}\n\n`);
    return;
  }
  const { scene, outcomes } = await watch(stop, FRAME_MS, (show) =>
    outToLunch(PACE, (scene) => show(fourPanes(scene))),
  );
  const unmet = unmetExpectations(outcomes);
  const verdict =
    unmet.length === 0 ? ['as expected of the models'] : ['not as expected of the models:', ...unmet];
  const doubts = inconclusive(outcomes).flatMap((line) => wrap(line, COLUMNS));
  const words = [...wrap(conclusion(outcomes), COLUMNS), ...verdict, ...doubts];
  await report(fourPanes(scene), words, BY_HAND.length);
  if (unmet.length > 0) process.exitCode = 1;
}

/** What act two needs and this machine lacks. */
function missingForActTwo(): string | undefined {
  if (!HAS_PROC) return 'CPU and threads of a process are read from /proc, and there is none here';
  try {
    bindings();
    return undefined;
  } catch (error) {
    if (error instanceof OperationalError) return error.message;
    throw error;
  }
}

/** Plays an act, animated on a terminal. Rejects when stopped, with the screen restored. */
function watch<T>(
  stop: AbortSignal,
  frameMs: number,
  play: (show: (frame: Arrangement) => Promise<void>) => Promise<T>,
): Promise<T> {
  const take = () => setTimeout(frameMs, undefined, { signal: stop });
  if (!animated) return play(take);
  return onScreen((show) =>
    play(async (frame) => {
      await show(frame);
      await take();
    }),
  );
}

/** @param linesAfter lines that are printed afterwards and should fit on the same screen */
async function report(last: Arrangement, verdict: readonly string[], linesAfter: number): Promise<void> {
  const words = ['', ...verdict, ''];
  await print(`${[...printable(last, words.length + linesAfter + 1), ...words].join('\n')}\n`);
}
