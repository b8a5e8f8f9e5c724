// What the journal costs: the same load on a server without one, with one, and with one that leaves syncing to the system.
// Beside it the least that it can cost: a server that only echoes, without and with a write and an fdatasync for each read.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatNumber } from '../../../shared/numbers.js';
import { median } from '../../../shared/quantile.js';
import type { Analysis } from '../analysis.js';
import { CLOSED_LOOP, comparison, WARM_UP } from '../comparison.js';
import type { RunContext } from '../experiment.js';
import { ourServer } from '../servers-under-test.js';
import { type Threshold, threshold } from '../thresholds.js';

const SYNCS = 100;
/** With a slower disk its time decides everything. */
const SLOW_SYNC_MS = 1;
const CLIENTS = { '100 clients': 100, '1 client': 1 } as const;
type Parameter = keyof typeof CLIENTS;

const ECHO = [process.execPath, fileURLToPath(new URL('../echo.js', import.meta.url))];
const EVENTS = ourServer('events').command;
/** The command of each server, with a file of its own. */
const SERVERS: Readonly<Record<string, (file: string) => readonly string[]>> = {
  'no journal': () => EVENTS,
  '--sync always': (file) => [...EVENTS, '--journal', file],
  '--sync never': (file) => [...EVENTS, '--journal', file, '--sync', 'never'],
  'bare echo': () => ECHO,
  'echo and sync': (file) => [...ECHO, file],
};
const at = (target: string, parameter: Parameter) => ({ target, parameter });

export default comparison({
  id: 'journal',
  order: 7,
  question: 'What does the journal cost?',
  loop: CLOSED_LOOP,
  columns: ['letters/s', 'p50 ms', 'p99 ms', 'fdatasync ms', 'server CPU %', 'load CPU %'],
  trials: (lab) =>
    (Object.keys(CLIENTS) as Parameter[]).flatMap((parameter) =>
      Object.keys(SERVERS).map((name) => ({
        ...at(name, parameter),
        measure: (context) => measure(context, name, CLIENTS[parameter], lab.quick),
      })),
    ),
  thresholds: [
    { ...rate('--sync always', { atLeast: 0.5 }), unless: slowDisk },
    rate('--sync never'),
    added('--sync always', 'no journal', 0.2),
    added('echo and sync', 'bare echo'),
  ],
});

function rate(name: string, bound?: { atLeast: number }): Threshold {
  const conditions = [name, 'no journal'].map((target) => at(target, '100 clients'));
  return threshold(`letters/s, ${name} / no journal`, 'letters/s', conditions, bound);
}

/** The median reply time of a client alone, less that without syncing and less an fdatasync. */
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
    bound: atMost === undefined ? undefined : { atMost },
  };
}

function slowDisk(analysis: Analysis): string | undefined {
  const sync = analysis.median(at('--sync always', '1 client'), 'fdatasync ms');
  return sync < SLOW_SYNC_MS
    ? undefined
    : `an fdatasync takes ${formatNumber(sync)} ms here, not below ${SLOW_SYNC_MS}`;
}

async function measure(context: RunContext, name: string, clients: number, quick: boolean) {
  // Where the build is: the system's folder for temporary files is often not on a disk.
  const folder = mkdtempSync(join(import.meta.dirname, 'bench-'));
  try {
    const target = { name, command: SERVERS[name]?.(join(folder, 'text')) ?? [] };
    const fdatasync = fdatasyncMs(join(folder, 'sync'));
    const letters = (clients === 1 ? 3_000 : 15_000) / (quick ? 3 : 1);
    // A line end costs strsvr no fdatasync, but the echo does one for it.
    const warmup = name === 'echo and sync' ? 2 : WARM_UP;
    const plan = { clients, letters, warmup, timeoutMs: 60_000 };
    const { wrong, ...measured } = await context.run(target, [], plan);
    return {
      ...measured,
      metrics: { ...measured.metrics, 'fdatasync ms': fdatasync },
      // An echo is no string server: its replies are wrong by design.
      ...(wrong !== undefined && !name.includes('echo') && { wrong }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The median time of an fdatasync after three bytes, in a row: a disk is slower between two letters. */
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
