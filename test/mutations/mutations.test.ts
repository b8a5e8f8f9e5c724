// Every mutation can be applied to the current code, and the runner distinguishes caught from not caught. `make soak` runs
// all mutations.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OrphanTracker } from '../support/orphan-tracker.js';
import { built, type Finished, Program } from '../support/program.js';
import { onPath, SLOW, testWith } from '../support/skipping.js';
import { mutate } from './mutant.js';
import { ALL_MUTATIONS, runMutation } from './mutation-runner.js';
import { MUTATIONS } from './mutations.js';
import { observe } from './trial.js';

const NO_PROC = existsSync('/proc/self/environ') ? undefined : 'it is seen in /proc';

test('each mutation applies exactly once, and the test that should catch it exists', () => {
  for (const mutation of ALL_MUTATIONS) {
    assert.is.not(mutate(mutation), readFileSync(built(`../${mutation.file}`), 'utf8'), mutation.name);
    assert.ok(
      titlesOf(mutation.caughtBy.file).some((title) => title.test(mutation.caughtBy.title)),
      mutation.name,
    );
  }
  for (const { name, file, read } of MUTATIONS) assert.ok(read.includes(file), name);
  assert.is(new Set(ALL_MUTATIONS.map(({ name }) => name)).size, ALL_MUTATIONS.length);
});

testWith(test, SLOW, 'a caught mutation is distinguished from one that survives', async () => {
  const mutation = MUTATIONS.find(({ name }) => name === 'short send cut'); // its test file is a fast one
  assert.ok(mutation);
  const none = { ...mutation, replace: mutation.find };
  const [found, nothing] = await Promise.all([runMutation(mutation), runMutation(none)]);
  assert.ok(found.caught, found.detail);
  assert.not(nothing.caught);
  assert.match(nothing.detail, /^these failed: \n/);
});

testWith(
  test,
  NO_PROC,
  'a process that a test leaves behind is found and killed, in any process group',
  async () => {
    const orphans = new OrphanTracker('ORPHANS_OF_STRSVR_TEST_LEFT_BEHIND');
    const env = { ...process.env, ...orphans.env };
    const child = spawn('sh', ['-c', 'sleep 60 >/dev/null & echo'], { env, detached: true });
    await once(child.stdout.resume(), 'end'); // only the sleep is left
    const [left] = orphans.endAll();
    assert.match(left?.command ?? 'nothing was found', /sleep 60/);
    assert.equal(new OrphanTracker('ORPHANS_OF_STRSVR_TEST_LEFT_BEHIND').endAll(), []);
  },
);

test('a mutation that no longer applies is an error', () => {
  const [mutation] = MUTATIONS;
  assert.ok(mutation);
  assert.throws(
    () => mutate({ ...mutation, find: 'nowhere' }),
    /expected the text to replace once in .*, found it 0 times/,
  );
});

test('exercises are listed by symptom, not by file: network before disk, easy before hard', async () => {
  const { stdout } = await exercise('.');
  assert.not.match(stdout, /\.js|\.ts/);
  const listed = stdout.split('\n').filter((line) => /^ *\d+ /.test(line));
  const ranks = listed.map((line) => {
    const [, difficulty = '', symptom = ''] = /^ *\d+ {2}(\w+) +(.*)$/.exec(line) ?? [];
    const mutation = MUTATIONS.find((mutation) => mutation.symptom === symptom);
    assert.is(mutation?.difficulty, difficulty, line);
    return `${mutation?.trial.args.includes('--journal') ? 1 : 0} ${'easy medium hard'.indexOf(difficulty)}`;
  });
  assert.is(ranks.length, MUTATIONS.length);
  assert.equal(
    ranks,
    [...ranks].sort((one, other) => one.localeCompare(other, 'en', { numeric: true })),
  );
});

testWith(
  test,
  SLOW,
  'an exercise is made, shows its symptom, gives a hint, fails its check, and passes it when fixed',
  async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'strsvr-exercise-'));
    try {
      const mutation = MUTATIONS.find(({ name }) => name === 'reply shows a later text');
      assert.ok(mutation);
      const { stdout: list } = await exercise(cwd);
      const [, number = ''] = new RegExp(`^ *(\\d+) .*${mutation.symptom}$`, 'm').exec(list) ?? [];
      const early = await exercise(cwd, number, 'check');
      assert.is(early.status, 2);
      assert.match(early.stderr, `there is no exercise/${number} yet`);

      const made = await exercise(cwd, number);
      assert.is(made.status, 0, made.stderr);
      assert.match(made.stdout, `  node exercise/${number}/dist/server/strsvr.js 2000\n`);
      assert.match(made.stdout, `  exercise/${number}/${mutation.file}\n`);
      assert.not.match(made.stdout, mutation.hint);
      assert.match((await exercise(cwd, number, 'hint')).stdout, mutation.hint);
      const seen = onPath('nc') ? await observe(mutation.trial, join(cwd, 'exercise', number)) : undefined;
      assert.is.not(seen?.wrong, false, seen?.output);

      const wrong = await exercise(cwd, number, 'check');
      assert.is(wrong.status, 1);
      assert.is(wrong.stderr, `failed: ${mutation.caughtBy.file}: ${mutation.caughtBy.title}\n`);

      const file = join(cwd, 'exercise', number, mutation.file);
      const source = readFileSync(file, 'utf8');
      writeFileSync(file, source.replace(mutation.replace, 'syntax error'));
      const broken = await exercise(cwd, number, 'check');
      assert.is(broken.status, 1);
      assert.match(broken.stderr, /^failed: exercise\/\d+ does not compile\n.*session\.ts/);
      writeFileSync(file, source.replace(mutation.replace, mutation.find));
      assert.is((await exercise(cwd, number)).status, 0); // keeps the student's work
      const right = await exercise(cwd, number, 'check');
      assert.is(right.status, 0, right.stderr);
      assert.match(right.stdout, `passed: ${mutation.caughtBy.file}: ${mutation.caughtBy.title}\n`);
    } finally {
      rmSync(cwd, { recursive: true });
    }
  },
);

test('an unknown exercise number is an error', async () => {
  const wrong = await exercise('.', '99');
  assert.is(wrong.status, 2);
  assert.is(wrong.stderr, `N: expected a number from 1 to ${MUTATIONS.length}, got 99\n`);
});

/** The long string and template literals of a test file; what a template fills in may be anything. */
function titlesOf(file: string): RegExp[] {
  const source = readFileSync(built(`test/${file}.js`), 'utf8');
  return [...source.matchAll(/(['"`])((?:(?!\1)[^\\\n]|\\.){15,})\1/g)].flatMap(([, , literal = '']) => {
    const fixed = literal.split(/\$\{[^}]*\}/);
    if (fixed.join('').length < 15) return [];
    return new RegExp(`^${fixed.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.+')}$`);
  });
}

function exercise(cwd: string, ...args: readonly string[]): Promise<Finished> {
  return new Program(
    spawn(process.execPath, [built('test/mutations/exercise.js'), ...args], { cwd, stdio: 'pipe' }),
  ).finished;
}

test.run();
