// The viewer's screen: how what is drawn is coloured, and how one frame takes the place of the one before.

import { print } from '../../shared/cli.js';
import { type Highlight, highlight } from './highlight.js';
import type { Arrangement } from './layout.js';
import type { Block, Paint, Size } from './pane-layout.js';

/** Where it is nobody's screen. */
const PAPER: Size = { columns: 80, rows: Number.POSITIVE_INFINITY };
/** With fewer there would be nothing to see: rather let the viewer scroll. */
const FEWEST_ROWS = 22;

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
/** Whether somebody can watch; a file, a pipe or a dumb terminal cannot show one frame in the place of another. */
export const watchable = process.stdout.isTTY && TERM !== 'dumb';
const paint: Paint = watchable && process.stdout.hasColors() ? coloured : (text) => text;

/** Lends the screen to `use`, which calls `show` with each frame, and gives it back whatever happens. */
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

/** The frame to be printed once, with so many lines to come after it that should be on the same screen. */
export function printable(frame: Arrangement, linesAfter: number): Block {
  if (!watchable) return frame(PAPER, paint);
  const { columns, rows } = screenSize();
  return frame({ columns, rows: Math.max(rows - linesAfter, FEWEST_ROWS) }, paint);
}

/** Asked for each frame, because a window may change. Some terminals say 0 by 0, and mean that they do not know. */
function screenSize(): Size {
  const { columns, rows } = process.stdout;
  return { columns: columns || 80, rows: rows || 24 };
}

function coloured(text: string): string {
  return highlight(text)
    .map(({ text, ink }) => (ink === 'plain' ? text : COLOURS[ink] + text + RESET))
    .join('');
}
