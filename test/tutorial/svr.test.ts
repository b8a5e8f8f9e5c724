// svr and wps: svr runs w or ps only, and answers line by line. Most tests put programs with known output in front of the
// PATH. Also with the tutorial's own two programs, here in Python 3.

import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteClient } from '../support/byte-client.js';
import { rejects } from '../support/cli-errors.js';
import { concurrent } from '../support/concurrent.js';
import { Program, python, run } from '../support/program.js';
import { type Address, at, withNetServer, withStrsvr } from '../support/servers.js';
import { missingProgram, SLOW, testWith } from '../support/skipping.js';
import { TIMEOUT_MS, until } from '../support/waiting.js';

const SVR = 'server/tutorial/svr.js';
const WPS = 'client/tutorial/wps.js';
const W = 'moon, sun\nand\nstars\n';
const PS = '  PID CMD\n    1 init\n';
const REJECTED = 'svr: rejected, expected w or ps\n';

/** Programs of a test, by name, as the bodies of shell scripts; FOLDER stands for where they are. */
type Programs = Readonly<Record<string, string>>;

const KNOWN: Programs = {
  w: `printf '${W.replaceAll('\n', '\\n')}'`,
  ps: `printf '${PS.replaceAll('\n', '\\n')}'`,
  id: 'echo > FOLDER/id-was-run',
};

/** Starts svr where these programs come first on the PATH. */
async function withSvr(
  args: readonly string[],
  programs: Programs,
  use: (server: Program, address: Address, folder: string) => Promise<void>,
  path = (folder: string, before = '') => `${folder}:${before}`,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'svr-'));
  for (const [name, body] of Object.entries(programs)) {
    const script = body.startsWith('#!') ? body : `#!/bin/sh\n${body.replaceAll('FOLDER', folder)}\n`;
    writeFileSync(join(folder, name), script, { mode: 0o755 });
  }
  const before = process.env['PATH'];
  process.env['PATH'] = path(folder, before);
  const started = withStrsvr(['0', ...args], (server, address) => use(server, address, folder), SVR);
  process.env['PATH'] = before;
  try {
    await started;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sends bytes and resolves to the whole answer, without ending our side first. */
async function ask(address: Address, ...parts: ReadonlyArray<string | Uint8Array>): Promise<string> {
  const client = await ByteClient.connect(address);
  for (const part of parts) {
    client.send(part);
    await new Promise(setImmediate);
  }
  const answer = await client.receiveAll();
  client.close();
  return answer.toString();
}

/** For tests that mostly wait. */
const waiting = concurrent(test, 4);

// --- which commands ---

test('w and ps are run at every chunk boundary, and nothing else is', async () => {
  await withSvr([], KNOWN, async (server, address, folder) => {
    for (const parts of [['w'], ['w\n'], ['w', '\n'], ['w\nid\n'], ['wps'], ['w;id'], ['w', '$(id)']])
      assert.is(await ask(address, ...parts), W, parts.join('|'));
    for (const parts of [
      ['ps'],
      ['p', 's'],
      ['ps\r\n'],
      ['ps;id'],
      ['p', 's;id\n'],
      ['ps`id`'],
      ['ps -ef|id'],
    ])
      assert.is(await ask(address, ...parts), PS, parts.join('|'));
    assert.is(await ask(address, 'ps', Buffer.alloc(1_000_000, 'x')), PS);
    await server.waitFor('stderr', /client \d+ sent ps;id: 2 lines\n/);
    assert.not(existsSync(join(folder, 'id-was-run')));
  });
});

testWith(test, SLOW, 'p, and s a second later, is ps', async () => {
  await withSvr([], KNOWN, async (_, address) => {
    const client = await ByteClient.connect(address);
    client.send('p');
    await sleep(1_000);
    client.send('s');
    assert.is((await client.receiveAll()).toString(), PS);
    client.close();
  });
});

test('any other command is rejected in one line, and logged escaped', async () => {
  const garbage = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) % 256));
  await withSvr([], KNOWN, async (server, address, folder) => {
    for (const wrong of ['$(id)', 'id', 'PS', 'W', ' ps', 'px', 'pw', '\nw', '\0', '\x1b[2J', garbage])
      assert.is(await ask(address, wrong), REJECTED, String(wrong).slice(0, 20));
    assert.not(existsSync(join(folder, 'id-was-run')));
    await server.waitFor('stderr', /client 1 sent \$\(id\): rejected, expected w or ps\n/);
    await server.waitFor('stderr', /client 10 sent \\u\{1B\}\[2J: rejected, /);
    await server.waitFor('stderr', /client 11 sent .{1,400}: rejected, /);
    assert.not(/[^\n\x20-\x7e\xa1-\xff]/.test(server.stderr), JSON.stringify(server.stderr));
  });
});

