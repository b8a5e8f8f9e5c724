// The chunks in which the tutorial's tms arrives (section 4.2.2): TCP keeps the order of bytes, not the edges of writes.

import { fileURLToPath } from 'node:url';
import { formatNumber } from '../../../shared/numbers.js';
import { median } from '../../../shared/quantile.js';
import { receiveChunks } from '../../socket.js';
import type { Analysis } from '../analysis.js';
import { type Experiment, type RunContext, trials } from '../experiment.js';
import type { Condition } from '../results.js';

const STRING = 'abc';
const COPIES = [10_000, 1_000_000];
const RECEIVE_SIZES = [1_000, 65_536, 1_000_000];
/** Chunks of a run that the chart shows. */
const SHOWN = 100;

const PROGRAM = fileURLToPath(new URL('../../../server/tutorial/tms.js', import.meta.url));
const TMS = { name: 'tms', command: [process.execPath, PROGRAM, '0', '--no-wait'] };

const TRANSFERS = COPIES.flatMap((copies) => RECEIVE_SIZES.map((receiveSize) => ({ copies, receiveSize })));
type Transfer = (typeof TRANSFERS)[number];
const parameter = ({ copies, receiveSize }: Transfer) =>
  `${formatNumber(copies)} copies, recv(${formatNumber(receiveSize)})`;
const sizeOf = (chunk: number) => `chunk ${chunk} bytes`;

export default {
  id: 'chunks',
  order: 11,
  question: 'Why must a client loop on recv?',
  variable: 'how much is sent, and how much one receive may return',
  hypothesis:
    'a receive returns what has arrived so far, up to its limit: the number and the sizes of the chunks differ from run to run. Only the sum is certain.',
  loop: 'no load: one client receives until the server closes',
  columns: ['chunks', 'median', 'bytes'],

  trials: ({ quick }) =>
    trials(
      [TMS],
      TRANSFERS.filter(({ copies }) => !quick || copies === COPIES[1]),
      parameter,
      (_, transfer) => (context) => measure(context, transfer),
    ),

  conclude: (analysis) => {
    const found = TRANSFERS.flatMap((transfer) => {
      const condition = { target: TMS.name, parameter: parameter(transfer) };
      const counts = analysis.values(condition, 'chunks');
      if (counts.length === 0) return [];
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      const bytes = formatNumber(analysis.median(condition, 'bytes'));
      const range = least === most ? formatNumber(least) : `${formatNumber(least)} to ${formatNumber(most)}`;
      const whole = counts.every((count) => count === transfer.copies) ? ' just as they were sent' : '';
      const chunks = most === 1 ? 'chunk' : 'chunks';
      const text = `${condition.parameter}: ${bytes} bytes came in ${range} ${chunks}${whole}.`;
      return [{ spread: most / least, text }];
    });
    return found.toSorted((one, other) => other.spread - one.spread).map(({ text }) => text);
  },

  charts: (analysis) => [
    {
      title: `The first ${SHOWN} chunks, in the order in which they came`,
      kind: 'lines',
      x: { name: 'chunk' },
      y: { name: 'bytes', log: true },
      series: analysis.parameters.map((parameter) => ({
        name: parameter,
        points: sizes(analysis, { target: TMS.name, parameter }),
      })),
    },
  ],

  notes: ['The chart shows the first run under each condition, the table medians of all.'],
} satisfies Experiment;

function measure(context: RunContext, { copies, receiveSize }: Transfer) {
  return context.withServer(TMS, ['--copies', String(copies)], async (server) => {
    const { socket, chunks } = await receiveChunks(server, 'tms', receiveSize);
    socket.write(STRING);
    const sizes: number[] = [];
    for await (const { length } of chunks) sizes.push(length);
    const first = sizes.slice(0, SHOWN).map((size, at) => [sizeOf(at + 1), size]);
    return {
      metrics: {
        chunks: sizes.length,
        median: median(sizes),
        bytes: sizes.reduce((sum, size) => sum + size, 0),
        ...Object.fromEntries(first),
      },
    };
  });
}

function sizes(analysis: Analysis, condition: Condition) {
  return Array.from({ length: SHOWN }, (_, at) => at + 1).flatMap((x) => {
    const [y] = analysis.values(condition, sizeOf(x));
    return y === undefined ? [] : [{ x, y }];
  });
}
