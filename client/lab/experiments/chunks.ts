// In what pieces the tutorial's tms arrives (section 4.2.2): TCP keeps the order of bytes, not the edges of what was sent.

import { fileURLToPath } from 'node:url';
import { openChunks } from '../../socket.js';
import type { Evidence, Place } from '../evidence.js';
import type { Bench, Experiment, Measured } from '../experiment.js';
import { formatNumber } from '../report/numbers.js';
import type { Target } from '../target.js';

const STRING = 'abc';
const COPIES = [10_000, 1_000_000];
const RECEIVE_SIZES = [1_000, 65_536, 1_000_000];
/** A picture shows so many chunks of a run. */
const SHOWN = 100;

const TMS: Target = {
  name: 'tms',
  runtime: 'Node.js',
  model: 'events',
  command: [process.execPath, fileURLToPath(new URL('../../../server/tms.js', import.meta.url)), '0', '--go'],
};

const level = (copies: number, receiveSize: number) =>
  `${formatNumber(copies)} copies, recv(${formatNumber(receiveSize)})`;
const LEVELS = COPIES.flatMap((copies) =>
  RECEIVE_SIZES.map((receiveSize) => ({ copies, receiveSize, name: level(copies, receiveSize) })),
);
const name = (chunk: number) => `chunk ${chunk} bytes`;

export const chunks: Experiment = {
  id: 'chunks',
  question: 'Why must a client loop on recv?',
  varies: 'how much is sent, and how much one receive may return',
  expects:
    'a receive returns what has come so far, at most what it may: how many it takes, and how much each brings, is another story in every run. Only the sum is certain.',
  loop: 'no load: one client receives until the server closes',
  shown: ['chunks', 'median', 'bytes'],

  cells: ({ quick }) =>
    LEVELS.filter(({ copies }) => !quick || copies === COPIES[1]).map(
      ({ copies, receiveSize, name: at }) => ({
        target: TMS.name,
        level: at,
        measure: (bench) => measure(bench, copies, receiveSize),
      }),
    ),

  conclude: (evidence) => {
    const found = LEVELS.flatMap(({ copies, name: level }) => {
      const place = { target: TMS.name, level };
      const counts = evidence.values(place, 'chunks');
      if (counts.length === 0) return [];
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      const bytes = formatNumber(evidence.median(place, 'bytes'));
      const range = least === most ? formatNumber(least) : `${formatNumber(least)} to ${formatNumber(most)}`;
      const whole = counts.every((count) => count === copies) ? ' just as they were sent' : '';
      const chunks = most === 1 ? 'chunk' : 'chunks';
      return [{ spread: most / least, said: `${level}: ${bytes} bytes came in ${range} ${chunks}${whole}.` }];
    });
    return found.toSorted((one, other) => other.spread - one.spread).map(({ said }) => said);
  },

  charts: (evidence) => [
    {
      title: `The first ${SHOWN} chunks, in the order in which they came`,
      kind: 'lines',
      x: { name: 'chunk' },
      y: { name: 'bytes', log: true },
      series: LEVELS.map(({ name: at }) => ({
        name: at,
        points: strip(evidence, { target: TMS.name, level: at }),
      })),
    },
  ],

  notes: ['The picture shows the first run of each level, the table medians of all.'],
};

async function measure(bench: Bench, copies: number, receiveSize: number): Promise<Measured> {
  return bench.withServer(TMS, ['--copies', String(copies)], async (server) => {
    const { socket, chunks: coming } = await openChunks(server, 'tms', receiveSize);
    socket.write(STRING);
    const sizes: number[] = [];
    for await (const { length } of coming) sizes.push(length);
    const sorted = sizes.toSorted((one, other) => one - other);
    return {
      figures: {
        chunks: sizes.length,
        smallest: sorted[0] ?? 0,
        median: sorted[sorted.length >> 1] ?? 0,
        largest: sorted.at(-1) ?? 0,
        bytes: sizes.reduce((sum, size) => sum + size, 0),
        ...Object.fromEntries(sizes.slice(0, SHOWN).map((size, at) => [name(at + 1), size])),
      },
    };
  });
}

function strip(evidence: Evidence, place: Place) {
  return Array.from({ length: SHOWN }, (_, at) => at + 1).flatMap((x) => {
    const [y] = evidence.values(place, name(x));
    return y === undefined ? [] : [{ x, y }];
  });
}
