// client/examples: each program runs as its first line says.

import { spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { built, Program, run } from '../support/program.js';
import { withStrsvr } from '../support/servers.js';
import { onPath, testWith } from '../support/skipping.js';

const REPLIES = 'a\nab\nabc\n';

test('library-server: prints the events of one client and the final text', async () => {
  await withStrsvr(
    ['0'],
    async (server, { host, port }) => {
      assert.is((await run('client/strclnt.js', [host, String(port)], 'ab')).stdout, 'a\nab\n');
      const { status, stdout } = await server.finished;
      assert.is(status, 0);
      assert.match(
        stdout,
        /^listening\nlistening on .+:\d+\naccepted\nclosed\nstats\nthe final text is ab\n$/,
      );
    },
    'client/examples/library-server.js',
  );
});

test('library-client: prints each reply', async () => {
  await withStrsvr(['0'], async (_server, { port }) => {
    const { status, stdout } = await run('client/examples/library-client.js', [String(port)]);
    assert.equal([status, stdout], [0, REPLIES]);
  });
});

const MISSING = onPath('python3') ? undefined : 'there is no python3';
testWith(test, MISSING, 'raw_socket.py: prints each reply', async () => {
  await withStrsvr(['0'], async (_server, { port }) => {
    const script = built('../client/examples/raw_socket.py');
    const client = new Program(spawn('python3', [script, String(port)], { stdio: 'pipe' }));
    const { status, stdout } = await client.finished;
    assert.equal([status, stdout], [0, REPLIES]);
  });
});

test.run();
