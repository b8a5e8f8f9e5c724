// Writes the README's pictures, each the end of an act: demo.svg, the tutorial's session in three terminals, and
// waiting.svg, four I/O models while client 1 is out to lunch. The text is from real terminals. Ports are replaced and the
// line with times and context switches is left out, so that demo.svg changes only with the programs; the measurements in
// waiting.svg differ from run to run.
//
//   node dist/test/demo/render-svg.js

import { writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { outToLunch } from './act-two.js';
import { conclusion, unmetExpectations } from './expectations.js';
import type { Pane } from './pane-layout.js';
import { replay } from './session.js';
import { type Font, GAP, heightFor, svg } from './svg.js';
import { differences, type Frame } from './transcript.js';

/** The tutorial's default port, and two that a kernel might give. */
const SERVER_PORT = '2000';
const CLIENT_PORTS = ['51234', '51236'];

const WIDTH = 900;
const CLIENT_WIDTH = 290;
const LARGE: Font = { size: 14.5, lineHeight: 20 };
const SMALL: Font = { size: 13, lineHeight: 18 };

const FRAME_MS = 250;
/** Enough time for the servers to log that they wait, and for CPU shares without the last letter. */
const PACE = { stepFrames: 0, endFrames: 14 };

await write('demo.svg', await session());
await write('waiting.svg', await lunch());

async function session(): Promise<string> {
  const last = await replay(async () => {});
  requireNone(differences(last));
  const [client1, client2, server] = reproducible(last);

  // Both clients on the left, the server beside them.
  const clientHeight = heightFor(Math.max(client1.lines.length, client2.lines.length), LARGE);
  const height = Math.max(clientHeight * 2 + GAP, heightFor(server.lines.length, LARGE));
  const left = { x: 0, width: CLIENT_WIDTH, height: (height - GAP) / 2 };
  const x = CLIENT_WIDTH + GAP;
  return svg({
    width: WIDTH,
    height,
    font: LARGE,
    title: 'Two clients and their server, each in a terminal',
    description:
      'The clients type letters in turn; each gets back the whole string, with the letters of both.',
    windows: [
      [client1, { ...left, y: 0 }],
      [client2, { ...left, y: left.height + GAP }],
      [server, { x, y: 0, width: WIDTH - x, height }],
    ],
  });
}

async function lunch(): Promise<string> {
  const { scene, outcomes } = await outToLunch(PACE, () => setTimeout(FRAME_MS));
  requireNone(unmetExpectations(outcomes));

  // Two by two.
  const width = (WIDTH - GAP) / 2;
  const lines = Math.max(...scene.panes.map((pane) => pane.lines.length));
  const height = heightFor(lines + 3, SMALL, true); // an empty line, and two rows for the footer
  return svg({
    width: WIDTH,
    height: height * 2 + GAP,
    font: SMALL,
    title: 'The same keystrokes to four servers, each with another I/O model, while client 1 is out to lunch',
    description: conclusion(outcomes),
    windows: scene.panes.map((pane, index) => [
      withFixedPorts(pane),
      { x: (index % 2) * (width + GAP), y: Math.floor(index / 2) * (height + GAP), width, height },
    ]),
  });
}

/** A picture is only made of a run that is as expected. */
function requireNone(complaints: readonly string[]): void {
  if (complaints.length > 0) throw new Error(`not to be shown:\n${complaints.join('\n')}`);
}

/** From dist/test/demo/. */
function write(name: string, picture: string): Promise<void> {
  return writeFile(new URL(`../../../test/demo/${name}`, import.meta.url), picture);
}

function reproducible([client1, client2, server]: Frame): Frame {
  const log = server.lines.join('\n');
  const [, serverPort = ''] = /^listening on .*:(\d+) /m.exec(log) ?? [];
  const fixed = new Map([[serverPort, SERVER_PORT]]);
  for (const [, client, port = ''] of log.matchAll(/^client (\d) accepted from .*?:(\d+) /gm)) {
    fixed.set(port, CLIENT_PORTS[Number(client) - 1] ?? port);
  }
  const fix = (line: string) => line.replace(/\b\d{4,5}\b/g, (port) => fixed.get(port) ?? port);
  const reproduced = (pane: Pane): Pane => ({
    title: fix(pane.title).replace('strsvr 0', `strsvr ${SERVER_PORT}`),
    lines: pane.lines.filter((line) => !line.includes('context switch')).map(fix),
  });
  return [reproduced(client1), reproduced(client2), reproduced(server)];
}

/** At lunch, the only port in a server's last line is client 1's. */
function withFixedPorts({ footer = '', ...pane }: Pane): Pane {
  return { ...pane, footer: footer.replace(/:\d+\)/, `:${CLIENT_PORTS[0]})`) };
}
