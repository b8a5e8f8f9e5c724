// The seeded bugs: each has its place in the code as it is now, and the hunt for them works. `make soak` runs all.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BUGS, broken } from './bugs.js';
import { Mark } from './mark.js';
import { hunt } from './seeded.js';
import { ByteClient, built, run, testWith, withStrsvr } from './support.js';

const NO_PROC = existsSync('/proc/self/environ') ? undefined : 'it is seen in /proc';

test('each bug has its place exactly once, and a test file that should catch it', () => {
  for (const bug of BUGS) {
    assert.is.not(broken(bug), readFileSync(built(bug.file), 'utf8'), bug.name);
    assert.ok(existsSync(built(`test/${bug.caughtBy.file}.js`)), bug.name);
  }
  assert.is(new Set(BUGS.map(({ name }) => name)).size, BUGS.length);
});

test('a bug that a test catches is told from one that it does not', async () => {
  const bug = BUGS.find(({ name }) => name === 'short send cut');
  assert.ok(bug);
  const none = { ...bug, replace: bug.find };
  const [found, nothing] = await Promise.all([hunt(bug), hunt(none)]);
  assert.ok(found.caught, found.detail);
  assert.not(nothing.caught);
  assert.match(nothing.detail, /^these failed: \n/);
});

testWith(test, NO_PROC, 'what a test leaves behind is found and ended, whatever group it is in', async () => {
  const mark = new Mark('STRSVR_TEST_LEFT_BEHIND');
  const env = { ...process.env, ...mark.env };
  const child = spawn('sh', ['-c', 'sleep 60 >/dev/null & echo'], { env, detached: true });
  await once(child.stdout.resume(), 'end'); // only the sleep is left
  const [left] = mark.endAll();
  assert.match(left?.command ?? 'nothing was found', /sleep 60/);
  assert.equal(new Mark('STRSVR_TEST_LEFT_BEHIND').endAll(), []);
});

test('a bug whose place has changed is an error', () => {
  const [bug] = BUGS;
  assert.ok(bug);
  assert.throws(() => broken({ ...bug, find: 'nowhere' }), /expected its place once in .*, found it 0 times/);
});

test('an exercise is listed without its place, and a copy with the bug is made', async () => {
  const list = await run('test/exercise.js');
  assert.is(list.stdout.trim().split('\n').length, BUGS.length + 1);
  assert.not.match(list.stdout, /\.js|\.ts/);
  const number = 1 + BUGS.findIndex(({ name }) => name === 'decoding per chunk');
  const { stdout } = await run('test/exercise.js', [String(number)]);
  const folder = built(`exercise-${number}`);
  try {
    assert.match(stdout, /one thing is wrong:\n {2}Now and then an emoji becomes several question marks/);
    const [, path = ''] = /node (\S+strsvr\.js)/.exec(stdout) ?? [];
    assert.ok(existsSync(path), path);
    // Its coverage would be that of files which are gone when the report is made.
    const uncovered = ['env', '-u', 'NODE_V8_COVERAGE'];
    const exercise = `exercise-${number}/dist/server/strsvr.js`;
    await withStrsvr(
      ['0'],
      async (_server, address) => {
        const client = await ByteClient.connect(address);
        client.send('a');
        assert.is((await client.receive(1)).toString(), 'a');
        client.close();
      },
      exercise,
      uncovered,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
  const wrong = await run('test/exercise.js', ['99']);
  assert.is(wrong.status, 2);
  assert.is(wrong.stderr, `N: expected a number from 1 to ${BUGS.length}, got 99\n`);
});

test.run();
