// A small share of the sections of `make soak` that no other test covers (resets are in attack.test.ts). Times are reported
// without limits, because other tests run at the same time.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../support/program.js';
import { quick, SLOW, testWith } from '../support/skipping.js';
import { nonReadersWithFewLetters, nonReadersWithManyLetters, paste } from './attacks.js';
import { failingLog } from './failing-log.js';
import { followers } from './followers.js';
import { journalFaults } from './journal-faults.js';
import { leak, slopeOf } from './leak.js';
import { manyClients } from './many-clients.js';
import { shutdown } from './shutdown.js';
import { atMost, exactly, info, nothing, type Section } from './suite.js';

const SHARE = 0.004;

/** Tests sections. Starts them at once, since they mostly wait; the test awaits the rows. */
function it(title: string, ...sections: Array<Section['run']>): void {
  const scope = { share: SHARE, latencyMs: Number.POSITIVE_INFINITY, progress: () => {} };
  const rows = quick ? Promise.resolve([]) : Promise.all(sections.map((section) => section(scope)));
  rows.catch(() => {}); // the test rejects then
  testWith(test, SLOW, title, async () => {
    const missed = (await rows).flat().filter((row) => !row.good);
    assert.equal(missed, []);
  });
}

it('300 idle clients and 30 that type: each letter is answered', manyClients);
it(
  'clients that send and never read cost little memory and are disconnected; other clients are not affected',
  nonReadersWithFewLetters,
  nonReadersWithManyLetters,
);
it('most input of a client that pastes and never reads stays at the client', paste);
it('with a failing log, letters are answered, dropped lines are counted, and SIGTERM ends in order', (scope) =>
  failingLog(scope, ['events']));
it('steady load leaks nothing', leak);
it('SIGTERM while clients send, each I/O model: the final value explains all replies', shutdown);
it('followers over HTTP miss and repeat nothing across kill -9 of the server', followers);
it('faults at system calls on the journal lose no answered letter', journalFaults);

test('a figure beyond its limit fails', () => {
  assert.equal(atMost('memory', 64.04, 64, 'MiB').good, false);
  assert.equal(atMost('memory', 64, 64, 'MiB'), {
    what: 'memory, at most 64 MiB',
    figure: '64.0 MiB',
    good: true,
  });
  assert.is(atMost('p99', Number.NaN, 100, 'ms').good, false);
  assert.is(atMost('p99', 999, Number.POSITIVE_INFINITY, 'ms').good, true);
  assert.is(exactly('letters', 9, 10).good, false);
  assert.equal(nothing('broken', ['I1: a']), { what: 'broken: I1: a', figure: 1, good: false });
  assert.is(info('skipped', 'no /proc').good, true);
});

test('the slope of noisy points', () => {
  const noise = (x: number) => (x % 2 === 0 ? 1 : -1);
  const points = Array.from({ length: 100 }, (_, x) => [x, 5 + 3 * x + noise(x)] as const);
  assert.ok(Math.abs(slopeOf(points) - 3) < 0.01);
});

test('sections are run by name and in a share; an unknown one is a mistake', async () => {
  const { status, stdout } = await run('test/soak/soak.js', ['0.001', 'seeds']);
  assert.is(status, 0, stdout);
  assert.match(
    stdout,
    /^seeds of the simulator +20\n {2}violations +0\nseeds of the simulator of a cluster +5\n {2}violations +0\nprocesses left behind +0\nall good, in \d+\.\d minutes\n$/,
  );
  for (const wrong of [['0', 'seeds'], ['flood']]) {
    const { status, stderr } = await run('test/soak/soak.js', wrong);
    assert.is(status, 2);
    assert.match(stderr, /^expected a share above 0 and some of many-clients, non-readers, .*, got \w+/);
  }
});

test.run();
