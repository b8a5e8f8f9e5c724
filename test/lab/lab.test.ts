// The laboratory: conclusions from fabricated results; short live runs, whose verdict does not depend on timing; and the
// command, which must leave no process behind.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMPARISONS, EXPERIMENTS } from '../../client/lab/all-experiments.js';
import { Analysis } from '../../client/lab/analysis.js';
import type { Experiment, LabOptions, RunContext } from '../../client/lab/experiment.js';
import chunks from '../../client/lab/experiments/chunks.js';
import clients from '../../client/lab/experiments/clients.js';
import cpuBound from '../../client/lab/experiments/cpu-bound.js';
import cpuCost from '../../client/lab/experiments/cpu-cost.js';
import idle from '../../client/lab/experiments/idle.js';
import idleConnections from '../../client/lab/experiments/idle-connections.js';
import lostUpdates from '../../client/lab/experiments/lost-updates.js';
import lunch from '../../client/lab/experiments/lunch.js';
import nagle from '../../client/lab/experiments/nagle.js';
import nonReader from '../../client/lab/experiments/non-reader.js';
import openLoop from '../../client/lab/experiments/open-loop.js';
import replySize from '../../client/lab/experiments/reply-size.js';
import type { Condition, Findings, Measured, Metrics, Results, Run } from '../../client/lab/results.js';
import { runExperiments } from '../../client/lab/runner.js';
import { ourServers, plain, runnable, type ServerUnderTest } from '../../client/lab/servers-under-test.js';
import type { LoadPlan, LoadResult } from '../../client/load/plan.js';
import { LoadProcess } from '../../client/load/run-load.js';
import { IO_MODELS, type IoModelName } from '../../shared/options.js';
import { rejects } from '../support/cli-errors.js';
import { built, Program, run } from '../support/program.js';
import { representatives } from '../support/runnable-models.js';
import { SLOW, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

const test = suite('lab');
const STRLAB = 'client/lab/strlab.js';

const { models: MODELS } = runnable(IO_MODELS);
const load = new LoadProcess();
test.after(() => load.close());

/** The results of an experiment with one run of each of these servers at each quick level. */
async function find(
  experiment: Experiment,
  { clients, models = MODELS }: { clients?: number; models?: readonly IoModelName[] } = {},
): Promise<Findings> {
  const lab = { quick: true, clients, targets: [...ourServers(models), plain()] };
  const drive = (plan: LoadPlan) => load.run(plan);
  const [findings] = await runExperiments([experiment], lab, { seed: 1, repeats: 1, drive });
  if (findings === undefined) throw new Error('nothing was found');
  return findings;
}

/** True of every live run, on a busy machine too: each ran, and no server was wrong. */
function madeAndRight(found: Findings, conditions: number): void {
  assert.is(found.rows.length, conditions);
  for (const { target, parameter, estimates, remarks } of found.rows) {
    assert.not.match(remarks.join(), 'wrong', `${found.id}: ${target}, ${parameter}`);
    assert.ok(
      remarks.length > 0 || Object.keys(estimates).length > 0,
      `${found.id}: ${target}, ${parameter}`,
    );
  }
}

testWith(test, SLOW, 'lunch, non-reader and nagle are run, and no server is wrong', async () => {
  const models = representatives('events', 'blocking', 'threads');
  madeAndRight(await find(lunch, { clients: 3, models }), models.length);
  madeAndRight(await find(nonReader, { clients: 1, models: ['events'] }), 2);
  madeAndRight(await find(nagle), 4);
});

test('lost-updates is run: with the lock no letter is lost and no reply is wrong', async () => {
  const found = await find(lostUpdates, { clients: 4 });
  madeAndRight(found, 2);
  for (const metric of ['letters lost', 'replies wrong']) {
    const row = found.rows.find(({ parameter }) => parameter === 'with the lock');
    assert.is(row?.estimates[metric]?.median ?? 0, 0, metric);
  }
});

// --- conclusions, from fabricated runs ---

/** The first conclusion of an experiment whose runs all had these metrics. */
function answer(experiment: Experiment, metrics: (condition: Condition) => Metrics): string | undefined {
  const c = (name: string): ServerUnderTest => ({ name, command: [] });
  const targets = [...ourServers(IO_MODELS), plain(), c('C epoll'), c('C threads')];
  const lab: LabOptions = { quick: true, clients: undefined, targets };
  const runs = experiment.trials(lab).flatMap(({ target, parameter }) =>
    Array.from({ length: 5 }, (_, repeat) => ({
      target,
      parameter,
      repeat,
      metrics: metrics({ target, parameter }),
    })),
  );
  return experiment.conclude?.(new Analysis(runs, 1), lab)[0];
}

const isThreads = ({ target }: Condition) => target === 'threads' || target === 'C threads';
const ANSWERS: ReadonlyArray<readonly [Experiment, (condition: Condition) => Metrics, string]> = [
  [
    lunch,
    ({ target }) => (target === 'blocking' ? { 'timed out': 5 } : { 'timed out': 0, 'max ms': 3.456 }),
    'With 1 silent, clients of blocking timed out without a reply; events, poll, uring, nonblocking and threads served all clients, in 3.46 ms at most.',
  ],
  [
    idle,
    ({ target }) => ({ 'wanted CPU %': target === 'nonblocking' ? 99.44 : 0 }),
    'With 10 idle clients, nonblocking wanted 99.4 % of a core for nothing; events, poll, uring, blocking and threads wanted less than 0.1 %.',
  ],
  [
    clients,
    (condition) => ({ 'CPU µs/letter': condition.target === 'threads' ? 60 : 30 }),
    'A thread for each of 10 clients, in Node.js: 2 times (2 to 2) the CPU µs/letter of events; in C: no difference in CPU µs/letter to C epoll was shown.',
  ],
  [
    openLoop,
    (condition) => ({
      'offered/s': condition.parameter === '50 %' ? 5_000 : 11_000,
      'letters/s': condition.parameter === '50 %' || !isThreads(condition) ? 10_800 : 9_000,
      'p99 ms': condition.parameter === '50 %' ? 2 : 140,
    }),
    'events kept up to 11,000 letters/s (110 %, p99 140 ms); threads kept up to 5,000 letters/s (50 %, p99 2 ms), at 110 % it fell behind (p99 140 ms).',
  ],
  [
    nonReader,
    ({ target }) => ({
      'timed out': Number(target === 'blocking'),
      'growth MiB': target === 'plain' ? 183.2 : 2,
    }),
    'The other clients of blocking timed out; memory grew most: of plain by 183 MiB, of events by 2 MiB and of blocking by 2 MiB.',
  ],
  [
    idleConnections,
    ({ target, parameter }) => ({ 'CPU µs/letter': target === 'poll' && parameter !== '0 idle' ? 75 : 10 }),
    'With 1,000 idle, events: no difference in processor time a letter to itself with none was shown; poll: 7.5 times (7.5 to 7.5) the processor time a letter of itself with none.',
  ],
  [
    replySize,
    ({ parameter }) => ({ 'µs/letter': parameter === '0 bytes' ? 20 : 90 }),
    'At 65,536 bytes, events: 4.5 times (4.5 to 4.5) the time a letter of the first ones; C epoll: 4.5 times (4.5 to 4.5) the time a letter of the first ones.',
  ],
  [
    cpuBound,
    (condition) => ({ 'letters/s': isThreads(condition) ? 140 : 100 }),
    'Threads at 100,000 rounds, 2 cores: 1.4 times (1.4 to 1.4) the letters/s of events.',
  ],
  [
    lostUpdates,
    ({ parameter }) => ({
      'letters answered': 10_000,
      'letters lost': parameter === 'with the lock' ? 0 : 344,
      'replies wrong': 0,
    }),
    'All runs together: with the lock 0 of 50,000 answered letters were lost and 0 replies were wrong; without the lock 1,720 of 50,000 answered letters were lost and 0 replies were wrong.',
  ],
  [
    nagle,
    ({ parameter }) => ({ 'p50 ms': parameter === 'server' ? 44.1 : 0.14 }),
    'Half of the replies took at least, by which end wrote in two pieces: neither 0.14 ms; client 0.14 ms; server 44.1 ms, a wait for a delayed acknowledgement; both 0.14 ms.',
  ],
  [
    chunks,
    ({ parameter }) => ({ chunks: parameter.includes('65,536') ? 46 : 3_000, bytes: 3_000_000 }),
    '1,000,000 copies, recv(1,000): 3,000,000 bytes came in 3,000 chunks.',
  ],
  [
    cpuCost,
    ({ target }) => ({ 'CPU s': target === 'C epoll' ? 0.0428 : target === 'threads' ? 0.16 : 0.1 }),
    'events: no difference in processor time to blocking was shown; poll: no difference in processor time to blocking was shown; uring: no difference in processor time to blocking was shown; nonblocking: no difference in processor time to blocking was shown; threads: 1.6 times (1.6 to 1.6) the processor time of blocking; C epoll: 0.428 times (0.428 to 0.428) the processor time of blocking; C threads: no difference in processor time to blocking was shown.',
  ],
];

for (const [experiment, metrics, expected] of ANSWERS) {
  test(`the first conclusion of ${experiment.id} answers its question`, () => {
    assert.is(answer(experiment, metrics), expected);
  });
}

test('with too few repeats nothing is concluded', async () => {
  const concluded = async (repeats: number) => {
    const measure = async () => ({ metrics: {} });
    const trials = () => [{ target: 'events', parameter: 'one', measure }];
    const experiment: Experiment = { ...lunch, trials, conclude: () => ['It is so.'], charts: () => [] };
    const lab = { quick: false, clients: undefined, targets: [] };
    const drive = () => Promise.reject(new Error('nothing to drive'));
    const [found] = await runExperiments([experiment], lab, { seed: 1, repeats, drive });
    return found?.conclusions;
  };
  assert.equal(await concluded(4), []);
  assert.equal(await concluded(5), ['It is so.']);
});

/** Runs an experiment whose trials only record that they were run. */
async function runTrials(
  seed: number,
  measure: (parameter: string, bench: RunContext) => Promise<Measured> = async () => ({ metrics: {} }),
): Promise<{ order: string[]; findings: Findings }> {
  const order: string[] = [];
  const experiment: Experiment = {
    id: 'fabricated',
    order: 1,
    question: '',
    variable: '',
    loop: '',
    columns: [],
    trials: () =>
      [...'abcdef'].map((parameter) => ({
        target: 'events',
        parameter,
        measure: (bench) => {
          order.push(parameter);
          return measure(parameter, bench);
        },
      })),
  };
  const lab = { quick: true, clients: undefined, targets: [] };
  const drive = () => Promise.reject(new Error('nothing to drive'));
  const options = { seed, repeats: 2, drive, deadlineMs: 100 };
  const [findings] = await runExperiments([experiment], lab, options);
  if (findings === undefined) throw new Error('nothing was found');
  return { order, findings };
}

test('the same seed draws the same order, and each repeat has one of its own', async () => {
  const orders = await Promise.all([1, 1, 2].map(async (seed) => (await runTrials(seed)).order.join('')));
  assert.is(orders[0], orders[1]);
  assert.is.not(orders[0], orders[2]);
  assert.is.not(orders[0]?.slice(0, 6), orders[0]?.slice(6));
  for (const repeat of [orders[0]?.slice(0, 6), orders[0]?.slice(6)]) {
    assert.is([...(repeat ?? '')].sort().join(''), 'abcdef');
  }
});

test('the findings of an experiment are reported before the next begins', async () => {
  const order: string[] = [];
  const made = (id: string): Experiment => {
    const measure = async () => {
      order.push(`${id} is run`);
      return { metrics: {} };
    };
    return {
      ...lunch,
      id,
      trials: () => [{ target: 'events', parameter: 'one', measure }],
      conclude: () => [],
      charts: () => [],
    };
  };
  const lab = { quick: true, clients: undefined, targets: [] };
  const drive = () => Promise.reject(new Error('nothing to drive'));
  const onFindings = async ({ id }: Findings) => void order.push(`${id} is reported`);
  await runExperiments([made('a'), made('b')], lab, {
    seed: 1,
    repeats: 1,
    drive,
    onFindings,
  });
  assert.equal(order, ['a is run', 'a is reported', 'b is run', 'b is reported']);
});

test('a server that fails makes its own run void, and the table says why', async () => {
  const missing = { ...plain(), command: ['no-such-program'] };
  const { findings } = await runTrials(1, async (parameter, bench) => {
    if (parameter === 'b') return bench.run(missing, [], {});
    return { metrics: { 'letters/s': 1 } };
  });
  assert.equal(findings.rows.map(({ parameter }) => parameter).join(''), 'abcdef');
  assert.equal(
    findings.rows.flatMap(({ remarks }) => remarks),
    ['void: plain did not start: spawn no-such-program ENOENT (2 of 2)'],
  );
});

test('a run that misses its deadline is void, its server is stopped, and the others are run', async () => {
  const servers: number[] = [];
  const { findings } = await runTrials(1, async (parameter, bench) => {
    if (parameter !== 'b') return { metrics: {} };
    return bench.withServer(plain(), [], ({ pid }) => {
      servers.push(pid);
      return new Promise(() => {});
    });
  });
  assert.equal(
    findings.rows.map(({ parameter, remarks }) => parameter + remarks),
    ['a', 'bvoid: it was not done after 0.1 s (2 of 2)', 'c', 'd', 'e', 'f'],
  );
  assert.is(servers.length, 2);
  for (const pid of servers) assert.throws(() => process.kill(pid, 0), /ESRCH/);
});

test('a knee is concluded only from conditions under which most runs count', () => {
  const lab = { quick: true, clients: undefined, targets: [] };
  const knee = (...answered: readonly number[]) => {
    const runs = answered.flatMap((rate, i): Run[] => [
      ...[0, 1, 2].map((repeat) => sample(repeat, '50 %', 100, 100)),
      sample(i, '110 %', 220, rate),
    ]);
    const busy = [0, 1, 2].slice(answered.length).map((repeat) => ({
      ...sample(repeat, '110 %', 220, 0),
      void: 'the load was busy',
    }));
    return openLoop.conclude(new Analysis([...runs, ...busy], 1), lab).join();
  };
  const kept = 'events kept up to 100 letters/s (50 %, p99 1 ms)';
  assert.is(knee(150, 150), `${kept}, at 110 % it fell behind (p99 1 ms).`);
  assert.is(knee(150), `${kept}, from 110 % on too few runs count.`);
  assert.is(knee(220, 220), 'events kept up to 220 letters/s (110 %, p99 1 ms).');
});

function sample(repeat: number, parameter: string, offered: number, answered: number): Run {
  const metrics = { 'offered/s': offered, 'letters/s': answered, 'p99 ms': 1 };
  return { target: 'events', parameter, repeat, metrics };
}

test('a busy load makes a run void, in an open loop only', async () => {
  const [target = plain()] = ourServers(['events']);
  const remarks = async (loadCpu: number, rate?: number) => {
    const plan = { clients: 2, letters: 20, ...(rate !== undefined && { rate }) };
    const measure = (bench: RunContext) => bench.run(target, [], plan);
    const trials = () => [{ target: target.name, parameter: 'one', measure }];
    const experiment: Experiment = { ...lunch, trials, conclude: () => [], charts: () => [] };
    const lab = { quick: true, clients: undefined, targets: [] };
    const drive = async ({ letters }: LoadPlan): Promise<LoadResult> => ({
      ...{ sent: letters, answered: letters, seconds: 1, lettersPerSecond: letters, replyBytes: 250 },
      ...{ buckets: [], timedOut: 0, faults: {}, loadCpu },
    });
    const [found] = await runExperiments([experiment], lab, { seed: 1, repeats: 1, drive });
    return found?.rows[0]?.remarks;
  };
  assert.equal(await remarks(0.81, 1_000), ['void: the load was busy for more than 80 % of its core']);
  assert.equal(await remarks(0.79, 1_000), []);
  assert.equal(await remarks(0.81), []);
});

// --- the command ---

test('every file of experiments/ and comparisons/ is found, in an order without ties', () => {
  for (const [name, found] of Object.entries({ experiments: EXPERIMENTS, comparisons: COMPARISONS })) {
    const files = readdirSync(built(`client/lab/${name}`)).filter((file) => file.endsWith('.js'));
    assert.equal(found.map(({ id }) => `${id}.js`).toSorted(), files.toSorted());
    const orders = found.map(({ order }) => order);
    assert.equal(
      [...new Set(orders)].toSorted((one, other) => one - other),
      orders,
    );
  }
});

testWith(test, SLOW, 'idle is run, reported without conclusions, and written to files', async () => {
  const out = mkdtempSync(join(tmpdir(), 'strsvr-lab-test-'));
  try {
    const args = [
      'run',
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
    assert.ok(stdout.split('\n').every((line) => line.length <= 80 || /^(The report|machine)/.test(line)));
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

testWith(test, SLOW, 'at Ctrl-C no server and no load is left behind', async () => {
  const program = new Program(STRLAB, ['run', 'lunch', '--quick']);
  await program.waitFor('stdout', /^seed +\d+$/m);
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
  await rejects('strlab', STRLAB, [
    [['lunch'], 'command: expected run, bench, drive, got "lunch"'],
    [
      ['run', 'lunhc'],
      `experiment: expected ${EXPERIMENTS.map(({ id }) => id).join(', ')}, all, got "lunhc"`,
    ],
    [
      ['run', 'lunch', '--io', 'events,pol'],
      '--io: expected events, poll, uring, nonblocking, blocking, threads, got "pol"',
    ],
    [['run', 'lunch', '--repeats', '0'], '--repeats: expected a whole number from 1 to 1000, got "0"'],
    [
      ['bench', 'mayn'],
      'experiment: expected throughput, latency, burst, idle, large-reply, startup, journal, all, got "mayn"',
    ],
  ]);
});

test.run();
