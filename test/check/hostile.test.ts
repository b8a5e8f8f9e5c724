// Servers that do not want to be checked: they end in time with nothing left behind, and what they print is escaped.

import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckedServer, LimitError } from '../../client/check/checked-server.js';
import { IsolatedProcess } from '../../client/check/isolated-process.js';
import { OutputTail } from '../../client/check/output-tail.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { ended, Program, skipChildCoverage } from '../support/program.js';
import { missingProgram, SLOW, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';
import { command, HOSTILE, HOSTILE_SERVERS, hostileFaults, processesOf } from './zoo.js';

skipChildCoverage(); // strcheck.test.ts covers the command
const NO_PYTHON = HAS_PROC ? missingProgram('python3') : 'there is no /proc';
const STRCHECK = 'client/check/strcheck.js';
const SOME = ['many-sockets.py', 'never-ends.py'];

// `make soak`, section zoo-hostile, has all of them.
for (const server of HOSTILE_SERVERS.filter(({ name }) => SOME.includes(name)))
  testWith(
    test,
    SLOW ?? NO_PYTHON,
    `${server.name}: it does not pass, and nothing is left behind`,
    async () => assert.equal(await hostileFaults(server), []),
  );

test('of what a server prints the end is kept, and it has to wait', async () => {
  const printed = new PassThrough({ highWaterMark: 1 << 20 });
  let seen = 0;
  const tail = new OutputTail([printed, null], () => {
    seen += 1;
  });
  printed.write(`${'x'.repeat(260_000)}\u001b[2Jend`);
  await until(() => seen > 0);
  assert.ok(printed.isPaused());
  assert.equal([tail.text.length, tail.text.slice(-7)], [30_000, '\u001b[2Jend']);
  printed.write('!');
  await until(() => tail.text.endsWith('end!'));
  tail.close();
  assert.ok(printed.destroyed);
});

test('what a program prints last is kept, also if its child prints it after its end', async () => {
  const untilEnded = 'while kill -0 $$; do sleep 0.01; done';
  const program = new IsolatedProcess([
    'sh',
    '-c',
    `(${untilEnded}; echo last >&3) 3>&1 2>/dev/null & exit 3`,
  ]);
  await program.exited;
  assert.equal([program.ended, program.output], ['exit status 3', 'last\n']);
  await program.stop();
});

testWith(test, NO_PYTHON, 'SIGINT ends the servers of a check that runs; they know no secrets', async () => {
  const path = `${HOSTILE}/never-ends.py`;
  process.env['SECRET'] = 'a secret';
  const strcheck = new Program(STRCHECK, ['--only', 'letter', '--', ...command(path)]);
  delete process.env['SECRET'];
  await until(() => processesOf(path).length === 3);
  assert.not.match(
    processesOf(path)
      .map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'))
      .join(''),
    /SECRET|COVERAGE/,
  );
  strcheck.child.kill('SIGINT');
  assert.is((await ended(strcheck)).status, 130);
  assert.equal(processesOf(path), []);
});

test('a check opens at most 64 connections and sends at most 20 MB', () => {
  class Server extends CheckedServer {
    readonly address = { host: '127.0.0.1', port: 1 };
    readonly ended = undefined;
    readonly output = '';
    readonly listener = undefined;
    pids = () => [];
    stop = async () => {};
  }
  const server = new Server();
  for (let open = 0; open < 64; open += 1) server.countConnection(1);
  assert.throws(
    () => server.countConnection(1),
    (error: unknown) => error instanceof LimitError,
  );
  server.countConnection(-1);
  server.countConnection(1);
  server.countSent(20_000_000);
  assert.throws(() => server.countSent(1), /strcheck sends at most 20 MB/);
});

test.run();