waiting('an incomplete command, or none within the time limit, is rejected', async () => {
  await withSvr(['--timeout', '300'], KNOWN, async (server, address) => {
    for (const begun of ['', 'p']) {
      const client = await ByteClient.connect(address);
      if (begun !== '') client.send(begun);
      assert.is((await client.endAndReceive()).toString(), REJECTED);
    }
    for (const begun of ['', 'p']) {
      const started = performance.now();
      assert.is(await ask(address, begun), REJECTED);
      assert.ok(performance.now() - started > 290);
    }
    await server.waitFor('stderr', /client 3 sent nothing: rejected, /);
  });
});

testWith(test, SLOW, 'a client that keeps sending is read to its end, and gets the line', async () => {
  await withSvr([], KNOWN, async (_, address) => {
    const socket = createConnection({ ...address, allowHalfOpen: true });
    const ended = once(socket, 'end');
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    const failure = await new Promise((taken) => socket.write(Buffer.alloc(30_000_000, 'z'), taken));
    await ended;
    assert.equal([answer, failure], [REJECTED, null]);
    socket.destroy();
  });
});

testWith(test, SLOW, 'programs get PATH and a locale as environment, and no arguments', async () => {
  const tell = `#!${process.execPath}
    delete process.env.NODE_V8_COVERAGE; // from node itself, while coverage is measured
    console.log(JSON.stringify([process.argv.slice(2), Object.keys(process.env), process.env.LC_ALL]));`;
  await withSvr([], { w: tell }, async (_, address) => {
    assert.equal(JSON.parse(await ask(address, 'w')), [[], ['PATH', 'LC_ALL'], 'C']);
  });
});

// --- limits ---

testWith(test, SLOW, 'output beyond the limit is truncated at a line end, with a note', async () => {
  const many = { ps: 'i=0; while [ $i -lt 20 ]; do echo 12345678$((i % 10)); i=$((i+1)); done' };
  for (const [limit, lines, more] of [
    [200, 20, ''],
    [25, 2, 'svr: ps was cut at 25 bytes\n'],
  ] as const) {
    await withSvr(['--max-output', String(limit)], many, async (_, address) => {
      const answer = await ask(address, 'ps');
      assert.is(answer.split('\n').length - 1, lines + (more === '' ? 0 : 1));
      assert.is(answer.endsWith(more) && answer.startsWith('123456780\n'), true, answer);
    });
  }
});

waiting('a program that exceeds the time limit is killed, with a note', async () => {
  const stuck = { w: 'echo begun; sleep 60', ps: 'echo $$ > FOLDER/pid; exec sleep 60' };
  let begun = false;
  // On a busy machine the programs may need longer to start than the time limit: they get twice as long the next time.
  for (let ms = 500; !begun; ms *= 2) {
    assert.ok(ms < TIMEOUT_MS, 'the programs never started');
    await withSvr(['--timeout', String(ms)], stuck, async (server, address, folder) => {
      const [w = '', ps] = await Promise.all([ask(address, 'w'), ask(address, 'ps')]);
      const pid = await readFile(join(folder, 'pid'), 'utf8').catch(() => '');
      begun = w.startsWith('begun\n') && pid !== '';
      assert.is(w.replace('begun\n', ''), `svr: w was ended after ${ms} ms\n`);
      assert.is(ps, `svr: ps was ended after ${ms} ms\n`);
      if (begun) assert.not(isRunning(Number(pid)));
      await server.waitFor('stderr', new RegExp(`client \\d sent ps: ps was ended after ${ms} ms\n`));
    });
  }
});

