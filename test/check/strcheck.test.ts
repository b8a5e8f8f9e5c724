// strcheck as a command: what it prints, its exit status, and that nothing is left behind.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHECKS } from '../../client/check/all-checks.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { rejects } from '../support/cli-errors.js';
import { run } from '../support/program.js';
import { withServer } from '../support/servers.js';
import { missingProgram, testWith } from '../support/skipping.js';
import { command, exhibits } from './zoo.js';

const NO_PYTHON = HAS_PROC ? missingProgram('python3') : 'there is no /proc';
const STRCHECK = 'client/check/strcheck.js';

testWith(
  test,
  NO_PYTHON,
  'a failure says why, what the kernel knows, how to fix it, and how to run it again',
  async () => {
    const path = exhibits().find(({ name }) => name === 'lunch.py')?.path ?? '';
    const server = command(path);
    const { status, stdout } = await run(STRCHECK, ['--only', 'lunch', '--', ...server]);
    assert.is(status, 1);
    assert.match(stdout, /^FAIL lunch +0\/10 {2}a silent client delays no other$/m);
    assert.match(stdout, /client 2: expected a reply that ends in ., got nothing, then no more/);
    assert.match(
      stdout,
      /the kernel: thread \d+ sleeps in recvfrom for client 1; client 2 (has 1 byte unread|is not accepted)/,
    );
    assert.match(stdout, /fix: recv\(\) on a blocking socket .* \(4\.6\.1\)/);
    assert.ok(stdout.includes(`again: strcheck --only lunch -- ${server.join(' ')}\n`));
    assert.match(stdout, /0 of 10 points \(0 of 100\)\nfix first: lunch\n$/);
  },
);

testWith(test, NO_PYTHON, 'a server that runs already is checked as far as it can be seen', async () => {
  await withServer({}, async ({ address: { port } }) => {
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
    [['2000', '--csv', 'a.csv'], 'expected --csv together with --class'],
    [['2000', '--class', '.'], 'expected either --class or a host and a port, got both'],
    [['--class', '/does/not/exist'], '--class: expected a folder, got "/does/not/exist"'],
    [['--class', '.', '--report', 'tap'], 'expected --csv for a class, got --report'],
    [['--class', '.', '--', './server'], 'expected {port} in the command, in place of the port'],
    [['port'], 'port: expected a whole number from 1 to 65535, got "port"'],
  ]);
});

test.run();
