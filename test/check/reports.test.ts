// The reports of strcheck, each against the rules of its format.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Check, type Grade, scoreOf } from '../../client/check/check.js';
import { REPORTS } from '../../client/check/report/all.js';
import { terminalReport } from '../../client/check/report/terminal.js';

function check(id: string, points: number): Check {
  return {
    id,
    level: 'tutorial',
    points,
    title: `title of <${id}>`,
    needs: [],
    clients: 1,
    hint: 'a & b',
    run: async () => {},
  };
}

const GRADE: Grade = {
  server: './server {port}',
  level: 'line',
  pair: false,
  results: [
    { check: check('one', 6), status: 'passed', seconds: 0.5, counts: true },
    {
      check: check('two', 3),
      status: 'failed',
      why: 'expected "a", got "\u001b\u0007"',
      kernel: 'thread 1 runs',
      output: 'line\n',
      seconds: 1,
      counts: true,
    },
    { check: check('three', 1), status: 'not judged', why: 'it needs two', seconds: 0, counts: true },
    {
      check: check('four', 90),
      status: 'not judged',
      why: 'it belongs to level full',
      seconds: 0,
      counts: false,
    },
  ],
};

test('a check whose need failed earns nothing; one that cannot be judged does not count', () => {
  assert.equal(scoreOf(GRADE.results), { points: 6, maxPoints: 10, percent: 60 });
  assert.equal(scoreOf([]), { points: 0, maxPoints: 0, percent: 0 });
});

test('the terminal page escapes what servers print and send', () => {
  const page = terminalReport(GRADE, 'strcheck --only ID -- ./server {port}');
  assert.not.ok(page.includes('\u001b'));
  assert.match(page, /^ok {3}one +6\/6/m);
  assert.match(page, /^- {4}three +0\/1 {2}title of <three> \(it needs two\)$/m);
  assert.match(page, /it printed: line\n {7}fix: a & b\n {7}again: strcheck --only two -- /);
  assert.match(page, /\n6 of 10 points \(60 of 100\)\nfix first: two\n$/);
});

test('TAP: version, plan, a line for each check, YAML below what failed', () => {
  const lines = REPORTS.tap(GRADE).split('\n');
  assert.equal(lines.slice(0, 2), ['TAP version 14', '1..4']);
  const points = lines.filter((line) => /^(not )?ok /.test(line));
  assert.equal(points, [
    'ok 1 - one: title of <one>',
    'not ok 2 - two: title of <two>',
    'not ok 3 - three: title of <three>',
    'ok 4 - four: title of <four> # SKIP it belongs to level full',
  ]);
  const rest = lines.slice(2).filter((line) => !points.includes(line) && line !== '');
  for (const line of rest) assert.match(line, /^ {2}/);
  assert.is(rest.filter((line) => line === '  ---').length, rest.filter((line) => line === '  ...').length);
});

test('JUnit: well-formed, counts that add up, no character that XML forbids', () => {
  const xml = REPORTS.junit(GRADE);
  const open: string[] = [];
  for (const [, close, name = '', empty] of xml.matchAll(/<(\/?)([a-z]+)(?:\s[a-z]+="[^"<]*")*(\/?)>/g)) {
    if (close) assert.is(open.pop(), name);
    else if (!empty) open.push(name);
  }
  assert.equal(open, []);
  assert.match(xml, /<testsuites tests="4" failures="2" errors="0" skipped="1" time="1\.500">/);
  assert.match(xml, /<failure message="expected &quot;a&quot;, got &quot;\\u\{1B\}\\u\{7\}&quot;">/);
  assert.not.match(xml, /[^\n\u0020-\ud7ff]/u);
});

test('Gradescope: score, tests and visibility as its specification has them', () => {
  const report = JSON.parse(REPORTS.gradescope(GRADE));
  assert.equal([report.score, report.execution_time, report.visibility], [60, 1.5, 'visible']);
  assert.equal(
    report.tests.map(({ score, max_score, status }: Record<string, unknown>) => [score, max_score, status]),
    [
      [6, 6, 'passed'],
      [0, 3, 'failed'],
      [0, 1, 'failed'],
    ],
  );
  for (const one of report.tests)
    assert.equal(Object.keys(one), ['name', 'score', 'max_score', 'status', 'output', 'visibility']);
});

test('Classroom 50: the fields of classroom50/result/v1, scores that add up', () => {
  const report = JSON.parse(REPORTS.classroom50(GRADE));
  assert.is(report.schema, 'classroom50/result/v1');
  assert.match(report.datetime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal([report.score, report['max-score']], [6, 10]);
  for (const one of report.tests)
    assert.equal(Object.keys(one), ['test-name', 'passed', 'score', 'max-score']);
});

test('JSON: everything, each check with its status', () => {
  const report = JSON.parse(REPORTS.json(GRADE));
  assert.equal([report.level, report.points, report.maxPoints], ['line', 6, 10]);
  assert.equal(
    report.checks.map(({ status }: { status: string }) => status),
    ['passed', 'failed', 'not judged', 'not judged'],
  );
});

test.run();
