// `make soak`: the tests that take too long for `make test`, as a table of figures; exit status 1 if one misses its limit.
//
//   node dist/test/soak/soak.js [share] [section ...]      at a share of the size, such as 0.01; only these sections

import { ALL_MUTATIONS, runMutation } from '../mutations/mutation-runner.js';
import { OrphanTracker } from '../support/orphan-tracker.js';
import { floods, nonReaders, paste, resets } from './attacks.js';
import { clusterFaults, clusterSpeed } from './cluster.js';
import { failingLog } from './failing-log.js';
import { followers } from './followers.js';
import { kills, powerCuts, traces } from './journal.js';
import { journalFaults } from './journal-faults.js';
import { leak } from './leak.js';
import { manyClients } from './many-clients.js';
import { packageSection } from './package.js';
import { chaosProxy, fuzz, seeds } from './randomized.js';
import { shutdown } from './shutdown.js';
import { nothing, type ResultRow, type Scope, type Section } from './suite.js';
import { wall, wallCost } from './wall.js';
import { wallAttacks } from './wall-attacks.js';
import { wallServers } from './wall-servers.js';
import { zooBusy, zooFaulty, zooGood, zooHostile } from './zoo.js';

/** At the 99th percentile, for a healthy client. */
const LATENCY_MS = 100;
const WIDTHS = { what: 66, figure: 12 };
/** If stderr is no terminal. */
const SHOWN_EVERY_MS = 60_000;

const SECTIONS: readonly Section[] = [
  { name: 'many-clients', run: manyClients },
  { name: 'non-readers', run: nonReaders },
  { name: 'resets', run: resets },
  { name: 'paste', run: paste },
  { name: 'floods', run: floods },
  { name: 'failing-log', run: failingLog },
  { name: 'leak', run: leak },
  { name: 'shutdown', run: shutdown },
  { name: 'wall', run: wall },
  { name: 'wall-cost', run: wallCost },
  { name: 'wall-servers', run: wallServers },
  { name: 'wall-attacks', run: wallAttacks },
  { name: 'seeds', run: seeds },
  { name: 'fuzz', run: fuzz },
  { name: 'chaos-proxy', run: chaosProxy },
  { name: 'kills', run: kills },
  { name: 'power-cuts', run: powerCuts },
  { name: 'traces', run: traces },
  { name: 'journal-faults', run: journalFaults },
  { name: 'followers', run: followers },
  { name: 'cluster', run: clusterFaults },
  { name: 'cluster-speed', run: clusterSpeed },
  { name: 'zoo-faulty', run: zooFaulty },
  { name: 'zoo-good', run: zooGood },
  { name: 'zoo-busy', run: zooBusy },
  { name: 'zoo-hostile', run: zooHostile },
  { name: 'package', run: packageSection },
  { name: 'mutations', run: mutations },
];

const { share, sections } = readCommandLine();
/** All processes that are started from here carry its mark. */
const orphans = new OrphanTracker('ORPHANS_OF_STRSVR_SOAK');
Object.assign(process.env, orphans.env);
process.on('exit', () => orphans.endAll());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1)); // as at any other end

const began = performance.now();
let shownAt = began;
for (const section of sections) await runSection(section);
say(nothing('processes left behind', leftBehind()));
const minutes = (performance.now() - began) / 60_000;
process.stdout.write(`${process.exitCode === 1 ? 'MISSED' : 'all good'}, in ${minutes.toFixed(1)} minutes\n`);

async function runSection({ name, run }: Section): Promise<void> {
  const progress = (done: number, of: number) => show(`${name}: ${done} of ${of}`);
  show(name);
  try {
    for (const row of await run({ share, latencyMs: LATENCY_MS, progress })) say(row);
  } catch (error) {
    say({ what: `${name}: ${error instanceof Error ? error.stack : error}`, figure: 'failed', good: false });
  }
}

async function mutations({ progress }: Scope): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const [done, mutation] of ALL_MUTATIONS.entries()) {
    progress(done, ALL_MUTATIONS.length);
    const { caught, seconds } = await runMutation(mutation);
    rows.push({ what: `mutation: ${mutation.name}`, figure: `${seconds.toFixed(0)} s`, good: caught });
  }
  return rows;
}

/** process.exit would wait for threads of a server in this process that sleep in a system call. */
function leftBehind(): string[] {
  return orphans.endAll().map(({ command }) => command);
}

function readCommandLine(): { share: number; sections: readonly Section[] } {
  const [first = '', ...rest] = process.argv.slice(2);
  const given = first !== '' && Number.isFinite(Number(first));
  const names = given || first === '' ? rest : [first, ...rest];
  const wrong = names.find((name) => !SECTIONS.some((section) => section.name === name));
  if (wrong !== undefined || (given && !(Number(first) > 0))) {
    const known = SECTIONS.map(({ name }) => name).join(', ');
    process.stderr.write(
      `expected a share above 0 and some of ${known}, got ${process.argv.slice(2).join(' ')}\n`,
    );
    process.exit(2);
  }
  const sections = SECTIONS.filter(({ name }) => names.length === 0 || names.includes(name));
  return { share: given ? Number(first) : 1, sections };
}

/** Progress. At a terminal the next line overwrites it; elsewhere there is a line a minute at most. */
function show(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line} `);
  else if (performance.now() - shownAt > SHOWN_EVERY_MS) {
    shownAt = performance.now();
    process.stderr.write(`${line}\n`);
  }
}

function say({ what, figure, good }: ResultRow): void {
  const shown = typeof figure === 'number' ? figure.toLocaleString('en') : figure;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(
    `${what.padEnd(WIDTHS.what)}${shown.padStart(WIDTHS.figure)}${good ? '' : '   MISSED'}\n`,
  );
  if (!good) process.exitCode = 1;
}
