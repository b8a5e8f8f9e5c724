// strcheck: the list of checks, one-fault servers, the command line, the reports. The whole zoo is zoo-run.js.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Check, type Grade, LEVELS, scoreOf } from '../../client/check/check.js';
import { CHECKS } from '../../client/check/checks/all.js';
import { REPORTS } from '../../client/check/report/all.js';
import { terminalReport } from '../../client/check/report/terminal.js';
import { markedProcesses } from '../../client/check/server-processes.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { rejects } from '../support/cli-errors.js';
import { run } from '../support/program.js';
import { withStrsvr } from '../support/servers.js';
import { missingProgram, testWith } from '../support/skipping.js';
import { exhibits, failedChecks, GOOD } from './zoo.js';

const NEEDS = HAS_PROC ? missingProgram('python3') : 'there is no /proc';
const STRCHECK = 'client/check/strcheck.js';

test('the checks are worth 100 points, and each needs only checks before it in the report', () => {
  assert.is(
    CHECKS.reduce((sum, { points }) => sum + points, 0),
    100,
  );
  const before = new Set<string>();
  for (const { id, needs, hint, level, title } of CHECKS) {
    for (const need of needs)
      assert.ok(CHECKS.some((check) => check.id === need) && need !== id, `${id}: ${need}`);
    assert.not.ok(before.has(id), id);
    assert.ok(hint !== '' && title !== '' && LEVELS.includes(level), id);
    before.add(id);
  }
  const depth = (id: string, seen: readonly string[] = []): number => {
    assert.not.ok(seen.includes(id), `${id} needs itself`);
    const needs = CHECKS.find((check) => check.id === id)?.needs ?? [];
    return 1 + Math.max(0, ...needs.map((need) => depth(need, [...seen, id])));
  };
  for (const { id } of CHECKS) depth(id);
});

test('the zoo has a server for each check', () => {
  const failing = new Set(exhibits().map(({ fails }) => fails));
  assert.equal(
    CHECKS.map(({ id }) => id).filter((id) => !failing.has(id)),
    [],
  );
});

testWith(test, NEEDS, 'a good server passes every check', async () => {
  assert.equal(await failedChecks(GOOD), []);
});

for (const name of ['letter', 'batch', 'shared', 'lunch', 'restart']) {
  testWith(test, NEEDS, `the server of the zoo that fails ${name} passes what that needs`, async () => {
    const exhibit = exhibits().find((one) => one.name === name);
    assert.ok(exhibit);
    const { needs = [] } = CHECKS.find(({ id }) => id === name) ?? {};
    assert.equal(await failedChecks(exhibit.path, ['start', ...needs, name]), [name]);
  });
}

testWith(
  test,
  NEEDS,
  'a failure says why, what the kernel knows, how to mend it, and how to run it again',
  async () => {
    const path = exhibits().find(({ name }) => name === 'lunch')?.path ?? '';
    const { status, stdout } = await run(STRCHECK, ['--only', 'lunch', '--', 'python3', path, '{port}']);
    assert.is(status, 1);
    assert.match(stdout, /^FAIL lunch +0\/10 {2}a silent client delays no other$/m);
    assert.match(stdout, /client 2: expected a reply that ends in ., got nothing, then no more/);
    assert.match(
      stdout,
      /the kernel: thread \d+ sleeps in recvfrom for client 1; client 2 (has 1 byte unread|is not accepted)/,
    );
    assert.match(stdout, /mend: recv\(\) on a blocking socket .* \(4\.6\.1\)/);
    assert.ok(stdout.includes(`again: strcheck --only lunch -- python3 ${path} {port}\n`));
    assert.match(stdout, /0 of 10 points \(0 of 100\)\nfirst mend: lunch\n$/);
  },
);

testWith(test, NEEDS, 'a server that runs already is checked as far as it can be seen', async () => {
  await withStrsvr(['0'], async (_server, { port }) => {
    const only = 'start,letter,shared,restart';
    const { status, stdout } = await run(STRCHECK, [String(port), '--only', only]);
    assert.is(status, 0);
    assert.match(stdout, /^16 of 16 points \(100 of 100\)$/m);
    assert.match(
      stdout,
      /not judged, and no points taken:\n {2}restart: strcheck has not started the server/,
    );
  });
});

testWith(test, NEEDS, 'hostile servers end in time, with nothing left behind', async () => {
  const script = `
import os, signal, socket, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
s = socket.create_server(('127.0.0.1', int(sys.argv[1])))
if os.fork() == 0:
    os.setsid()
print('\\x1b[2J' + os.environ.get('SECRET', 'no secret'), 'mark', os.environ['STRCHECK_RUN'], flush=True)
time.sleep(600)
`;
  process.env['SECRET'] = 'a secret';
  const args = ['--only', 'letter', '--report', 'json', '--', 'python3', '-c', script, '{port}'];
  const { status, stdout } = await run(STRCHECK, args);
  delete process.env['SECRET'];
  assert.is(status, 0);
  const { checks } = JSON.parse(stdout) as { checks: Array<{ status: string; output: string }> };
  assert.is(checks[0]?.status, 'failed');
  const [, mark = ''] = /no secret mark (\S+)/.exec(checks[0]?.output ?? '') ?? [];
  assert.is.not(mark, '');
  assert.equal(markedProcesses(mark), []);
});

test('a command that does not end in a listening server fails start alone', async () => {
  if (!HAS_PROC) return;
  const { status, stdout } = await run(STRCHECK, ['--only', 'start', '--', '/does/not/exist', '{port}']);
  assert.is(status, 1);
  assert.match(
    stdout,
    /expected a server that listens on 127\.0\.0\.1:\d+, got its end: spawn \/does\/not\/exist ENOENT/,
  );
});

test('no server at the port: it cannot be judged, exit status 3', async () => {
  const { status, stdout, stderr } = await run(STRCHECK, ['1']);
  assert.equal([status, stdout], [3, '']);
  assert.match(stderr, /^strcheck: expected to connect a client, got connect ECONNREFUSED 127\.0\.0\.1:1\n$/);
});

test('--list prints each check with its level and its points', async () => {
  const { status, stdout } = await run(STRCHECK, ['--list']);
  assert.is(status, 0);
  assert.is(stdout.trimEnd().split('\n').length, CHECKS.length);
  assert.match(stdout, /^lunch +tutorial +10 {2}a silent client/m);
});

test('command lines that are wrong', async () => {
  await rejects('strcheck', STRCHECK, [
    [[], 'expected a port or -- COMMAND, got neither'],
    [['2000', '--', 'x', '{port}'], 'expected either a host and a port or -- COMMAND, got both'],
    [['--'], 'expected a command after --, got nothing'],
    [['--', './server'], 'expected {port} in the command, in place of the port'],
    [
      ['example.org', '2000'],
      'example.org is another machine; --yes-remote says that you may check its server',
    ],
    [['2000', '--only', 'nothing'], '--only: expected names that --list prints, got "nothing"'],
    [['port'], 'port: expected a whole number from 1 to 65535, got "port"'],
  ]);
});

// --- reports ---

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
  assert.match(page, /it printed: line\n {7}mend: a & b\n {7}again: strcheck --only two -- /);
  assert.match(page, /\n6 of 10 points \(60 of 100\)\nfirst mend: two\n$/);
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
