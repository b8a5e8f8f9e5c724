// The three panes of the session on the viewer's screen: how they are arranged, how they are coloured, and how one
// frame takes the place of the one before.

import { print } from '../../shared/command.js';
import { type Ink, inked } from './ink.js';
import { above, type Block, beside, drawPane, type Paint, type Size } from './panes.js';
import type { Frame } from './transcript.js';

const HEADING = ['Each letter is appended to one string, and the whole string comes back.', ''];

/** What the panes want, with their boxes; with less they wrap, and show their last lines. */
const CLIENT: Size = { columns: 30, rows: 15 };
const SERVER: Size = { columns: 84, rows: 33 };
/** Where it is nobody's screen. */
const PAPER: Size = { columns: 80, rows: Number.POSITIVE_INFINITY };

// ECMA-48 and xterm. The alternate screen leaves the viewer's own as it was; without wrapping, a window that is made
// narrower meanwhile cuts the lines instead of breaking them.
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const RESET = '\x1b[0m';
const COLOURS: Record<Ink, string> = {
  plain: '',
  prompt: '\x1b[2m',
  client1: '\x1b[36m',
  client2: '\x1b[33m',
};

const { TERM } = process.env;
/** Whether somebody can watch; a file, a pipe or a dumb terminal cannot show one frame in the place of another. */
export const watchable = process.stdout.isTTY && TERM !== 'dumb';
const paint: Paint = watchable && process.stdout.hasColors() ? coloured : (text) => text;

/** Lends the screen to `use`, which calls `show` with each frame, and gives it back whatever happens. */
export async function onScreen<T>(use: (show: (frame: Frame) => Promise<void>) => Promise<T>): Promise<T> {
  const show = (frame: Frame) => {
    const { columns, rows } = screenSize();
    const lines = arranged(frame, { columns, rows: rows - 1 }); // a line end follows the last one too
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
export function printable(frame: Frame, linesAfter: number): Block {
  if (!watchable) return arranged(frame, PAPER);
  const { columns, rows } = screenSize();
  return arranged(frame, { columns, rows: Math.max(rows - linesAfter, CLIENT.rows) });
}

/** Asked for each frame, because a window may change. Some terminals say 0 by 0, and mean that they do not know. */
function screenSize(): Size {
  const { columns, rows } = process.stdout;
  return { columns: columns || 80, rows: rows || 24 };
}

/** The clients stand over each other beside the server where there is room, and else beside each other above it. */
function arranged([client1, client2, server]: Frame, screen: Size): Block {
  const room = screen.rows - HEADING.length;
  if (screen.columns >= CLIENT.columns + SERVER.columns) {
    const rows = Math.min(room, SERVER.rows);
    const upper = { ...CLIENT, rows: Math.floor(rows / 2) };
    const lower = { ...CLIENT, rows: rows - upper.rows };
    return above(
      HEADING,
      beside(
        above(drawPane(client1, upper, paint), drawPane(client2, lower, paint)),
        drawPane(server, { columns: SERVER.columns, rows }, paint),
      ),
    );
  }
  const columns = Math.min(screen.columns, SERVER.columns);
  const left = { columns: Math.floor(columns / 2), rows: Math.min(CLIENT.rows, Math.floor(room / 2)) };
  const right = { ...left, columns: columns - left.columns };
  const below = { columns, rows: Math.min(SERVER.rows, room - left.rows) };
  return above(
    HEADING,
    beside(drawPane(client1, left, paint), drawPane(client2, right, paint)),
    drawPane(server, below, paint),
  );
}

function coloured(text: string): string {
  return inked(text)
    .map(({ text, ink }) => (ink === 'plain' ? text : COLOURS[ink] + text + RESET))
    .join('');
}
