// Servers that do not want to be checked: they end in time with nothing left behind, and what they print is escaped.

import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckedServer, LimitError } from '../../client/check/checked-server.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { concurrent } from '../support/concurrent.js';
import { ended, Program, skipChildCoverage } from '../support/program.js';
import { missingProgram, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';
import { command, HOSTILE, hostileServers } from './zoo.js';

skipChildCoverage(); // strcheck.test.ts covers the command
const NO_PYTHON = HAS_PROC ? missingProgram('python3') : 'there is no /proc';
const STRCHECK = 'client/check/strcheck.js';
const together = concurrent(test, 3);

/** The processes of a hostile server, by the path on their command lines. */
function processesOf(path: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const [, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes(path) && !words.some((word) => word.endsWith('strcheck.js'));
    } catch {
      return false;
    }
  });
}

// `make soak`, section zoo, also runs the one that eats memory.
for (const { name, path } of hostileServers().filter(({ name }) => name !== 'eats-memory.py')) {
  const body = async () => {
    const args = ['--only', 'letter', '--report', 'json', '--', ...command(path)];
    const strcheck = new Program(STRCHECK, args, [], []);
    const { stdout } = await strcheck.finished;
    const { checks } = JSON.parse(stdout) as { checks: Array<{ status: string; output?: string }> };
    assert.is.not(checks[0]?.status, 'passed');
    assert.not.match(stdout, /[^\n\u0020-\u007e\u00a0-\uffff]/);
    assert.ok((checks[0]?.output ?? '').length <= 30_000);
    assert.equal(processesOf(path), []);
  };
  const title = `${name}: it does not pass, and nothing is left behind`;
  if (NO_PYTHON === undefined) together(title, body);
  else testWith(test, NO_PYTHON, title, body);
}

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