test('a missing or failing program is one line', async () => {
  const programs = { ps: 'echo some; exit 3' };
  await withSvr(
    [],
    programs,
    async (_, address) => {
      assert.is(await ask(address, 'w'), 'svr: w is not installed here\n');
      assert.is(await ask(address, 'ps'), 'some\nsvr: ps failed with 3\n');
      const { status, stdout, stderr } = await run(WPS, [...at(address), 'ps']);
      assert.is(stdout, 'some\n');
      assert.is(stderr, `wps: 127.0.0.1:${address.port} says: ps failed with 3\n`);
      assert.is(status, 1);
    },
    (folder) => folder,
  );
});

waiting('a client that does not read its lines is disconnected', async () => {
  const long = { w: `yes ${'x'.repeat(10_000)} | head -n 1000` }; // more than the kernels buffer
  // Within the default time limit the program is done too: what it has printed until then might fit into the kernels.
  await withSvr(['--max-output', '100000000'], long, async (server, address) => {
    const client = await ByteClient.connect(address);
    client.socket.pause();
    client.send('w');
    await server.waitFor('stderr', /client 1 lost: it does not read its lines\n/);
    client.close();
  });
});

test('the program of a client that disconnects is killed', async () => {
  const stuck = { ps: 'echo $$ > FOLDER/pid; exec sleep 60' };
  await withSvr(['--timeout', '60000'], stuck, async (server, address, folder) => {
    const client = await ByteClient.connect(address);
    client.send('ps');
    const pid = await pidIn(folder);
    assert.ok(isRunning(pid));
    client.socket.resetAndDestroy();
    await server.waitFor('stderr', /client 1 lost: read ECONNRESET\n/);
    await until(() => !isRunning(pid));
  });
});

testWith(
  test,
  SLOW,
  '20 concurrent clients are served while one is silent and another does not read',
  async () => {
    const long = { ...KNOWN, w: `yes ${'x'.repeat(1_000)} | head -n 20000` };
    await withSvr(['--max-output', '100000000'], long, async (_, address) => {
      const [silent, nonReader] = [await ByteClient.connect(address), await ByteClient.connect(address)];
      nonReader.socket.pause();
      nonReader.send('w');
      const served = await Promise.all(Array.from({ length: 20 }, () => ask(address, 'p', 's')));
      for (const answer of served) assert.is(answer, PS);
      silent.close();
      nonReader.close();
    });
  },
);

test('clients beyond the limit of running programs are rejected and logged', async () => {
  await withSvr(['--timeout', '600000'], KNOWN, async (server, address) => {
    const clients = await Promise.all(Array.from({ length: 100 }, () => ByteClient.connect(address)));
    await server.waitFor('stderr', /client 100 accepted from/);
    const { status, stderr } = await run(WPS, [...at(address), 'w']);
    assert.match(
      stderr,
      /^wps: 127\.0\.0\.1:\d+ has closed the connection (without an answer|at once); its log says why\n$/,
    );
    assert.is(status, 1);
    await server.waitFor('stderr', /rejected 127\.0\.0\.1:\d+: the maximum of 100 clients is reached\n/);
    for (const client of clients) client.close();
  });
});

// --- how it ends, and where it listens ---

test('SIGINT kills the programs, disconnects their clients and exits with 0', async () => {
  const programs = { ...KNOWN, ps: 'echo $$ > FOLDER/pid; exec sleep 60' };
  await withSvr(
    ['--line-delay', '60000', '--timeout', '60000'],
    programs,
    async (server, address, folder) => {
      const waiting = new Program(WPS, [...at(address), 'ps']);
      const pid = await pidIn(folder);
      const reading = new Program(WPS, [...at(address), 'w']);
      await reading.waitFor('stdout', /moon, sun\n/);
      server.child.kill('SIGINT');
      const { status, stdout, stderr } = await server.finished;
      assert.equal([status, stdout], [0, `listening on 127.0.0.1:${address.port}\n`]);
      assert.match(stderr, /\nstopping: 2 clients connected\n$/);
      assert.not(isRunning(pid));
      const where = `127.0.0.1:${address.port}`;
      for (const [client, complaint] of [
        [waiting, `${where} has closed the connection without an answer; its log says why`],
        [reading, `lost the connection to ${where}: read ECONNRESET`],
      ] as const) {
        assert.is((await client.finished).status, 1);
        assert.is(client.stderr, `wps: ${complaint}\n`);
      }
      assert.is(reading.stdout, 'moon, sun\n');
    },
  );
});

