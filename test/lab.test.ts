// The laboratory: what its experiments say of made results; that live runs are made and right, whatever else the machine
// does; and as a command, that it leaves nothing behind.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Evidence, type Place } from '../client/lab/evidence.js';
import type { Bench, Experiment, Lab, Measured } from '../client/lab/experiment.js';
import { chunks } from '../client/lab/experiments/chunks.js';
import { clients } from '../client/lab/experiments/clients.js';
import { growth } from '../client/lab/experiments/growth.js';
import { idle } from '../client/lab/experiments/idle.js';
import { load as loadExperiment } from '../client/lab/experiments/load.js';
import { lunch } from '../client/lab/experiments/lunch.js';
import { nagle } from '../client/lab/experiments/nagle.js';
import { race } from '../client/lab/experiments/race.js';
import { slow } from '../client/lab/experiments/slow.js';
import { sparse } from '../client/lab/experiments/sparse.js';
import { table } from '../client/lab/experiments/table.js';
import { work } from '../client/lab/experiments/work.js';
import { runExperiments } from '../client/lab/laboratory.js';
import type { LoadPlan, LoadResult } from '../client/lab/load/plan.js';
import { LoadProcess } from '../client/lab/load/run-load.js';
import type { Figures, Findings, Results, Run } from '../client/lab/results.js';
import { IO_MODELS, type Target } from '../client/lab/target.js';
import { ourTargets, plain } from '../client/lab/targets.js';
import { refuses } from './refusals.js';
import { Program, run, until } from './support.js';

const test = suite('lab');
const STRLAB = 'client/lab/strlab.js';

const load = new LoadProcess();
test.after(() => load.close());

/** What an experiment finds in one run of each of these servers at each of its quick levels. */
async function find(
  experiment: Experiment,
  { clients, models = IO_MODELS }: Partial<Lab> = {},
): Promise<Findings> {
  const lab = { models, quick: true, clients, targets: [...ourTargets(models), plain()] };
  const drive = (plan: LoadPlan) => load.run(plan);
  const course = { seed: 1, repeats: 1, onRun: () => {}, drive };
  const [findings] = await runExperiments([experiment], lab, course);
  if (findings === undefined) throw new Error('nothing was found');
  return findings;
}

/** What holds of every live run, however busy the machine: each was made, and no server was wrong. */
function madeAndRight(found: Findings, places: number): void {
  assert.is(found.rows.length, places);
  for (const { target, level, estimates, remarks } of found.rows) {
    assert.not.match(remarks.join(), 'wrong', `${found.id}: ${target}, ${level}`);
    assert.ok(remarks.length > 0 || Object.keys(estimates).length > 0, `${found.id}: ${target}, ${level}`);
  }
}

test('lunch, slow and nagle are run, and no server is wrong', async () => {
  madeAndRight(await find(lunch, { clients: 3 }), 5);
  madeAndRight(await find(slow, { clients: 1, models: ['events'] }), 2);
  madeAndRight(await find(nagle), 4);
});

test('race is run: with the lock no letter is lost and no reply is wrong', async () => {
  const found = await find(race, { clients: 4 });
  madeAndRight(found, 2);
  for (const figure of ['letters lost', 'replies wrong']) {
    const row = found.rows.find(({ level }) => level === 'with the lock');
    assert.is(row?.estimates[figure]?.median ?? 0, 0, figure);
  }
});

// --- conclusions, from made results ---

/** The first sentence of an experiment whose runs all had these figures. */
function answer(experiment: Experiment, figures: (place: Place) => Figures): string | undefined {
  const c = (name: string): Target => ({ name, runtime: 'C', model: 'events', command: [] });
  const targets = [...ourTargets(IO_MODELS), plain(), c('C epoll'), c('C threads')];
  const lab: Lab = { models: IO_MODELS, quick: true, clients: undefined, targets };
  const runs = experiment.cells(lab).flatMap(({ target, level }) =>
    Array.from({ length: 5 }, (_, repeat) => ({
      target,
      level,
      repeat,
      figures: figures({ target, level }),
    })),
  );
  return experiment.conclude(new Evidence(runs, 1), lab)[0];
}

