// The viewer's terminal: colours, and one frame in the place of the one before.

import { print } from '../../shared/cli.js';
import { type Highlight, highlight } from './highlight.js';
import type { Arrangement } from './layout.js';
import type { Block, Paint, Size } from './pane-layout.js';

/** For output that is not a terminal. */
const PAPER: Size = { columns: 80, rows: Number.POSITIVE_INFINITY };
/** With fewer rows too little would be visible: the viewer may scroll instead. */
const MIN_ROWS = 22;

// ECMA-48 and xterm. The alternate screen leaves the viewer's own as it was; without wrapping, a window that is made
// narrower meanwhile cuts the lines instead of breaking them.
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const RESET = '\x1b[0m';
const COLOURS: Record<Highlight, string> = {
  plain: '',
  prompt: '\x1b[2m',
  client1: '\x1b[36m',
  client2: '\x1b[33m',
  good: '\x1b[32m',
  bad: '\x1b[31m',
};

const { TERM } = process.env;
/** Whether frames can be shown in place: not in a file, a pipe or a dumb terminal. */
export const animated = process.stdout.isTTY && TERM !== 'dumb';
const paint: Paint = animated && process.stdout.hasColors() ? coloured : (text) => text;

/** Gives `use` the alternate screen, where `show` draws a frame, and always restores the normal one. */
export async function onScreen<T>(
  use: (show: (frame: Arrangement) => Promise<void>) => Promise<T>,
): Promise<T> {
  const show = (frame: Arrangement) => {
    const { columns, rows } = screenSize();
    const lines = frame({ columns, rows: rows - 1 }, paint); // a line end follows the last one too
    return print(`${HOME}${lines.map((line) => `${CLEAR_LINE}${line}\r\n`).join('')}${CLEAR_BELOW}`);
  };
  await print(ENTER);
  try {
    return await use(show);
  } finally {
    await print(LEAVE);
  }
}

/** A frame to be printed once. @param linesAfter lines that follow and should fit on the same screen */
export function printable(frame: Arrangement, linesAfter: number): Block {
  if (!animated) return frame(PAPER, paint);
  const { columns, rows } = screenSize();
  return frame({ columns, rows: Math.max(rows - linesAfter, MIN_ROWS) }, paint);
}

/** For each frame anew, since a window may be resized. Some terminals report 0 by 0 for an unknown size. */
function screenSize(): Size {
  const { columns, rows } = process.stdout;
  return { columns: columns || 80, rows: rows || 24 };
}

function coloured(text: string): string {
  return highlight(text)
    .map((span) => (span.highlight === 'plain' ? span.text : COLOURS[span.highlight] + span.text + RESET))
    .join('');
}
