// The laboratory as a command: what each experiment must find on any machine, and that it leaves nothing behind.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Experiment, Measured } from '../client/lab/experiment.js';
import { runExperiments } from '../client/lab/laboratory.js';
import type { Findings, Results } from '../client/lab/results.js';
import { OperationalError } from '../shared/errors.js';
import { Program, run } from './support.js';

const test = suite('lab');
const STRLAB = 'client/lab/strlab.js';

/** What an experiment found, run once. */
async function find(experiment: string, ...args: string[]): Promise<Findings & { readonly said: string }> {
  const out = mkdtempSync(join(tmpdir(), 'strsvr-lab-test-'));
  try {
    const once = [experiment, '--quick', '--seed', '1', '--out', out, ...args];
    const { status, stdout, stderr } = await run(STRLAB, once);
    assert.is(status, 0, stderr);
    assert.match(stdout, `The report is in ${join(out, 'report.html')}`);
    assert.ok(existsSync(join(out, 'results.csv')));
    const { experiments, seed, machine }: Results = JSON.parse(
      readFileSync(join(out, 'results.json'), 'utf8'),
    );
    assert.is(seed, 1);
    assert.ok(machine.cores > 0);
    const [findings] = experiments;
    if (findings === undefined) throw new Error('nothing was found');
    return { ...findings, said: stdout };
  } finally {
    rmSync(out, { recursive: true });
  }
}

function median({ rows }: Findings, target: string, level: string, figure: string): number {
  const row = rows.find((one) => one.target === target && one.level === level);
  return row?.estimates[figure]?.median ?? Number.NaN;
}

test('lunch finds that one silent client freezes blocking, and nobody else', async () => {
  const found = await find('lunch', '--clients', '3', '--repeats', '1');
  assert.is(median(found, 'blocking', '1 silent', 'frozen'), 3);
  for (const model of ['events', 'poll', 'nonblocking', 'threads']) {
    assert.is(median(found, model, '1 silent', 'frozen'), 0, model);
  }
  assert.match(found.said, /clients of blocking were frozen/);
  assert.ok(found.said.split('\n').every((line) => line.length <= 80 || line.startsWith('The report')));
});

test('idle finds that asking in a circle keeps a core busy, and sleeping does not', async () => {
  const found = await find('idle', '--io', 'poll,nonblocking', '--repeats', '1');
  assert.ok(median(found, 'nonblocking', '10 idle', 'server CPU %') > 20);
  assert.ok(median(found, 'poll', '10 idle', 'server CPU %') < 10);
});

test('race finds letters lost without the lock, and none with it', async () => {
  let lost = 0;
  for (let patience = 5; lost === 0 && patience > 0; patience -= 1) {
    const found = await find('race', '--repeats', '1');
    assert.is(median(found, 'threads', 'with the lock', 'letters lost'), 0);
    assert.is(median(found, 'threads', 'with the lock', 'replies wrong'), 0);
    lost = median(found, 'threads', 'without the lock', 'letters lost');
  }
  assert.ok(lost > 0, String(lost));
});

test('slow finds that plain.ts keeps what a client does not read, and events does not', async () => {
  const found = await find('slow', '--repeats', '1');
  const growth = (target: string) => median(found, target, 'one never reads', 'growth MiB');
  assert.ok(growth('events') < 12, `${growth('events')} MiB`);
  assert.ok(growth('plain') > 15, `${growth('plain')} MiB`);
});

test('nagle finds the wait for a delayed acknowledgement', async () => {
  const found = await find('nagle', '--repeats', '1');
  assert.ok(median(found, 'events', 'TCP_NODELAY, one write', 'p50 ms') < 20);
  assert.ok(median(found, 'events', 'Nagle, one write', 'p50 ms') > 30);
});

/** Runs an experiment whose runs only say that they were made. */
async function course(
  seed: number,
  measure: (level: string) => Promise<Measured> = async () => ({ figures: {} }),
): Promise<{ order: string[]; findings: Findings }> {
  const order: string[] = [];
  const experiment: Experiment = {
    id: 'made up',
    question: '',
    varies: '',
    expects: '',
    loop: '',
    shown: [],
    cells: () =>
      [...'abcdef'].map((level) => ({
        target: 'events',
        level,
        measure: () => {
          order.push(level);
          return measure(level);
        },
      })),
    conclude: () => [],
    charts: () => [],
  };
  const lab = { models: [], quick: true, clients: undefined, targets: [] };
  const drive = () => Promise.reject(new Error('nothing to drive'));
  const [findings] = await runExperiments([experiment], lab, { seed, repeats: 2, onRun: () => {}, drive });
  if (findings === undefined) throw new Error('nothing was found');
  return { order, findings };
}

test('the same seed draws the same order, and each repeat has one of its own', async () => {
  const orders = await Promise.all([1, 1, 2].map(async (seed) => (await course(seed)).order.join('')));
  assert.is(orders[0], orders[1]);
  assert.is.not(orders[0], orders[2]);
  assert.is.not(orders[0]?.slice(0, 6), orders[0]?.slice(6));
  for (const repeat of [orders[0]?.slice(0, 6), orders[0]?.slice(6)]) {
    assert.is([...(repeat ?? '')].sort().join(''), 'abcdef');
  }
});

test('a server that fails takes its own run with it, and the table says why', async () => {
  const { findings } = await course(1, async (level) => {
    if (level === 'b') throw new OperationalError('NOT_STARTED', 'b did not start');
    return { figures: { 'letters/s': 1 } };
  });
  assert.equal(findings.rows.map(({ level }) => level).join(''), 'abcdef');
  assert.equal(
    findings.rows.flatMap(({ remarks }) => remarks),
    ['void: b did not start (2 of 2)'],
  );
});

test('at Ctrl-C no server and no load is left behind', async () => {
  const program = new Program(STRLAB, ['lunch', '--quick']);
  await program.says('stdout', /^seed/m);
  // A server of its is there.
  const children = () =>
    readFileSync(`/proc/${program.child.pid}/task/${program.child.pid}/children`, 'utf8');
  while (children() === '') await sleep(10);
  const [child = ''] = children().trim().split(' ');
  program.child.kill('SIGINT');
  assert.is((await program.finished).status, 130);
  while (existsSync(`/proc/${child}`)) await sleep(10);
});

test('wrong usage is one line that says expected and got', async () => {
  for (const [args, line] of [
    [
      ['lunhc'],
      'experiment: expected lunch, idle, clients, load, slow, sparse, growth, work, race, nagle, chunks, table, all, got "lunhc"',
    ],
    [
      ['lunch', '--io', 'events,pol'],
      '--io: expected events, poll, nonblocking, blocking, threads, got "pol"',
    ],
    [['lunch', '--repeats', '0'], '--repeats: expected a whole number from 1 to 1000, got "0"'],
  ] as const) {
    const { status, stderr } = await run(STRLAB, args);
    assert.is(status, 2);
    assert.is(stderr, `strlab: ${line} (see --help)\n`);
  }
});

test.run();
