// `make bench`: what it calls met, missed and not shown, what it measures with, and one run of it as a command.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Analysis } from '../../client/lab/analysis.js';
import { COMPARISONS } from '../../client/lab/comparisons/all.js';
import type { Run } from '../../client/lab/results.js';
import type { ServerUnderTest } from '../../client/lab/server-under-test.js';
import {
  type Target as Aim,
  evaluate,
  formatThresholds,
  metricOf,
  ratioOf,
} from '../../client/lab/thresholds.js';
import { runBurst, runLoad } from '../../client/load/run-load.js';
import { run } from '../support/program.js';
import { withNetServer, withServer } from '../support/servers.js';

const test = suite('bench');

const OURS = { target: 'events', parameter: 'here' };
const THEIRS = { target: 'C epoll', parameter: 'here' };

/** Runs that gave these figures. */
function runs(condition: { target: string; parameter: string }, values: readonly number[], more = {}): Run[] {
  return values.map((value, repeat) => ({ ...condition, repeat, metrics: { 'letters/s': value }, ...more }));
}

/** What is said of our letters/s as a share of theirs, which are always 100. */
function share(values: readonly number[], target?: Aim) {
  const theirs = runs(
    THEIRS,
    values.map(() => 100),
  );
  const analysis = new Analysis([...runs(OURS, values), ...theirs], 1);
  return evaluate('made up', ratioOf('letters/s', 'letters/s', OURS, THEIRS, target), analysis);
}

test('a target is met or missed when the whole interval lies on one side of it, and else not shown', () => {
  const values = [68, 69, 70, 71, 72];
  for (const [target, verdict] of [
    [{ atLeast: 0.6 }, 'met'],
    [{ atLeast: 0.7 }, 'not shown'],
    [{ atLeast: 0.8 }, 'missed'],
    [{ atMost: 0.6 }, 'missed'],
    [{ atMost: 0.7 }, 'not shown'],
    [{ atMost: 0.8 }, 'met'],
  ] as const) {
    const found = share(values, target);
    assert.is(found.verdict, verdict, JSON.stringify(target));
    assert.is(found.estimate?.median, 0.7);
    if (verdict === 'not shown') assert.is(found.why, 'the interval has the target in it');
  }
});

test('too few repeats show nothing, and without a target the number is only told', () => {
  assert.equal(share([90, 90, 90], { atLeast: 0.7 }), {
    comparison: 'made up',
    what: 'letters/s',
    target: { atLeast: 0.7 },
    estimate: { median: 0.9, repeats: 3 },
    verdict: 'not shown',
    why: '3 repeats, no interval',
  });
  assert.is(share([90, 90, 90, 90, 90]).verdict, undefined);
});

test('what was not measured, and what was wrong, is not shown and says why', () => {
  const threshold = ratioOf('letters/s', 'letters/s', OURS, THEIRS, { atLeast: 0.7 });
  const ours = runs(OURS, [90, 90, 90, 90, 90]);
  const alone = evaluate('made up', threshold, new Analysis(ours, 1));
  assert.is(alone.why, 'C epoll was not measured');
  const wrong = runs(THEIRS, [1, 1, 1, 1, 1], { wrong: 'a reply does not end in its own letter' });
  const both = evaluate('made up', threshold, new Analysis([...ours, ...wrong], 1));
  assert.is(both.verdict, 'not shown');
  assert.is(both.why, 'C epoll was not measured: wrong: a reply does not end in its own letter (5 of 5)');
});

test('where its condition does not hold, a target is neither met nor missed', () => {
  const threshold = metricOf('letters/s', 'letters/s', OURS, { atLeast: 1 });
  const analysis = new Analysis(runs(OURS, [2, 2, 2, 2, 2]), 1);
  assert.is(evaluate('made up', threshold, analysis).verdict, 'met');
  const found = evaluate('made up', { ...threshold, unless: () => 'the disk is slow' }, analysis);
  assert.equal([found.verdict, found.why], ['not shown', 'the disk is slow']);
});

