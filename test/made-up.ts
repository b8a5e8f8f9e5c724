// Results that nobody measured, with everything in them that a report has to show: for the report's test.

import type { Chart, Point, Series } from '../client/lab/report/chart.js';
import type { Estimate, Findings, Results, Row, Run } from '../client/lab/results.js';

export const OURS = ['events', 'poll', 'nonblocking', 'blocking', 'threads'] as const;
export const ALL = [
  ...OURS,
  'plain',
  'C epoll',
  'C threads',
  'Python asyncio',
  'Python circle',
  'Python threads',
] as const;
/** What a server may say, and what must not reach a page or a spreadsheet as it is. */
export const HOSTILE = `<script>alert("x")</script> & 'quotes', \u0007=1+1\nsecond line, \u202e`;

/** The same point for the same words, with an interval of a tenth on either side. */
function point(x: number, y: number, interval: boolean): Point {
  return interval ? { x, y, low: y * 0.9, high: y * 1.12 } : { x, y };
}

function estimate(median: number, quick: boolean): Estimate {
  return quick ? { median, repeats: 3 } : { median, low: median * 0.9, high: median * 1.12, repeats: 5 };
}

function findings(
  id: string,
  question: string,
  charts: readonly Chart[],
  more: Partial<Findings> = {},
): Findings {
  return {
    id,
    question,
    varies: 'silent clients × model',
    expects: 'blocking stops, the others do not notice, since only blocking waits for one client at a time',
    loop: 'closed: a client sends its next letter when it has the answer to the last',
    runs: [],
    rows: [],
    shown: [],
    conclusions: [],
    charts,
    notes: [],
    ...more,
  };
}

/** @param quick whether the results say that they are */
export function madeUp(quick = false): Results {
  return {
    version: '0.1.0',
    commit: '0123456',
    date: '2026-11-23T06:00:00.000Z',
    seed: 42,
    quick,
    repeats: quick ? 3 : 5,
    machine: {
      processors: 'Imaginary CPU at 3 GHz',
      cores: 2,
      memoryGiB: 8,
      system: 'Linux 6.1',
      versions: { 'Node.js': 'v20.20.2', cc: 'Debian 12.2.0', Python: '3.11.2' },
      pinning: 'server on core 0, load on core 1',
    },
    experiments: [lunch(quick), load(quick), sparse(quick), idle(quick), race(), slow(), nagle(), growth()],
  };
}

function lunch(quick: boolean): Findings {
  const levels = ['nobody silent', '1 silent', '10 silent'];
  const series = levels.map((name, nth) => ({
    name,
    points: OURS.map((model, x) =>
      model === 'blocking' && nth > 0
        ? ({ x, y: 'never' } as const)
        : point(x, 0.05 * (x + 1) * (nth + 1) ** 1.5, !quick),
    ),
  }));
  const rows = OURS.flatMap((target, x): Row[] =>
    levels.map((level, nth) => ({
      target,
      level,
      estimates:
        target === 'blocking' && nth > 0
          ? {}
          : { 'p99 ms': estimate(0.05 * (x + 1), quick), 'max ms': estimate(1_234.5 * (x + 1), quick) },
      remarks:
        target === 'blocking' && nth > 0
          ? ['void: no letter was answered']
          : target === 'threads' && nth === 2
            ? [`wrong: it said ${HOSTILE}`]
            : [],
    })),
  );
  const run = (target: string, repeat: number, more: Partial<Run> = {}): Run => ({
    ...{ target, level: '1 silent', repeat, figures: { 'p99 ms': 0.25, 'max ms': 3 } },
    ...more,
  });
  return findings(
    'lunch',
    'One client connects and stays silent: what do the others feel?',
    [
      {
        title: 'Slowest reply in a hundred',
        kind: 'bars',
        x: { name: 'I/O model', words: OURS },
        y: { name: 'p99 ms', log: true },
        series,
      },
    ],
    {
      rows,
      shown: ['p99 ms', 'max ms'],
      runs: [
        run('events', 1),
        run('blocking', 1, { figures: {}, void: 'no letter was answered' }),
        run('threads', 1, { wrong: HOSTILE }),
        run('=cmd()', 1, { figures: {}, absent: 'there is no such server' }),
      ],
      conclusions: [
        'With one silent client, blocking answers nobody; every other model answers as if it were not there.',
        'Between events and poll no difference was shown.',
      ],
      notes: [
        'Tutorial, section 4.6.1: “out to lunch”. https://example.org/a?b=1&c=2.',
        `A server said: ${HOSTILE}`,
      ],
    },
  );
}

