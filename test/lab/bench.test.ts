// `strlab bench`: when a target is met, missed or inconclusive, how it measures, and one run as a command.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMPARISONS } from '../../client/lab/all-experiments.js';
import { Analysis } from '../../client/lab/analysis.js';
import { CPU_RATIO, comparison } from '../../client/lab/comparison.js';
import type { Bound, Run } from '../../client/lab/results.js';
import type { ServerUnderTest } from '../../client/lab/servers-under-test.js';
import { evaluate, threshold, thresholdRows } from '../../client/lab/thresholds.js';
import { DEFAULT_PLAN } from '../../client/load/plan.js';
import { LoadProcess, runBurst } from '../../client/load/run-load.js';
import { formatTable } from '../../shared/table.js';
import { run } from '../support/program.js';
import { withNetServer, withServer } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';

const test = suite('bench');

const OURS = { target: 'events', parameter: 'here' };
const THEIRS = { target: 'C epoll', parameter: 'here' };

/** Runs with these metrics. */
function runs(condition: { target: string; parameter: string }, values: readonly number[], more = {}): Run[] {
  return values.map((value, repeat) => ({ ...condition, repeat, metrics: { 'letters/s': value }, ...more }));
}

/** The verdict on our letters/s as a share of theirs, which are always 100. */
function share(values: readonly number[], bound?: Bound) {
  const theirs = runs(
    THEIRS,
    values.map(() => 100),
  );
  const analysis = new Analysis([...runs(OURS, values), ...theirs], 1);
  return evaluate(threshold('letters/s', 'letters/s', [OURS, THEIRS], bound), analysis);
}

test('a bound is met or missed when the whole interval is on one side of it, else it is inconclusive', () => {
  const values = [68, 69, 70, 71, 72];
  for (const [bound, verdict] of [
    [{ atLeast: 0.6 }, 'met'],
    [{ atLeast: 0.7 }, 'inconclusive'],
    [{ atLeast: 0.8 }, 'missed'],
    [{ atMost: 0.6 }, 'missed'],
    [{ atMost: 0.7 }, 'inconclusive'],
    [{ atMost: 0.8 }, 'met'],
  ] as const) {
    const found = share(values, bound);
    assert.is(found.verdict, verdict, JSON.stringify(bound));
    assert.is(found.estimate?.median, 0.7);
    if (verdict === 'inconclusive') assert.is(found.why, 'the bound is inside the interval');
  }
});

test('too few repeats are inconclusive, and without a bound the number is only reported', () => {
  assert.equal(share([90, 90, 90], { atLeast: 0.7 }), {
    what: 'letters/s',
    bound: { atLeast: 0.7 },
    estimate: { median: 0.9, repeats: 3 },
    verdict: 'inconclusive',
    why: '3 repeats, no interval',
  });
  assert.is(share([90, 90, 90, 90, 90]).verdict, undefined);
});

test('missing or wrong measurements are inconclusive, with the reason', () => {
  const ratio = threshold('letters/s', 'letters/s', [OURS, THEIRS], { atLeast: 0.7 });
  const ours = runs(OURS, [90, 90, 90, 90, 90]);
  const alone = evaluate(ratio, new Analysis(ours, 1));
  assert.is(alone.why, 'C epoll was not measured');
  const wrong = runs(THEIRS, [1, 1, 1, 1, 1], { wrong: 'a reply does not end in its own letter' });
  const both = evaluate(ratio, new Analysis([...ours, ...wrong], 1));
  assert.is(both.verdict, 'inconclusive');
  assert.is(both.why, 'C epoll was not measured: wrong: a reply does not end in its own letter (5 of 5)');
});

test('where its condition does not hold, a bound is neither met nor missed', () => {
  const rate = threshold('letters/s', 'letters/s', [OURS], { atLeast: 1 });
  const analysis = new Analysis(runs(OURS, [2, 2, 2, 2, 2]), 1);
  assert.is(evaluate(rate, analysis).verdict, 'met');
  const found = evaluate({ ...rate, unless: () => 'the disk is slow' }, analysis);
  assert.equal([found.verdict, found.why], ['inconclusive', 'the disk is slow']);
});

test('the table has a row for each, with interval, bound and verdict', () => {
  const thresholds = [
    share([70, 70, 70, 70, 70], { atLeast: 0.6 }),
    share([70, 70, 70], { atMost: 0.8 }),
    share([70, 70, 70, 70, 70]),
  ];
  assert.equal(formatTable(thresholdRows([{ id: 'fabricated', thresholds }])), [
    'fabricated  letters/s  0.7 (0.7 to 0.7)  >= 0.6  met',
    'fabricated  letters/s  about 0.7         <= 0.8  inconclusive: 3 repeats, no interval',
    'fabricated  letters/s  0.7 (0.7 to 0.7)',
  ]);
});

