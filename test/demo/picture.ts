// Writes demo.svg: the tutorial's session as it looks in three terminals when it is over, for the README. The text is
// what real terminals showed; only what differs from run to run is replaced or left out, so that the file changes only
// when the programs do: ports get fixed numbers, and the line with times and context switches is missing.
//
//   node dist/test/demo/picture.js

import { writeFile } from 'node:fs/promises';
import { type Ink, inked } from './ink.js';
import type { Pane } from './panes.js';
import { replay } from './session.js';
import { differences, type Frame } from './transcript.js';

/** From dist/test/demo/. */
const FILE = new URL('../../../test/demo/demo.svg', import.meta.url);

/** The tutorial's default port, and two that a kernel might give. */
const SERVER_PORT = '2000';
const CLIENT_PORTS = ['51234', '51236'];

// All lengths are in the picture's units, CSS pixels when it is shown at its own width.
const WIDTH = 900;
const GAP = 16;
const CLIENT_WIDTH = 290;
const BAR_HEIGHT = 34;
const PADDING = 14;
const LINE_HEIGHT = 20;
const FONT_SIZE = 14.5;

/** Readable on the dark background of the windows, whatever is around them. */
const INKS: Record<Ink, string> = {
  plain: '#c9d1d9',
  prompt: '#7d8590',
  client1: '#79c0ff',
  client2: '#ffa657',
};
const STYLE = `
    text { font: ${FONT_SIZE}px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre }
    .title { font-size: 13px; text-anchor: middle }
${Object.entries(INKS)
  .map(([ink, colour]) => `    .${ink} { fill: ${colour} }`)
  .join('\n')}
`;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const last = await replay(async () => {});
const different = differences(last);
if (different.length > 0) throw new Error(`not the tutorial's transcript:\n${different.join('\n')}`);
await writeFile(FILE, picture(reproducible(last)));

function reproducible([client1, client2, server]: Frame): Frame {
  const story = server.lines.join('\n');
  const [, serverPort = ''] = /^listening on .*:(\d+) /m.exec(story) ?? [];
  const fixed = new Map([[serverPort, SERVER_PORT]]);
  for (const [, client, port = ''] of story.matchAll(/^client (\d) is at .*?:(\d+), /gm)) {
    fixed.set(port, CLIENT_PORTS[Number(client) - 1] ?? port);
  }
  const withFixedPorts = (line: string) => line.replace(/\b\d{4,5}\b/g, (port) => fixed.get(port) ?? port);
  const reproduced = (pane: Pane): Pane => ({
    title: withFixedPorts(pane.title).replace('strsvr 0', `strsvr ${SERVER_PORT}`),
    lines: pane.lines.filter((line) => !line.includes('context switch')).map(withFixedPorts),
  });
  return [reproduced(client1), reproduced(client2), reproduced(server)];
}

/** Both clients on the left, the server beside them. */
function picture([client1, client2, server]: Frame): string {
  const clientHeight = heightFor(Math.max(client1.lines.length, client2.lines.length));
  const height = Math.max(clientHeight * 2 + GAP, heightFor(server.lines.length));
  const left = { x: 0, width: CLIENT_WIDTH, height: (height - GAP) / 2 };
  const x = CLIENT_WIDTH + GAP;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">
  <title id="title">Two clients and their server, each in a terminal</title>
  <desc id="desc">The clients type letters in turn; each gets back the whole string, with the letters of both.</desc>
  <style>${STYLE}  </style>
${terminalWindow(client1, { ...left, y: 0 })}
${terminalWindow(client2, { ...left, y: left.height + GAP })}
${terminalWindow(server, { x, y: 0, width: WIDTH - x, height })}
</svg>
`;
}

function heightFor(lines: number): number {
  return BAR_HEIGHT + PADDING * 2 + lines * LINE_HEIGHT;
}

function terminalWindow({ title, lines }: Pane, { x, y, width, height }: Box): string {
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (colour, index) => `<circle cx="${18 + index * 18}" cy="${BAR_HEIGHT / 2}" r="5.5" fill="${colour}"/>`,
  );
  const rows = lines.map((line, row) => {
    const baseline = BAR_HEIGHT + PADDING + (row + 0.75) * LINE_HEIGHT;
    return `    <text x="${PADDING + 2}" y="${baseline}">${spans(line)}</text>`;
  });
  return `  <g transform="translate(${x} ${y})">
    <rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="9" fill="#0d1117" stroke="#57606a"/>
    <path d="M1 ${BAR_HEIGHT}V9.5a8.5 8.5 0 0 1 8.5-8.5h${width - 19}a8.5 8.5 0 0 1 8.5 8.5V${BAR_HEIGHT}z" fill="#21262d"/>
    ${dots.join('')}
    <text class="title" x="${(width + 54) / 2}" y="${BAR_HEIGHT / 2 + 4.5}">${spans(title)}</text>
${rows.join('\n')}
  </g>`;
}

function spans(line: string): string {
  return inked(line)
    .map(({ text, ink }) => `<tspan class="${ink}">${escaped(text)}</tspan>`)
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
