// strclnt --follow: it prints what others add, without a gap or a repeat, whatever becomes of the server.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteClient } from '../support/byte-client.js';
import { rejects } from '../support/cli-errors.js';
import { newFile } from '../support/journal-fixtures.js';
import { ended, Program } from '../support/program.js';
import { type Address, withServer, withStrsvr } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';

async function append(address: Address, letters: string): Promise<void> {
  const client = await ByteClient.connect(address);
  client.send(letters);
  await client.endAndReceive();
}

function strclnt(...args: string[]): Program {
  return new Program('client/strclnt.js', ['--follow', ...args]);
}

test('it prints what others add from now on, or from an offset, and ends with the server', async () => {
  await withServer({ http: '0' }, async (server) => {
    const port = String(server.http?.port);
    await append(server.address, 'aé');
    const [whole, rest] = [
      strclnt('--http-port', port, '--from', '0'),
      strclnt(`http://localhost:${port}`, '--from', '1'),
    ];
    await whole.waitFor('stdout', /^aé$/);
    await rest.waitFor('stdout', /^é$/);
    await append(server.address, '€');
    await Promise.all([whole.waitFor('stdout', /^aé€$/), rest.waitFor('stdout', /^é€$/)]);
    const stopped = server.stop();
    for (const [client, text] of [
      [whole, 'aé€'],
      [rest, 'é€'],
    ] as const)
      assert.equal(await ended(client), { status: 0, stdout: text, stderr: '' });
    await stopped;
  });
});

testWith(test, SLOW, 'it resumes after kill -9 of the server, byte for byte', async () => {
  const journal = newFile();
  let follower: Program | undefined;
  let http = '0';
  for (const letters of ['ab', 'cé', 'd']) {
    await withStrsvr(['0', '--http', http, '--journal', journal], async (server, address) => {
      [, http = ''] = await server.waitFor('stderr', /http:\/\/127\.0\.0\.1:(\d+)\//);
      follower ??= strclnt('--http-port', http, '--from', '0');
      await append(address, letters);
      const expected = readFileSync(journal, 'utf8');
      await follower.waitFor('stdout', new RegExp(`^${expected}$`));
      if (letters === 'd') server.child.kill('SIGTERM');
      else server.child.kill('SIGKILL');
      await server.finished;
    });
  }
  const { status, stdout, stderr } = await ended(follower as Program);
  assert.equal([status, stdout], [0, 'abcéd']);
  assert.match(stderr, /^strclnt: lost 127\.0\.0\.1:\d+, trying again: the connection broke\n/);
});

testWith(
  test,
  SLOW,
  'another text after a restart, longer or shorter, is not taken for a continuation',
  async () => {
    for (const second of ['abc', '']) {
      let follower: Program | undefined;
      let http = '0';
      for (const letters of ['abc', second]) {
        await withStrsvr(['0', '--http', http], async (server, address) => {
          [, http = ''] = await server.waitFor('stderr', /http:\/\/127\.0\.0\.1:(\d+)\//);
          await append(address, letters);
          const started = follower;
          follower ??= strclnt('--http-port', http, '--from', '0');
          await follower.waitFor('stdout', /abc/);
          await started?.finished;
        });
      }
      const { status, stdout, stderr } = await ended(follower as Program);
      assert.equal([status, stdout], [1, 'abc']);
      assert.match(stderr, /has another text now, so it cannot be followed on\n$/);
    }
  },
);

test('no server, no HTTP port, or another server: one line and exit 1', async () => {
  const other = createServer((_request, response) => response.writeHead(404).end('nothing here\n')).listen(
    0,
    '127.0.0.1',
  );
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const answered = await strclnt('--http-port', String(port)).finished;
  assert.equal(
    [answered.status, answered.stderr],
    [1, `strclnt: 127.0.0.1:${port} answers 404: nothing here\n`],
  );
  other.close();
  await once(other, 'close');
  const rejected = await strclnt('--http-port', String(port)).finished;
  assert.equal(
    [rejected.status, rejected.stderr],
    [1, `strclnt: no server at 127.0.0.1:${port}; start one first, with: strsvr --http ${port}\n`],
  );
  await withServer({}, async ({ address }) => {
    const { status, stderr } = await strclnt('--http-port', String(address.port)).finished;
    assert.is(status, 1);
    assert.match(stderr, /^strclnt: cannot connect to 127\.0\.0\.1:\d+: [^\n]+\n$/);
  });
});

test('command lines that are wrong', async () => {
  const wanted = '--follow wants a URL such as http://127.0.0.1:2001, or a host and --http-port';
  await rejects('strclnt', 'client/strclnt.js', [
    [['--follow'], wanted],
    [['--follow', '127.0.0.1', '2001'], wanted],
    [['--follow', 'http://x', '--http-port', '2001'], wanted],
    [['--follow', 'https://x'], 'host: expected a URL that begins with http://, got https://x'],
    [['--follow', 'a b', '--http-port', '1'], 'host: expected a URL that begins with http://, got a b'],
    [['--http-port', '1'], '--http-port wants --follow'],
    [['--from', '1'], '--from wants --follow'],
    [
      ['--follow', '--from', '-1', '--http-port', '1'],
      '--from: expected a whole number from 0 to 1073741824, got "-1"',
    ],
  ]);
});

test.run();
