// The checks, on a good server and on some with one fault each. All servers of the zoo: `make soak`, section
// zoo-faulty.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHECKS, readChecks } from '../../client/check/all-checks.js';
import { isInconclusive } from '../../client/check/attempt.js';
import { type Grade, scoreOf } from '../../client/check/check.js';
import { CheckFailure } from '../../client/check/check-failure.js';
import { LEVELS } from '../../client/check/protocol-level.js';
import { TOO_BUSY, unmetNeed } from '../../client/check/run-checks.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { concurrent } from '../support/concurrent.js';
import { testWith } from '../support/skipping.js';
import {
  command,
  exhibits,
  failedChecks,
  GOOD_C,
  GOOD_PYTHON,
  grade,
  LINE_LEVEL,
  missingFor,
  TUTORIAL_LEVEL,
} from './zoo.js';

const NO_PROC = HAS_PROC ? undefined : 'there is no /proc';
const SOME = ['reset.c', 'leak.c', 'restart.c'];

test('the checks are worth 100 points; each comes after those that it needs', () => {
  assert.is(
    CHECKS.reduce((sum, { points }) => sum + points, 0),
    100,
  );
  const before = new Set<string>();
  for (const { id, needs, hint, level, title } of CHECKS) {
    assert.not.ok(before.has(id), id);
    assert.ok(hint !== '' && title !== '' && LEVELS.includes(level), id);
    for (const need of needs) assert.ok(before.has(need), `${id} needs ${need}`);
    before.add(id);
  }
});

test('after a need that failed a check earns nothing; after one that could not be judged it is not judged', () => {
  const passed = { status: 'passed', counts: true } as const;
  const failed = { status: 'failed', counts: true } as const;
  const busy = { status: 'not judged', why: TOO_BUSY, counts: false } as const;
  const higher = { status: 'not judged', why: 'it belongs to level full', counts: false } as const;
  const unmet = (...results: ReadonlyArray<typeof passed | typeof failed | typeof busy | typeof higher>) =>
    unmetNeed(['a', 'b'], new Map(results.map((result, index) => ['ab'.charAt(index), result])));
  assert.is(unmet(passed, passed), undefined);
  assert.is(unmet(passed, higher), undefined);
  assert.equal(unmet(passed, busy), { why: TOO_BUSY, counts: false });
  assert.equal(unmet(busy, failed), { why: 'it needs b', counts: true });
});

test('on a busy machine a missed deadline is not judged, nor any failure after 15 s', () => {
  const [wrong, missed] = [new CheckFailure('wrong'), new CheckFailure('no end', { deadline: true })];
  const inconclusive = (failure: CheckFailure, tookMs: number, queued: number) =>
    isInconclusive(failure, queued, performance.now() - tookMs);
  assert.ok(inconclusive(missed, 5_000, 1));
  assert.not(inconclusive(missed, 5_000, 0.4), 'it did not wait for a core');
  assert.not(inconclusive(wrong, 5_000, 1), 'no time was missed');
  assert.ok(inconclusive(wrong, 16_000, 2));
  assert.not(inconclusive(wrong, 16_000, 1));
});

test('a file in the folder is a check; what cannot work is an error', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-checks-'));
  const read = async (...checks: ReadonlyArray<readonly [id: string, needs: readonly string[]]>) => {
    const path = mkdtempSync(join(folder, 'checks-'));
    for (const [id, needs] of checks) {
      const source = `export const check = { id: '${id}', level: 'line', points: 1, needs: ${JSON.stringify(needs)} };`;
      writeFileSync(join(path, `${id}.js`), source);
    }
    return (await readChecks(pathToFileURL(`${path}/`))).map(({ id }) => id);
  };
  const rejects = async (reading: Promise<unknown>, message: string) => {
    const error = await reading.catch((error: unknown) => error);
    assert.is(error instanceof Error && error.message, message);
  };
  try {
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    assert.equal(await read(['a', ['b']], ['b', []], ['c', []]), ['b', 'c', 'a']);
    await rejects(read(['a', ['d']]), 'check a needs d, which is not there');
    await rejects(read(['a', ['b']], ['b', ['a']]), 'check a needs itself');
    writeFileSync(join(folder, 'empty.js'), 'export {};');
    await rejects(readChecks(pathToFileURL(`${folder}/`)), 'empty.js exports no check');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the zoo has a server for each check', () => {
  const failing = new Set(exhibits().map(({ fails }) => fails));
  assert.equal(
    CHECKS.map(({ id }) => id).filter((id) => !failing.has(id)),
    [],
  );
});

const together = concurrent(test, 3);

function testServer(path: string, name: string, body: () => Promise<void>): void {
  const missing = NO_PROC ?? missingFor(path);
  if (missing === undefined) together(name, body);
  else testWith(test, missing, name, body);
}

const good = missingFor(GOOD_C) === undefined ? GOOD_C : GOOD_PYTHON;
testServer(good, 'a good server passes every check', async () => {
  assert.equal(await failedChecks(command(good)), []);
});

for (const { name, path, fails } of exhibits().filter(({ name }) => SOME.includes(name))) {
  testServer(path, `${name} of the zoo passes what ${fails} needs, and fails ${fails}`, async () => {
    assert.equal(await failedChecks(command(path), [...needsOf(fails), fails]), [fails]);
  });
}

// The same with all checks: `make soak`, section zoo-good.
testServer(TUTORIAL_LEVEL, "the tutorial's server has full points at level tutorial", async () => {
  const found = await grade(command(TUTORIAL_LEVEL), ['letter', 'lf', 'leave', 'many']);
  assert.equal([found.level, found.pair], ['tutorial', true]);
  assert.equal(statuses(found), ['letter passed', 'leave passed']);
  assert.equal(scoreOf(found.results), { points: 10, maxPoints: 10, percent: 100 });
});

testServer(LINE_LEVEL, 'a server without UTF-8 has full points at level line', async () => {
  const found = await grade(command(LINE_LEVEL), ['letter', 'lf', 'controls']);
  assert.equal([found.level, found.pair], ['line', false]);
  assert.equal(statuses(found), ['letter passed', 'lf passed']);
  assert.is(scoreOf(found.results).percent, 100);
});

function statuses({ results }: Grade): string[] {
  return results.filter(({ counts }) => counts).map(({ check, status }) => `${check.id} ${status}`);
}

function needsOf(id: string): string[] {
  const needs = CHECKS.find((check) => check.id === id)?.needs ?? [];
  return [...needs, ...needs.flatMap(needsOf)];
}

test.run();
