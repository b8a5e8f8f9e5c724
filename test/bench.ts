// `make bench`: what the journal costs. The same load on a server without a journal, with one, and with one that leaves
// syncing to the system, in turns, so that what else the machine does hits them alike; medians of the rounds.
// The last two rows are the least that it can cost: a server that only echoes, without and with a write and an fdatasync
// for each read. The disk is slower between two letters than in a row without a pause.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Address, ByteClient, type Program, withStrsvr } from './support.js';

const ROUNDS = 5;
const SYNCS = 300;
const LF = 0x0a;
const LOADS = [
  { clients: 100, lettersEach: 50 },
  { clients: 1, lettersEach: 1_000 },
];

interface Figures {
  readonly lettersPerSecond: number;
  /** Milliseconds from a letter to its answer, at the median. */
  readonly latencyMs: number;
}

// Where the build is, not in the system's folder for temporary files, which often is no disk.
const folder = mkdtempSync(join(import.meta.dirname, 'bench-'));
const file = join(folder, 'text');
const STRSVR = ['server/strsvr.js', '0', '--log', 'silent'];
const KINDS: Record<string, readonly string[]> = {
  'no journal': STRSVR,
  '--sync always': [...STRSVR, '--journal', file],
  '--sync never': [...STRSVR, '--journal', file, '--sync', 'never'],
  'bare echo': ['test/echo.js'],
  'echo and sync': ['test/echo.js', file],
};
try {
  say(`Node.js ${process.versions.node}, ${process.platform}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}`);
  for (const load of LOADS) await compare(load);
} finally {
  rmSync(folder, { recursive: true });
}

async function compare({ clients, lettersEach }: (typeof LOADS)[number]): Promise<void> {
  const syncs: number[] = [];
  const figures = new Map<string, Figures[]>();
  for (let round = 0; round < ROUNDS; round += 1) {
    syncs.push(fdatasyncMs());
    for (const [kind, [path, ...args]] of Object.entries(KINDS)) {
      const measure = async (_server: Program, address: Address) => {
        figures.set(kind, [...(figures.get(kind) ?? []), await drive(address, clients, lettersEach)]);
      };
      await withStrsvr(args, measure, path);
      rmSync(file, { force: true });
    }
  }
  say(`\n${clients} clients, ${lettersEach} letters each; an fdatasync takes ${median(syncs).toFixed(2)} ms`);
  const without = figures.get('no journal') ?? [];
  for (const [kind, rounds] of figures) {
    const rate = median(rounds.map(({ lettersPerSecond }) => lettersPerSecond));
    const latency = median(rounds.map(({ latencyMs }) => latencyMs));
    const share = median(
      rounds.map(({ lettersPerSecond }, i) => lettersPerSecond / (without[i]?.lettersPerSecond ?? 0)),
    );
    const row = [kind.padEnd(14), `${Math.round(rate)} letters/s`.padStart(16), `${share.toFixed(2)} times`];
    say([...row, `median ${latency.toFixed(2)} ms`].join('  '));
  }
}

/** Each client sends its next letter when it has the answer to the last. */
async function drive(address: Address, clients: number, lettersEach: number): Promise<Figures> {
  const latencies: number[] = [];
  const connected = await Promise.all(Array.from({ length: clients }, () => ByteClient.connect(address)));
  const started = performance.now();
  await Promise.all(
    connected.map(async (client) => {
      for (let i = 0; i < lettersEach; i += 1) {
        const sent = performance.now();
        client.send('a\n');
        while ((await client.receiveSome()).at(-1) !== LF);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  for (const client of connected) client.close();
  return { lettersPerSecond: (clients * lettersEach) / seconds, latencyMs: median(latencies) };
}

function fdatasyncMs(): number {
  const fd = openSync(join(folder, 'sync'), 'a');
  const times = Array.from({ length: SYNCS }, () => {
    writeSync(fd, 'abc');
    const started = performance.now();
    fdatasyncSync(fd);
    return performance.now() - started;
  });
  closeSync(fd);
  return median(times);
}

function median(figures: readonly number[]): number {
  return [...figures].sort((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
