// The seeded bugs: each has its place in the code as it is now, and the hunt for them works. `make soak` runs all.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OrphanTracker } from '../support/orphan-tracker.js';
import { built, type Finished, Program } from '../support/program.js';
import { onPath, testWith } from '../support/skipping.js';
import { mutate } from './mutant.js';
import { runMutation } from './mutation-runner.js';
import { MUTATIONS } from './mutations.js';
import { observe } from './trial.js';

const NO_PROC = existsSync('/proc/self/environ') ? undefined : 'it is seen in /proc';

test('each bug has its place exactly once, and a test file that should catch it', () => {
  for (const bug of MUTATIONS) {
    assert.is.not(mutate(bug), readFileSync(built(`../${bug.file}`), 'utf8'), bug.name);
    assert.ok(existsSync(built(`test/${bug.caughtBy.file}.js`)), bug.name);
    assert.ok(bug.read.includes(bug.file), bug.name);
  }
  assert.is(new Set(MUTATIONS.map(({ name }) => name)).size, MUTATIONS.length);
});

test('a bug that a test catches is told from one that it does not', async () => {
  const bug = MUTATIONS.find(({ name }) => name === 'reply shows a later text');
  assert.ok(bug);
  const none = { ...bug, replace: bug.find };
  const [found, nothing] = await Promise.all([runMutation(bug), runMutation(none)]);
  assert.ok(found.caught, found.detail);
  assert.not(nothing.caught);
  assert.match(nothing.detail, /^these failed: \n/);
});

testWith(test, NO_PROC, 'what a test leaves behind is found and ended, whatever group it is in', async () => {
  const mark = new OrphanTracker('STRSVR_TEST_LEFT_BEHIND');
  const env = { ...process.env, ...mark.env };
  const child = spawn('sh', ['-c', 'sleep 60 >/dev/null & echo'], { env, detached: true });
  await once(child.stdout.resume(), 'end'); // only the sleep is left
  const [left] = mark.endAll();
  assert.match(left?.command ?? 'nothing was found', /sleep 60/);
  assert.equal(new OrphanTracker('STRSVR_TEST_LEFT_BEHIND').endAll(), []);
});

test('a bug whose place has changed is an error', () => {
  const [bug] = MUTATIONS;
  assert.ok(bug);
  assert.throws(() => mutate({ ...bug, find: 'nowhere' }), /expected its place once in .*, found it 0 times/);
});

test('exercises are listed by symptom, without their place: network before disk, easy before hard', async () => {
  const { stdout } = await exercise('.');
  assert.not.match(stdout, /\.js|\.ts/);
  const listed = stdout.split('\n').filter((line) => /^ *\d+ /.test(line));
  const ranks = listed.map((line) => {
    const [, difficulty = '', symptom = ''] = /^ *\d+ {2}(\w+) +(.*)$/.exec(line) ?? [];
    const bug = MUTATIONS.find((bug) => bug.symptom === symptom);
    assert.is(bug?.difficulty, difficulty, line);
    return `${bug?.trial.args.includes('--journal') ? 1 : 0} ${'easy medium hard'.indexOf(difficulty)}`;
  });
  assert.is(ranks.length, MUTATIONS.length);
  assert.equal(
    ranks,
    [...ranks].sort((one, other) => one.localeCompare(other, 'en', { numeric: true })),
  );
});

test('an exercise is made, shows its symptom, gives a hint, fails its check, and passes it when mended', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'strsvr-exercise-'));
  try {
    const bug = MUTATIONS.find(({ name }) => name === 'reply shows a later text');
    assert.ok(bug);
    const { stdout: list } = await exercise(cwd);
    const [, number = ''] = new RegExp(`^ *(\\d+) .*${bug.symptom}$`, 'm').exec(list) ?? [];
    const early = await exercise(cwd, number, 'check');
    assert.is(early.status, 2);
    assert.match(early.stderr, `there is no exercise/${number} yet`);

    const made = await exercise(cwd, number);
    assert.is(made.status, 0, made.stderr);
    assert.match(made.stdout, `  node exercise/${number}/dist/server/strsvr.js 2000\n`);
    assert.match(made.stdout, `  exercise/${number}/${bug.file}\n`);
    assert.not.match(made.stdout, bug.hint);
    assert.match((await exercise(cwd, number, 'hint')).stdout, bug.hint);
    const seen = onPath('nc') ? await observe(bug.trial, join(cwd, 'exercise', number)) : undefined;
    assert.is.not(seen?.wrong, false, seen?.output);

    const wrong = await exercise(cwd, number, 'check');
    assert.is(wrong.status, 1);
    assert.is(wrong.stderr, `failed: ${bug.caughtBy.file}: ${bug.caughtBy.title}\n`);

    const file = join(cwd, 'exercise', number, bug.file);
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, source.replace(bug.replace, 'syntax error'));
    const broken = await exercise(cwd, number, 'check');
    assert.is(broken.status, 1);
    assert.match(broken.stderr, /^failed: exercise\/\d+ does not compile\n.*session\.ts/);
    writeFileSync(file, source.replace(bug.replace, bug.find));
    assert.is((await exercise(cwd, number)).status, 0); // keeps what the student has done
    const right = await exercise(cwd, number, 'check');
    assert.is(right.status, 0, right.stderr);
    assert.match(right.stdout, `passed: ${bug.caughtBy.file}: ${bug.caughtBy.title}\n`);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});

test('an exercise that is not there is an error', async () => {
  const wrong = await exercise('.', '99');
  assert.is(wrong.status, 2);
  assert.is(wrong.stderr, `N: expected a number from 1 to ${MUTATIONS.length}, got 99\n`);
});

function exercise(cwd: string, ...args: readonly string[]): Promise<Finished> {
  return new Program(
    spawn(process.execPath, [built('test/mutations/exercise.js'), ...args], { cwd, stdio: 'pipe' }),
  ).finished;
}

test.run();
