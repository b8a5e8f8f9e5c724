// How the panes of each act are arranged on a screen. If there is too little room, lines wrap and panes show their last
// lines.

import type { ModelScene } from './act-two.js';
import { above, type Block, beside, drawPane, type Paint, type Size } from './pane-layout.js';
import type { Frame } from './transcript.js';

/** Draws something for a screen of this size. */
export type Arrangement = (screen: Size, paint: Paint) => Block;

const ACT_ONE = 'Each letter is appended to one string, and the whole string comes back.';

/** Preferred sizes, boxes included. */
const CLIENT: Size = { columns: 30, rows: 15 };
const SERVER: Size = { columns: 84, rows: 33 };
const MODEL: Size = { columns: 60, rows: 18 };

/**
 * Act one, the session. The clients are stacked beside the server if there is room, else side by side above it.
 */
export function threePanes([client1, client2, server]: Frame): Arrangement {
  return (screen, paint) => {
    const heading = headed(ACT_ONE);
    const room = screen.rows - heading.length;
    if (screen.columns >= CLIENT.columns + SERVER.columns) {
      const rows = Math.min(room, SERVER.rows);
      const upper = { ...CLIENT, rows: Math.floor(rows / 2) };
      const lower = { ...CLIENT, rows: rows - upper.rows };
      return above(
        heading,
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
      heading,
      beside(drawPane(client1, left, paint), drawPane(client2, right, paint)),
      drawPane(server, below, paint),
    );
  };
}

/** Act two, out to lunch: the models two by two. */
export function fourPanes({ caption, panes }: ModelScene): Arrangement {
  return (screen, paint) => {
    const heading = headed(caption);
    const size = {
      columns: Math.min(MODEL.columns, Math.floor(screen.columns / 2)),
      rows: Math.min(MODEL.rows, Math.floor((screen.rows - heading.length) / 2)),
    };
    const drawn = panes.map((pane) => drawPane(pane, size, paint));
    return above(heading, beside(...drawn.slice(0, 2)), beside(...drawn.slice(2)));
  };
}

function headed(heading: string): Block {
  return [heading, ''];
}