const isThreads = ({ target }: Place) => target === 'threads' || target === 'C threads';
const ANSWERS: ReadonlyArray<readonly [Experiment, (place: Place) => Figures, string]> = [
  [
    lunch,
    ({ target }) => (target === 'blocking' ? { frozen: 5 } : { frozen: 0, 'max ms': 3.456 }),
    'With 1 silent, clients of blocking were frozen, without any answer; events, poll, nonblocking and threads served everybody, in 3.46 ms at most.',
  ],
  [
    idle,
    ({ target }) => ({ 'wanted CPU %': target === 'nonblocking' ? 99.44 : 0 }),
    'With 10 idle clients, nonblocking wanted 99.4 % of a core for nothing; events, poll, blocking and threads wanted less than 0.1 %.',
  ],
  [
    clients,
    (place) => ({ 'CPU µs/letter': place.target === 'threads' ? 60 : 30 }),
    'A thread for each of 10 clients, in Node.js: 2 times (2 to 2) the CPU µs/letter of events; in C: no difference in CPU µs/letter to C epoll was shown.',
  ],
  [
    loadExperiment,
    (place) => ({
      'offered/s': place.level === '50 %' ? 5_000 : 11_000,
      'letters/s': place.level === '50 %' || !isThreads(place) ? 10_800 : 9_000,
      'p99 ms': place.level === '50 %' ? 2 : 140,
    }),
    'events kept up to 11,000 letters/s (110 %, p99 140 ms); threads kept up to 5,000 letters/s (50 %, p99 2 ms), at 110 % it fell behind (p99 140 ms).',
  ],
  [
    slow,
    ({ target }) => ({ frozen: Number(target === 'blocking'), 'growth MiB': target === 'plain' ? 183.2 : 2 }),
    'The other clients of blocking were frozen; memory grew most: of plain by 183 MiB, of events by 2 MiB and of blocking by 2 MiB.',
  ],
  [
    sparse,
    ({ target, level }) => ({ 'CPU µs/letter': target === 'poll' && level !== '0 idle' ? 75 : 10 }),
    'With 1,000 idle, events: no difference in processor time a letter to events with none was shown; poll: 7.5 times (7.5 to 7.5) the processor time a letter of poll with none.',
  ],
  [
    growth,
    ({ level }) => ({ 'µs/letter': level === '0 bytes' ? 20 : 90 }),
    'At 65,536 bytes, events: 4.5 times (4.5 to 4.5) the time a letter of the first ones; C epoll: 4.5 times (4.5 to 4.5) the time a letter of the first ones.',
  ],
  [
    work,
    (place) => ({ 'letters/s': isThreads(place) ? 140 : 100 }),
    'Threads at 100,000 rounds, 2 cores: 1.4 times (1.4 to 1.4) the letters/s of events.',
  ],
  [
    race,
    ({ level }) => ({
      'letters answered': 10_000,
      'letters lost': level === 'with the lock' ? 0 : 344,
      'replies wrong': 0,
    }),
    'All runs together: with the lock 0 of 50,000 answered letters were lost and 0 replies were wrong; without the lock 1,720 of 50,000 answered letters were lost and 0 replies were wrong.',
  ],
  [
    nagle,
    ({ level }) => ({ 'p50 ms': level === 'server' ? 44.1 : 0.14 }),
    'Half of the replies took at least, by which end wrote in two pieces: neither 0.14 ms; client 0.14 ms; server 44.1 ms, a wait for a delayed acknowledgement; both 0.14 ms.',
  ],
  [
    chunks,
    ({ level }) => ({ chunks: level.includes('65,536') ? 46 : 3_000, bytes: 3_000_000 }),
    '1,000,000 copies, recv(1,000): 3,000,000 bytes came in 3,000 chunks.',
  ],
  [
    table,
    ({ target }) => ({ 'CPU s': target === 'C epoll' ? 0.0428 : target === 'threads' ? 0.16 : 0.1 }),
    'events: no difference in processor time to blocking was shown; poll: no difference in processor time to blocking was shown; nonblocking: no difference in processor time to blocking was shown; threads: 1.6 times (1.6 to 1.6) the processor time of blocking; C epoll: 0.428 times (0.428 to 0.428) the processor time of blocking; C threads: no difference in processor time to blocking was shown.',
  ],
];

