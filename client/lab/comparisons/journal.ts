// What the journal costs: the same load on a server without one, with one, and with one that leaves syncing to the system.
// The least that it can cost is shown beside: a server that only echoes, without and with a write and an fdatasync for each
// read. The disk is slower between two letters than in a row without a pause.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Analysis } from '../analysis.js';
import type { LabOptions, Measured, RunContext } from '../experiment.js';
import { formatNumber } from '../report/numbers.js';
import type { ServerUnderTest } from '../server-under-test.js';
import { ourServer } from '../servers-under-test.js';
import { median } from '../statistics.js';
import { ratioOf, type Threshold } from '../thresholds.js';
import { CLOSED_LOOP, comparison, WARM_UP } from './comparison.js';

const SYNCS = 100;
/** A disk that takes longer decides everything by itself. */
const SLOW_SYNC_MS = 1;
const LEVELS = { '100 clients': 100, '1 client': 1 } as const;
type Level = keyof typeof LEVELS;

const ECHO = [process.execPath, fileURLToPath(new URL('../echo.js', import.meta.url))];
const EVENTS = ourServer('events').command;
/** How each server is started with a file of its own. */
const SERVERS: Readonly<Record<string, (file: string) => readonly string[]>> = {
  'no journal': () => EVENTS,
  '--sync always': (file) => [...EVENTS, '--journal', file],
  '--sync never': (file) => [...EVENTS, '--journal', file, '--sync', 'never'],
  'bare echo': () => ECHO,
  'echo and sync': (file) => [...ECHO, file],
};
const at = (target: keyof typeof SERVERS, parameter: Level) => ({ target, parameter });
const ALWAYS = at('--sync always', '1 client');

export const journal = comparison({
  id: 'journal',
  question: 'What does the journal cost?',
  loop: CLOSED_LOOP,
  columns: ['letters/s', 'p50 ms', 'p99 ms', 'fdatasync ms', 'server CPU %', 'load CPU %'],
  trials: (lab) =>
    (Object.keys(LEVELS) as Level[]).flatMap((parameter) =>
      Object.keys(SERVERS).map((name) => ({
        ...at(name, parameter),
        measure: (bench) => measure(bench, lab, name, LEVELS[parameter]),
      })),
    ),
  thresholds: [
    {
      ...ratioOf(
        'letters/s, --sync always / no journal',
        'letters/s',
        at('--sync always', '100 clients'),
        at('no journal', '100 clients'),
        { atLeast: 0.5 },
      ),
      unless: slowDisk,
    },
    ratioOf(
      'letters/s, --sync never / no journal',
      'letters/s',
      at('--sync never', '100 clients'),
      at('no journal', '100 clients'),
    ),
    added('--sync always', 'no journal', 0.2),
    added('echo and sync', 'bare echo'),
  ],
});

/** How much longer than an fdatasync the median answer to a client alone takes with one than without. */
function added(synced: string, bare: string, atMost?: number): Threshold {
  return {
    what: `ms added beyond an fdatasync, ${synced}`,
    samples: [
      { ...at(synced, '1 client'), metric: 'p50 ms' },
      { ...at(bare, '1 client'), metric: 'p50 ms' },
      { ...at(synced, '1 client'), metric: 'fdatasync ms' },
    ],
    combine: ([withSync = 0, without = 0, sync = 0]) => withSync - without - sync,
    unless: slowDisk,
    ...(atMost !== undefined && { target: { atMost } }),
  };
}

function slowDisk(analysis: Analysis): string | undefined {
  const sync = analysis.median(ALWAYS, 'fdatasync ms');
  return sync < SLOW_SYNC_MS ? undefined : `an fdatasync takes ${formatNumber(sync)} ms here, not below 1`;
}

async function measure(bench: RunContext, lab: LabOptions, name: string, clients: number): Promise<Measured> {
  // Where the build is, not in the system's folder for temporary files, which often is no disk.
  const folder = mkdtempSync(join(import.meta.dirname, 'bench-'));
  try {
    const target: ServerUnderTest = {
      name,
      runtime: 'Node.js',
      model: 'events',
      command: SERVERS[name]?.(join(folder, 'text')) ?? [],
    };
    const fdatasync = fdatasyncMs(join(folder, 'sync'));
    const letters = (clients === 1 ? 3_000 : 15_000) / (lab.quick ? 3 : 1);
    // To strsvr a line end costs no fdatasync, to the echo it does.
    const warmup = name === 'echo and sync' ? 2 : WARM_UP;
    const plan = { clients, letters, warmup, timeoutMs: 60_000 };
    const { wrong, ...measured } = await bench.run(target, [], plan);
    return {
      ...measured,
      metrics: { ...measured.metrics, 'fdatasync ms': fdatasync },
      // An echo is no string server, and nobody claims that it answers right.
      ...(wrong !== undefined && !name.includes('echo') && { wrong }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What an fdatasync takes, at the median, after three bytes and in a row. */
function fdatasyncMs(file: string): number {
  const fd = openSync(file, 'a');
  const took = Array.from({ length: SYNCS }, () => {
    writeSync(fd, 'abc');
    const started = performance.now();
    fdatasyncSync(fd);
    return performance.now() - started;
  });
  closeSync(fd);
  return median(took);
}
