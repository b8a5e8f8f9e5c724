// In what pieces the tutorial's tms arrives (section 4.2.2): TCP keeps the order of bytes, not the edges of what was sent.

import { fileURLToPath } from 'node:url';
import { receiveChunks } from '../../socket.js';
import type { Analysis, Condition } from '../analysis.js';
import type { Experiment, Measured, RunContext } from '../experiment.js';
import { formatNumber } from '../report/numbers.js';
import type { ServerUnderTest } from '../server-under-test.js';

const STRING = 'abc';
const COPIES = [10_000, 1_000_000];
const RECEIVE_SIZES = [1_000, 65_536, 1_000_000];
/** A picture shows so many chunks of a run. */
const SHOWN = 100;

const TMS: ServerUnderTest = {
  name: 'tms',
  runtime: 'Node.js',
  model: 'events',
  command: [
    process.execPath,
    fileURLToPath(new URL('../../../server/tutorial/tms.js', import.meta.url)),
    '0',
    '--no-wait',
  ],
};

const parameter = (copies: number, receiveSize: number) =>
  `${formatNumber(copies)} copies, recv(${formatNumber(receiveSize)})`;
const LEVELS = COPIES.flatMap((copies) =>
  RECEIVE_SIZES.map((receiveSize) => ({ copies, receiveSize, name: parameter(copies, receiveSize) })),
);
const name = (chunk: number) => `chunk ${chunk} bytes`;

export const chunks: Experiment = {
  id: 'chunks',
  question: 'Why must a client loop on recv?',
  variable: 'how much is sent, and how much one receive may return',
  hypothesis:
    'a receive returns what has come so far, at most what it may: how many it takes, and how much each brings, is another story in every run. Only the sum is certain.',
  loop: 'no load: one client receives until the server closes',
  columns: ['chunks', 'median', 'bytes'],

  trials: ({ quick }) =>
    LEVELS.filter(({ copies }) => !quick || copies === COPIES[1]).map(
      ({ copies, receiveSize, name: at }) => ({
        target: TMS.name,
        parameter: at,
        measure: (bench) => measure(bench, copies, receiveSize),
      }),
    ),

  conclude: (analysis) => {
    const found = LEVELS.flatMap(({ copies, name: parameter }) => {
      const condition = { target: TMS.name, parameter };
      const counts = analysis.values(condition, 'chunks');
      if (counts.length === 0) return [];
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      const bytes = formatNumber(analysis.median(condition, 'bytes'));
      const range = least === most ? formatNumber(least) : `${formatNumber(least)} to ${formatNumber(most)}`;
      const whole = counts.every((count) => count === copies) ? ' just as they were sent' : '';
      const chunks = most === 1 ? 'chunk' : 'chunks';
      return [
        { spread: most / least, said: `${parameter}: ${bytes} bytes came in ${range} ${chunks}${whole}.` },
      ];
    });
    return found.toSorted((one, other) => other.spread - one.spread).map(({ said }) => said);
  },

  charts: (analysis) => [
    {
      title: `The first ${SHOWN} chunks, in the order in which they came`,
      kind: 'lines',
      x: { name: 'chunk' },
      y: { name: 'bytes', log: true },
      series: LEVELS.map(({ name: at }) => ({
        name: at,
        points: strip(analysis, { target: TMS.name, parameter: at }),
      })),
    },
  ],

  notes: ['The picture shows the first run of each level, the table medians of all.'],
};

async function measure(bench: RunContext, copies: number, receiveSize: number): Promise<Measured> {
  return bench.withServer(TMS, ['--copies', String(copies)], async (server) => {
    const { socket, chunks: coming } = await receiveChunks(server, 'tms', receiveSize);
    socket.write(STRING);
    const sizes: number[] = [];
    for await (const { length } of coming) sizes.push(length);
    const sorted = sizes.toSorted((one, other) => one - other);
    return {
      metrics: {
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

function strip(analysis: Analysis, condition: Condition) {
  return Array.from({ length: SHOWN }, (_, at) => at + 1).flatMap((x) => {
    const [y] = analysis.values(condition, name(x));
    return y === undefined ? [] : [{ x, y }];
  });
}
