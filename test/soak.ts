// `make soak`: the proofs of crash.ts in full and the hunt for all seeded bugs, as a table of figures; exit status 1 when
// one is missed.
//
//   node dist/test/soak.js [share]      a share of them, such as 0.01

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUGS } from './bugs.js';
import { killCycles, powerCutImages, tracedRun } from './crash.js';
import { hunt } from './seeded.js';

const share = Number(process.argv[2] ?? 1);
const KILL_CYCLES = Math.ceil(1_000 * share);
const IMAGES = Math.ceil(10_000 * share);
const TRACED_RUNS = Math.ceil(50 * share);
/** Each journal is killed so often: replies are the whole text, so a longer history costs more than it shows. */
const CYCLES_A_JOURNAL = 50;

const folder = mkdtempSync(join(tmpdir(), 'strsvr-soak-'));
try {
  await soakKills();
  await soakImages();
  if (spawnSync('strace', ['-V']).error === undefined) await soakTraces();
  else say('traced runs', 'skipped: there is no strace', true);
  await soakBugs();
} finally {
  rmSync(folder, { recursive: true });
}

async function soakKills(): Promise<void> {
  const sum = { answered: 0, lost: 0, doubled: 0, disordered: 0 };
  for (let done = 0; done < KILL_CYCLES; done += CYCLES_A_JOURNAL) {
    progress('kills', done, KILL_CYCLES);
    const cycles = Math.min(CYCLES_A_JOURNAL, KILL_CYCLES - done);
    const figures = await killCycles(cycles, join(folder, `killed-${done}`));
    for (const key of ['answered', 'lost', 'doubled', 'disordered'] as const) sum[key] += figures[key];
  }
  say('kill -9 with 8 clients, cycles', KILL_CYCLES, true);
  say('  letters answered', sum.answered, sum.answered > 5 * KILL_CYCLES);
  say('  lost', sum.lost, sum.lost === 0);
  say('  twice, or never sent', sum.doubled, sum.doubled === 0);
  say('  out of order', sum.disordered, sum.disordered === 0);
}

async function soakImages(): Promise<void> {
  progress('images', 0, IMAGES);
  const { images, lost, invented, refused } = await powerCutImages(IMAGES, folder);
  say('images of a power cut', images, true);
  say('  answered letters lost', lost, lost === 0);
  say('  letters invented', invented, invented === 0);
  say('  refused', refused, refused === 0);
}

async function soakTraces(): Promise<void> {
  let replies = 0;
  let early = 0;
  for (let run = 0; run < TRACED_RUNS; run += 1) {
    progress('traced runs', run, TRACED_RUNS);
    const file = join(folder, `traced-${run}`);
    writeFileSync(file, 'abc');
    const figures = await tracedRun(file, join(folder, 'strace'));
    replies += figures.replies;
    early += figures.early;
  }
  say('traced runs', TRACED_RUNS, true);
  say('  replies', replies, replies === 200 * TRACED_RUNS);
  say('  sent before their fdatasync', early, early === 0);
}

async function soakBugs(): Promise<void> {
  for (const [done, bug] of BUGS.entries()) {
    progress('seeded bugs', done, BUGS.length);
    const { caught, seconds } = await hunt(bug);
    say(`seeded bug: ${bug.name}`, `${seconds.toFixed(0)} s`, caught);
  }
}

/** For who watches: overwritten by the next line. */
function progress(what: string, done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${what}: ${done} of ${of} `);
}

function say(what: string, figure: number | string, good: boolean): void {
  const shown = typeof figure === 'number' ? figure.toLocaleString('en') : figure;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(`${what.padEnd(54)}${shown.padStart(10)}${good ? '' : '   MISSED'}\n`);
  if (!good) process.exitCode = 1;
}