testWith(test, SLOW, 'svr listens on loopback by default, and warns otherwise', async () => {
  await withStrsvr(['0'], async (server) => assert.is(server.stderr, ''), SVR);
  await withStrsvr(
    ['0', '--host', '0.0.0.0'],
    async (server, { port }) => {
      await server.waitFor(
        'stderr',
        new RegExp(`^warning: any client that reaches port ${port} sees the processes of this machine\n`),
      );
    },
    SVR,
  );
  assert.match((await run(SVR, ['--help'])).stdout, /TCP port.*\[default: 8888\]/);
});

// --- the client ---

test('wps prints each line on arrival, escaped', async () => {
  await withNetServer(
    (socket) => socket.once('data', () => socket.write('moon\x1b[2J\nsu')),
    async (address) => {
      const client = new Program(WPS, [...at(address), 'w']);
      await client.waitFor('stdout', /^moon\\u\{1B\}\[2J\n/);
      client.child.kill('SIGINT');
      assert.is((await client.finished).status, 'SIGINT');
    },
  );
});

waiting('with --line-delay lines arrive one by one, and wps --buffered prints them at the end', async () => {
  await withSvr(['--line-delay', '60000'], KNOWN, async (server, address) => {
    const atEnd = new Program(WPS, [...at(address), 'w', '--buffered']);
    await server.waitFor('stderr', /client 1 sent w: 3 lines\n/);
    const coming = new Program(WPS, [...at(address), 'w']);
    await coming.waitFor('stdout', /\n/);
    assert.equal([coming.stdout, atEnd.stdout], ['moon, sun\n', '']);
    for (const client of [coming, atEnd]) client.kill();
    await Promise.all([coming.finished, atEnd.finished]);
  });
  await withSvr([], KNOWN, async (_, address) => {
    assert.equal(await run(WPS, [...at(address), 'w', '--buffered']), { status: 0, stdout: W, stderr: '' });
  });
});

for (const [what, answer, complaint] of [
  ['rejects', (socket: Socket) => socket.end(REJECTED), 'HERE says: rejected, expected w or ps'],
  [
    'says nothing',
    (socket: Socket) => socket.end(),
    'HERE has closed the connection without an answer; its log says why',
  ],
  [
    'resets',
    (socket: Socket) => socket.resetAndDestroy(),
    'HERE has closed the connection without an answer; its log says why',
  ],
  [
    'never ends a line',
    (socket: Socket) => socket.end('x'.repeat(2_000_000)),
    'the reply is longer than the maximum of 1,000,000 bytes',
  ],
  [
    'says a lot of what is wrong',
    (socket: Socket) => socket.end(`svr: ${'x'.repeat(900_000)}\n`),
    `HERE says: ${'x'.repeat(200)}…`,
  ],
  [
    'goes away',
    (socket: Socket) => socket.write('one\n', () => socket.resetAndDestroy()),
    'lost the connection to HERE: read ECONNRESET',
  ],
] as const) {
  test(`a server that ${what} is one line and exit 1`, async () => {
    await withNetServer(
      (socket) => socket.once('data', () => answer(socket)),
      async (address) => {
        const { status, stderr } = await run(WPS, [...at(address), 'w', '--max-reply', '1000000']);
        assert.is(stderr, `wps: ${complaint.replace('HERE', `127.0.0.1:${address.port}`)}\n`);
        assert.is(status, 1);
      },
    );
  });
}

testWith(test, SLOW, 'wps --buffered aborts a too long answer, even if each line is short', async () => {
  await withNetServer(
    (socket) => socket.once('data', () => socket.end('short\n'.repeat(100))),
    async (address) => {
      const args = [...at(address), 'w', '--max-reply', '500', '--buffered'];
      const message = 'the reply is longer than the maximum of 500 bytes';
      assert.equal(await run(WPS, args), { status: 1, stdout: '', stderr: `wps: ${message}\n` });
    },
  );
});

test('a refused connection is one line and exit 1', async () => {
  const { status, stderr } = await run(WPS, ['127.0.0.1', '1', 'w']);
  assert.is(
    stderr,
    'wps: no server at 127.0.0.1:1; start one first, with: node dist/server/tutorial/svr.js 1\n',
  );
  assert.is(status, 1);
});

test('a closed stdout ends wps without an error', async () => {
  await withSvr(['--line-delay', '100'], KNOWN, async (_, address) => {
    const client = new Program(WPS, [...at(address), 'w']);
    await client.waitFor('stdout', /sun\n/);
    client.child.stdout?.destroy();
    const { status, stdout, stderr } = await client.finished;
    assert.equal([status, stderr], [0, '']);
    assert.match(stdout, /^moon, sun\n/);
  });
});

// --- the command lines ---

test('invalid command lines are rejected in one line with exit 2', async () => {
  await rejects('svr', SVR, [
    [['--timeout', '0'], '--timeout: expected a whole number from 1 to 2147483647, got "0"'],
    [['--max-output', '1k'], '--max-output: expected a whole number from 1 to 1073741824, got "1k"'],
    [['--line-delay='], '--line-delay: expected a whole number from 0 to 2147483647, got nothing'],
  ]);
  await rejects('wps', WPS, [
    [['127.0.0.1', '8888', 'id'], 'command: expected w, ps, got "id"'],
    [
      ['127.0.0.1', '8888', 'ps', '--max-reply', '0'],
      '--max-reply: expected a whole number from 1 to 536870888, got "0"',
    ],
    [['127.0.0.1', 'w', 'ps'], 'port: expected a whole number from 1 to 65535, got "w"'],
  ]);
});

// --- the machine's own programs, and the tutorial's ---

testWith(test, missingProgram('w', 'ps'), 'svr runs the real w and ps', async () => {
  await withStrsvr(
    ['0'],
    async (_, address) => {
      assert.match(await ask(address, 'w'), /load average/);
      const { status, stdout } = await run(WPS, [...at(address), 'ps']);
      assert.match(stdout, /^ *PID TTY +TIME CMD\n/);
      assert.is(status, 0);
    },
    SVR,
  );
});

const SVR_PY = `
import os, socket, sys
listening = socket.create_server(('127.0.0.1', int(sys.argv[1])))
print('listening on 127.0.0.1:%d' % listening.getsockname()[1], flush=True)
while True:
    client, where = listening.accept()
    printed = os.popen(client.recv(2).decode()).readlines()
    with client, client.makefile('w') as stream: stream.writelines(printed[:-1])
`;

const WPS_PY = `
import socket, sys
server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server.send(sys.argv[3].encode())
sys.stdout.writelines(server.makefile('r').readlines())
`;

const noPython = missingProgram('python3');

testWith(test, SLOW ?? noPython, 'the tutorial’s client works with svr', async () => {
  await withSvr([], KNOWN, async (_, address) => {
    assert.is((await python(WPS_PY, ...at(address), 'w').finished).stdout, W);
    assert.is((await python(WPS_PY, ...at(address), 'ps').finished).stdout, PS);
  });
});

testWith(
  test,
  SLOW ?? missingProgram('python3', 'ps'),
  'wps works with the tutorial’s server, which omits the last line',
  async () => {
    const server = python(SVR_PY, '0');
    try {
      const [, port = ''] = await server.waitFor('stdout', /:(\d+)\n/);
      const { status, stdout } = await run(WPS, ['127.0.0.1', port, 'ps']);
      assert.match(stdout, /^ *PID TTY +TIME CMD\n/);
      assert.is(status, 0);
    } finally {
      server.child.kill('SIGKILL');
      await server.finished;
    }
  },
);

/** The number in a file that a test's program has written. */
async function pidIn(folder: string): Promise<number> {
  for (;;) {
    const written = await readFile(join(folder, 'pid'), 'utf8').catch(() => '');
    if (written.endsWith('\n')) return Number(written);
    await sleep(10);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.run();