test('the table has a line for each, with interval, target and verdict', () => {
  const lines = formatThresholds([
    share([70, 70, 70, 70, 70], { atLeast: 0.6 }),
    share([70, 70, 70], { atMost: 0.8 }),
    share([70, 70, 70, 70, 70]),
  ]);
  assert.equal(lines.split('\n'), [
    'made up  letters/s  0.7 (0.7 to 0.7)  >= 0.6  met',
    'made up  letters/s  about 0.7         <= 0.8  not shown: 3 repeats, no interval',
    'made up  letters/s  0.7 (0.7 to 0.7)',
    '',
  ]);
});

test('what a comparison is held to is what it measures', () => {
  const lab = {
    models: [],
    quick: false,
    clients: undefined,
    targets: ['events', 'poll', 'plain', 'C epoll', 'Python asyncio'].map(
      (name): ServerUnderTest => ({ name, runtime: 'Node.js', model: 'events', command: [] }),
    ),
  };
  for (const { id, trials, thresholds } of COMPARISONS) {
    const conditions = trials(lab).map(({ target, parameter }) => `${target}, ${parameter}`);
    for (const { what, samples } of thresholds) {
      for (const { target, parameter } of samples)
        assert.ok(conditions.includes(`${target}, ${parameter}`), `${id}: ${what}`);
    }
  }
});

test('a load that never sleeps counts as busy only while a client has something to do', async () => {
  const LATE_MS = 20;
  let text = '';
  await withNetServer(
    (socket) => {
      socket.on('data', async (data) => {
        const letters = data.toString().slice(0, -1);
        text += letters;
        const reply = letters === '' ? '\n' : `${text}\n`;
        await pass(LATE_MS);
        socket.write(reply);
      });
    },
    async (address) => {
      const found = await runLoad({
        ...{ ...address, clients: 2, idleClients: 0, letters: 20, warmup: 1, prefill: 0, timeoutMs: 30_000 },
        ...{ burst: 1, writes: 1, nagle: false, busyPoll: true, seed: 1 },
      });
      assert.is(found.answered, 20);
      assert.equal(found.faults, {});
      // All but a few of its turns find nothing to do; when another process has the core, it is not busy either.
      assert.ok(found.loadCpu < 0.9, `busy for ${found.loadCpu}`);
      assert.ok((found.serviceTime?.p50 ?? 0) >= LATE_MS - 1);
    },
  );
});

test('a burst is timed until its last reply, and its replies are looked at', async () => {
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

test('the command measures, tells each number against its target, and leaves every run as JSON', async () => {
  const out = mkdtempSync(join(tmpdir(), 'strsvr-bench-test-'));
  try {
    const args = ['--quick', '--only', 'start', '--seed', '7', '--out', out];
    const { status, stdout, stderr } = await run('client/lab/bench.js', args);
    assert.is(status, 0, stderr);
    assert.match(stdout, /; seed 7, 3 repeats$/m);
    assert.match(stdout, /^start {2}ms until strsvr listens {2}about \S+ +<= 200 {2}not shown: 3 repeats/m);
    assert.match(stdout, /^start {2}ms of node -e 0 +about \S+$/m);
    const { seed, experiments, thresholds } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    assert.is(seed, 7);
    assert.is(experiments[0].runs.length, 6);
    assert.equal(
      thresholds.map(({ verdict }: { verdict?: string }) => verdict),
      ['not shown', undefined],
    );
  } finally {
    rmSync(out, { recursive: true });
  }
});

test('wrong usage is one line that says expected and got', async () => {
  const { status, stderr } = await run('client/lab/bench.js', ['--only', 'mayn']);
  assert.is(status, 2);
  assert.is(
    stderr,
    'bench: --only: expected many, one, burst, idle, long, start, journal, got "mayn" (see --help)\n',
  );
});

test.run();