for (const [experiment, figures, expected] of ANSWERS) {
  test(`the first conclusion of ${experiment.id} answers its question`, () => {
    assert.is(answer(experiment, figures), expected);
  });
}

test('with too few repeats nothing is concluded', async () => {
  const concluded = async (repeats: number) => {
    const measure = async () => ({ figures: {} });
    const cells = () => [{ target: 'events', level: 'one', measure }];
    const experiment: Experiment = { ...lunch, cells, conclude: () => ['It is so.'], charts: () => [] };
    const lab = { models: [], quick: false, clients: undefined, targets: [] };
    const drive = () => Promise.reject(new Error('nothing to drive'));
    const [found] = await runExperiments([experiment], lab, { seed: 1, repeats, onRun: () => {}, drive });
    return found?.conclusions;
  };
  assert.equal(await concluded(4), []);
  assert.equal(await concluded(5), ['It is so.']);
});

/** Runs an experiment whose runs only say that they were made. */
async function course(
  seed: number,
  measure: (level: string, bench: Bench) => Promise<Measured> = async () => ({ figures: {} }),
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
        measure: (bench) => {
          order.push(level);
          return measure(level, bench);
        },
      })),
    conclude: () => [],
    charts: () => [],
  };
  const lab = { models: [], quick: true, clients: undefined, targets: [] };
  const drive = () => Promise.reject(new Error('nothing to drive'));
  const course = { seed, repeats: 2, onRun: () => {}, drive, deadlineMs: 100 };
  const [findings] = await runExperiments([experiment], lab, course);
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

test('what an experiment has found is told before the next begins', async () => {
  const order: string[] = [];
  const made = (id: string): Experiment => {
    const measure = async () => {
      order.push(`${id} is run`);
      return { figures: {} };
    };
    return {
      ...lunch,
      id,
      cells: () => [{ target: 'events', level: 'one', measure }],
      conclude: () => [],
      charts: () => [],
    };
  };
  const lab = { models: [], quick: true, clients: undefined, targets: [] };
  const drive = () => Promise.reject(new Error('nothing to drive'));
  const onFindings = async ({ id }: Findings) => void order.push(`${id} is told`);
  await runExperiments([made('a'), made('b')], lab, {
    seed: 1,
    repeats: 1,
    onRun: () => {},
    drive,
    onFindings,
  });
  assert.equal(order, ['a is run', 'a is told', 'b is run', 'b is told']);
});

test('a server that fails takes its own run with it, and the table says why', async () => {
  const missing = { ...plain(), command: ['no-such-program'] };
  const { findings } = await course(1, async (level, bench) => {
    if (level === 'b') return bench.run(missing, [], {});
    return { figures: { 'letters/s': 1 } };
  });
  assert.equal(findings.rows.map(({ level }) => level).join(''), 'abcdef');
  assert.equal(
    findings.rows.flatMap(({ remarks }) => remarks),
    ['void: plain did not start: spawn no-such-program ENOENT (2 of 2)'],
  );
});

test('a run that does not end is given up, its server is ended, and the others are made', async () => {
  const servers: number[] = [];
  const { findings } = await course(1, async (level, bench) => {
    if (level !== 'b') return { figures: {} };
    return bench.withServer(plain(), [], ({ pid }) => {
      servers.push(pid);
      return new Promise(() => {});
    });
  });
  assert.equal(
    findings.rows.map(({ level, remarks }) => level + remarks),
    ['a', 'bvoid: it was not done after 0.1 s (2 of 2)', 'c', 'd', 'e', 'f'],
  );
  assert.is(servers.length, 2);
  for (const pid of servers) assert.throws(() => process.kill(pid, 0), /ESRCH/);
});

test('a knee is told from levels alone where most runs count', () => {
  const lab = { models: [], quick: true, clients: undefined, targets: [] };
  const knee = (...answered: readonly number[]) => {
    const runs = answered.flatMap((rate, i): Run[] => [
      ...[0, 1, 2].map((repeat) => sample(repeat, '50 %', 100, 100)),
      sample(i, '110 %', 220, rate),
    ]);
    const busy = [0, 1, 2].slice(answered.length).map((repeat) => ({
      ...sample(repeat, '110 %', 220, 0),
      void: 'the load was busy',
    }));
    return loadExperiment.conclude(new Evidence([...runs, ...busy], 1), lab).join();
  };
  const kept = 'events kept up to 100 letters/s (50 %, p99 1 ms)';
  assert.is(knee(150, 150), `${kept}, at 110 % it fell behind (p99 1 ms).`);
  assert.is(knee(150), `${kept}, from 110 % on too few runs count to tell.`);
  assert.is(knee(220, 220), 'events kept up to 220 letters/s (110 %, p99 1 ms).');
});