test('CPU/C relates a run to that of C epoll in the same repeat', () => {
  const run = (target: string, repeat: number, cpu: number, parameter = 'here'): Run => {
    return { target, parameter, repeat, metrics: { 'CPU µs/letter': cpu } };
  };
  const { derive } = comparison({ id: '', order: 0, question: '', loop: '', columns: [], trials: () => [] });
  const derived = derive?.([
    ...[run('events', 0, 15), run('events', 1, 30), run('C epoll', 0, 10), run('C epoll', 1, 10)],
    run('events', 2, 15),
    { ...run('C epoll', 2, 10), void: 'it did not answer everything in time' },
    run('events', 0, 15, 'there'),
  ]);
  const ratios = derived?.map(({ metrics }) => metrics[CPU_RATIO]);
  assert.equal(ratios, [1.5, 3, 1, 1, undefined, undefined, undefined]);
});

test('each comparison measures the metrics of its targets', () => {
  const lab = {
    quick: false,
    clients: undefined,
    targets: ['events', 'poll', 'uring', 'plain', 'C epoll', 'C io_uring', 'Python asyncio'].map(
      (name): ServerUnderTest => ({ name, command: [] }),
    ),
  };
  for (const { id, thresholds = [], ...comparison } of COMPARISONS) {
    const conditions = comparison.trials(lab).map(({ target, parameter }) => `${target}, ${parameter}`);
    for (const { what, samples } of thresholds) {
      for (const { target, parameter } of samples)
        assert.ok(conditions.includes(`${target}, ${parameter}`), `${id}: ${what}`);
    }
  }
});

test('polls without a result are not counted as busy', async () => {
  // Its processor time is always 0: of its share of a core only what is subtracted for such polls is left.
  const preload = 'process.cpuUsage = () => ({ user: 0, system: 0 })';
  const options = `--import data:text/javascript,${encodeURIComponent(preload)}`;
  const load = new LoadProcess(['env', `NODE_OPTIONS=${options}`]);
  let text = '';
  await withNetServer(
    (socket) => {
      socket.on('data', async (data) => {
        const letters = data.toString().slice(0, -1);
        text += letters;
        const reply = letters === '' ? '\n' : `${text}\n`;
        await pass(20);
        socket.write(reply);
      });
    },
    async (address) => {
      const found = await load.run({
        ...{ ...DEFAULT_PLAN, ...address, clients: 2, warmup: 1, seed: 1 },
        ...{ rate: 200_000, letters: 60_000, durationMs: 300, maxInFlight: 1 },
      });
      assert.ok(found.answered > 1);
      assert.equal([found.answered, found.faults], [found.sent, {}]);
      assert.ok(found.loadCpu < 0, `${found.loadCpu}`);
    },
  ).finally(() => load.close());
});

test('a burst is timed until its last reply, and its replies are checked', async () => {
  const plan = { letters: 100, warmup: 3, timeoutMs: 30_000 };
  await withServer({}, async (server) => {
    const found = await runBurst({ ...plan, ...server.address });
    assert.ok('ms' in found && found.ms > 0);
    assert.is((await server.stop()).text.length, 100);
  });
  await withNetServer(
    (socket) => {
      let left = plan.warmup + plan.letters;
      socket.on('data', (data) => {
        socket.write(data);
        left -= data.length;
        if (left === 0) socket.end();
      });
    },
    async (address) => {
      const found = await runBurst({ ...plan, ...address });
      assert.equal(found, { wrong: '100 of 5050 bytes came' });
    },
  );
});

testWith(
  test,
  SLOW,
  'the command measures, reports each number with its bound, and writes every run as JSON',
  async () => {
    const out = mkdtempSync(join(tmpdir(), 'strsvr-bench-test-'));
    try {
      const args = ['bench', 'startup', '--quick', '--repeats', '2', '--seed', '7', '--out', out];
      const { status, stdout, stderr } = await run('client/lab/strlab.js', args);
      assert.is(status, 0, stderr);
      assert.match(stdout, /^repeats +2\nseed +7$/m);
      assert.match(
        stdout,
        /^startup {2}ms until strsvr listens +about \S+ +<= 200 +inconclusive: 2 repeats, no interval$/m,
      );
      assert.match(stdout, /^startup {2}ms of node -e 0 +about \S+$/m);
      const { seed, experiments } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
      assert.is(seed, 7);
      assert.is(experiments[0].runs.length, 4);
      assert.equal(
        experiments[0].thresholds.map(({ verdict }: { verdict?: string }) => verdict),
        ['inconclusive', 'inconclusive', undefined],
      );
      assert.match(
        readFileSync(join(out, 'report.html'), 'utf8'),
        /<li>ms until strsvr listens; about \S+; &lt;= 200; inconclusive/,
      );
    } finally {
      rmSync(out, { recursive: true });
    }
  },
);

test.run();