function load(quick: boolean): Findings {
  const offered = [1_000, 2_000, 5_000, 10_000, 15_000, 20_000];
  const knee: Series[] = ALL.map((name, nth) => ({
    name,
    points: offered.map((x) =>
      x > 4_000 * (nth + 2)
        ? ({ x, y: 'never' } as const)
        : point(x, 0.08 * (1 + nth / 3) * (1 + (x / (4_000 * (nth + 2))) ** 6 * 90), !quick),
    ),
  }));
  const rows = ALL.slice(0, 4).map((target, nth) => ({
    target,
    level: '10,000 letters/s',
    estimates: { 'p99 ms': estimate(0.2 * (nth + 1), quick), 'letters/s': estimate(9_900 + nth, quick) },
    remarks: [],
  }));
  return findings(
    'load',
    'Where is the knee?',
    [
      {
        title: 'Reply time against offered load',
        kind: 'lines',
        x: { name: 'offered letters/s', log: true },
        y: { name: 'p99 ms', log: true },
        series: [
          ...knee,
          {
            name: 'delayed acknowledgement, 40 ms',
            points: offered.map((x) => ({ x, y: 40 })),
            reference: true,
          },
        ],
      },
      {
        title: 'Achieved against offered',
        kind: 'lines',
        x: { name: 'offered letters/s' },
        y: { name: 'achieved letters/s' },
        series: [
          ...knee.slice(0, 3).map(({ name }, nth) => ({
            name,
            points: offered.map((x) => point(x, Math.min(x, 9_000 + 3_000 * nth), !quick)),
          })),
          { name: 'all that was offered', points: offered.map((x) => ({ x, y: x })), reference: true },
        ],
      },
    ],
    { rows, shown: ['p99 ms', 'letters/s'], conclusions: ['C epoll went furthest.'] },
  );
}

function sparse(quick: boolean): Findings {
  const idle = [0, 100, 1_000, 10_000];
  const servers = ['events', 'poll', 'C epoll'];
  return findings(
    'sparse',
    'Few active, many idle: does cost follow the ready or the connected?',
    [
      {
        title: 'Server’s processor time for a letter',
        kind: 'lines',
        x: { name: 'idle clients beside 100 active ones', log: true },
        y: { name: 'CPU µs/letter', log: true },
        series: servers.map((name, nth) => ({
          name,
          points: idle.map((x) => point(x, (nth === 1 ? 30 + x / 40 : 40 / (nth + 1)) || 1, !quick)),
        })),
      },
    ],
    { conclusions: ['poll pays for every connected client, events and C epoll for the ready ones.'] },
  );
}

function idle(quick: boolean): Findings {
  return findings(
    'idle',
    'What does waiting cost?',
    [
      {
        title: '1,000 idle clients: share of a core',
        kind: 'bars',
        x: { name: 'server', words: ALL },
        y: { name: 'CPU %' },
        series: [
          {
            name: '1,000 idle',
            points: ALL.map((name, x) => point(x, /non|circle/.test(name) ? 99.4 : 0.3 * x, !quick)),
          },
          { name: 'a whole core', points: [{ x: 0, y: 100 }], reference: true },
        ],
      },
    ],
    { conclusions: ['Whoever asks round in a circle takes a whole core to find that nobody said anything.'] },
  );
}

function race(): Findings {
  const series = (name: string, ...ys: number[]) => ({ name, points: ys.map((y, x) => ({ x, y })) });
  return findings('race', 'What does the lock buy?', [
    {
      title: 'Letters in the final text',
      kind: 'bars',
      x: { name: '', words: ['with lock', 'without <i>lock</i>'] },
      y: { name: 'letters' },
      series: [series('expected', 4_000, 4_000), series('found & "counted"', 4_000, 2_981)],
    },
  ]);
}

function slow(): Findings {
  const seconds = Array.from({ length: 61 }, (_, second) => second);
  return findings('slow', 'Who pays for a client that never reads?', [
    {
      title: 'Memory of the server',
      kind: 'lines',
      x: { name: 'seconds' },
      y: { name: 'MiB' },
      series: [
        { name: 'events', points: seconds.map((x) => ({ x, y: 64 + Math.sin(x) })) },
        { name: 'plain', points: seconds.map((x) => ({ x, y: 54 + x * x * 0.3 })) },
      ],
    },
  ]);
}

function nagle(): Findings {
  const numbers = [0.05, 0.1, 0.5, 1, 5, 10, 40, 50];
  return findings('nagle', 'Why 44 ms?', [
    {
      title: 'Reply times',
      kind: 'bars',
      x: { name: 'at most ms' },
      y: { name: 'letters', log: true },
      series: [
        {
          name: 'TCP_NODELAY',
          points: numbers.map((x, nth) => ({ x, y: [9_000, 900, 60, 10, 1, 0, 0, 0][nth] ?? 0 })),
        },
        {
          name: "Nagle's algorithm",
          points: numbers.map((x, nth) => ({ x, y: [3, 20, 9, 0, 0, 40, 8_800, 900][nth] ?? 0 })),
        },
      ],
    },
  ]);
}

function growth(): Findings {
  const bytes = Array.from({ length: 11 }, (_, power) => 4 ** power);
  return findings(
    'growth',
    'What does “send it all back” cost?',
    [
      {
        title: 'Processor time for a letter against the length of the text',
        kind: 'lines',
        x: { name: 'bytes of text', log: true },
        y: { name: 'CPU µs/letter', log: true },
        series: [
          ...['events', 'events, corrected', 'threads'].map((name, nth) => ({
            name,
            points: bytes.map((x) => ({ x, y: 20 + nth * 15 + x / 3_000 })),
          })),
          { name: 'slope 1', points: [1e4, 1e6].map((x) => ({ x, y: x / 3_000 })), reference: true },
        ],
      },
    ],
    { notes: ['<b>Not</b> measured here: 10 MiB.'] },
  );
}