function sample(repeat: number, level: string, offered: number, answered: number): Run {
  const figures = { 'offered/s': offered, 'letters/s': answered, 'p99 ms': 1 };
  return { target: 'events', level, repeat, figures };
}

test('a load that was busy makes its run void, if it had to keep to a clock', async () => {
  const [target = plain()] = ourTargets(['events']);
  const remarks = async (loadCpu: number, rate?: number) => {
    const plan = { clients: 2, letters: 20, ...(rate !== undefined && { rate }) };
    const measure = (bench: Bench) => bench.run(target, [], plan);
    const cells = () => [{ target: target.name, level: 'one', measure }];
    const experiment: Experiment = { ...lunch, cells, conclude: () => [], charts: () => [] };
    const lab = { models: [], quick: true, clients: undefined, targets: [] };
    const drive = async ({ letters }: LoadPlan): Promise<LoadResult> => ({
      ...{ sent: letters, answered: letters, seconds: 1, lettersPerSecond: letters, replyBytes: 250 },
      ...{ expectedLetters: letters + 2, buckets: [], frozen: 0, faults: {}, loadCpu },
    });
    const course = { seed: 1, repeats: 1, onRun: () => {}, drive };
    const [found] = await runExperiments([experiment], lab, course);
    return found?.rows[0]?.remarks;
  };
  assert.equal(await remarks(0.81, 1_000), ['void: the load was busy for more than 80 % of its core']);
  assert.equal(await remarks(0.79, 1_000), []);
  assert.equal(await remarks(0.81), []);
});

// --- the command ---

test('idle is run, told as figures without conclusions, and written to files', async () => {
  const out = mkdtempSync(join(tmpdir(), 'strsvr-lab-test-'));
  try {
    const args = [
      'idle',
      '--io',
      'poll,nonblocking',
      '--quick',
      '--repeats',
      '1',
      '--seed',
      '1',
      '--out',
      out,
    ];
    const { status, stdout, stderr } = await run(STRLAB, args);
    assert.is(status, 0, stderr);
    assert.match(stdout, 'too few repeats for intervals and conclusions');
    assert.match(stdout, `The report is in ${join(out, 'report.html')}`);
    assert.ok(stdout.split('\n').every((line) => line.length <= 80 || line.startsWith('The report')));
    assert.ok(existsSync(join(out, 'report.html')));
    assert.ok(existsSync(join(out, 'results.csv')));
    const results: Results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    assert.is(results.seed, 1);
    assert.ok(results.machine.cores > 0);
    const [found] = results.experiments;
    if (found === undefined) throw new Error('nothing was found');
    madeAndRight(found, 2);
  } finally {
    rmSync(out, { recursive: true });
  }
});

test('at Ctrl-C no server and no load is left behind', async () => {
  const program = new Program(STRLAB, ['lunch', '--quick']);
  await program.says('stdout', /^seed/m);
  // A server of its is there.
  const children = () =>
    readFileSync(`/proc/${program.child.pid}/task/${program.child.pid}/children`, 'utf8');
  await until(() => children() !== '');
  const [child = ''] = children().trim().split(' ');
  program.child.kill('SIGINT');
  assert.is((await program.finished).status, 130);
  await until(() => !existsSync(`/proc/${child}`));
});

test('wrong usage is one line that says expected and got', async () => {
  await refuses('strlab', STRLAB, [
    [
      ['lunhc'],
      'experiment: expected lunch, idle, clients, load, slow, sparse, growth, work, race, nagle, chunks, table, all, got "lunhc"',
    ],
    [
      ['lunch', '--io', 'events,pol'],
      '--io: expected events, poll, nonblocking, blocking, threads, got "pol"',
    ],
    [['lunch', '--repeats', '0'], '--repeats: expected a whole number from 1 to 1000, got "0"'],
  ]);
});

test.run();
