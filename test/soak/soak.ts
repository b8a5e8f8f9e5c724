// `make soak`: everything that takes too long for `make test`, as a table of figures; exit status 1 when one is missed.
//
//   node dist/test/soak/soak.js [share] [section ...]      a share of it, such as 0.01; only the sections of these names

import { runMutation } from '../mutations/mutation-runner.js';
import { MUTATIONS } from '../mutations/mutations.js';
import { OrphanTracker } from '../support/orphan-tracker.js';
import { deaf, floods, paste, resets } from './attacks.js';
import { failingLog } from './failing-log.js';
import { faults } from './faults.js';
import { images, kills, traces } from './journal.js';
import { leak } from './leak.js';
import { manyClients } from './many-clients.js';
import { fuzz, proxies, seeds } from './randomized.js';
import { shutdown } from './shutdown.js';
import { nothing, type Row, type Scope, type Section } from './suite.js';

/** At the 99th percentile, for a healthy client. */
const LATENCY_MS = 100;
const WIDTHS = { what: 66, figure: 12 };

const SECTIONS: readonly Section[] = [
  { name: 'crowds', run: manyClients },
  { name: 'deaf', run: deaf },
  { name: 'resets', run: resets },
  { name: 'paste', run: paste },
  { name: 'floods', run: floods },
  { name: 'failing-log', run: failingLog },
  { name: 'steady', run: leak },
  { name: 'stops', run: shutdown },
  { name: 'seeds', run: seeds },
  { name: 'fuzz', run: fuzz },
  { name: 'proxies', run: proxies },
  { name: 'kills', run: kills },
  { name: 'images', run: images },
  { name: 'traces', run: traces },
  { name: 'faults', run: faults },
  { name: 'bugs', run: bugs },
];

const { share, sections } = readCommandLine();
/** Every process that is started from here inherits it. */
const mark = new OrphanTracker('STRSVR_SOAK');
Object.assign(process.env, mark.env);
process.on('exit', () => mark.endAll());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, endAtOnce);

const began = performance.now();
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

async function bugs({ progress }: Scope): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [done, bug] of MUTATIONS.entries()) {
    progress(done, MUTATIONS.length);
    const { caught, seconds } = await runMutation(bug);
    rows.push({ what: `seeded bug: ${bug.name}`, figure: `${seconds.toFixed(0)} s`, good: caught });
  }
  return rows;
}

/** Not by process.exit, which waits for threads of a server in this process that sleep in a call of the system. */
function endAtOnce(): void {
  mark.endAll();
  process.kill(process.pid, 'SIGKILL');
}

function leftBehind(): string[] {
  return mark.endAll().map(({ command }) => command);
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

/** For who watches: overwritten by what comes next. */
function show(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line} `);
}

function say({ what, figure, good }: Row): void {
  const shown = typeof figure === 'number' ? figure.toLocaleString('en') : figure;
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(
    `${what.padEnd(WIDTHS.what)}${shown.padStart(WIDTHS.figure)}${good ? '' : '   MISSED'}\n`,
  );
  if (!good) process.exitCode = 1;
}
