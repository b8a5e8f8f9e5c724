// tms and tmc: every copy arrives in full with any receive size, and no copy is sent before Enter is pressed. Also with the
// tutorial's own two programs, here in Python 3.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { receiveChunks } from '../../client/socket.js';
import { ByteClient } from '../support/byte-client.js';
import { rejects } from '../support/cli-errors.js';
import { Program, python, run } from '../support/program.js';
import { PtyProgram } from '../support/pty-program.js';
import { type Address, at, withNetServer, withStrsvr } from '../support/servers.js';
import { missingProgram, SLOW, testWith } from '../support/skipping.js';

const TMS = 'server/tutorial/tms.js';
const TMC = 'client/tutorial/tmc.js';

function withTms(
  args: readonly string[],
  use: (server: Program, address: Address) => Promise<void>,
): Promise<void> {
  return withStrsvr(['0', ...args], use, TMS);
}

/** Sends a string and receives to the end, with a maximum receive size in bytes. */
async function receiveInto(address: Address, size: number, string: Uint8Array): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const callback = (bytes: number, buffer: Uint8Array) => {
    chunks.push(Buffer.from(buffer.subarray(0, bytes)));
    return true;
  };
  const socket = createConnection({ ...address, onread: { buffer: Buffer.alloc(size), callback } });
  socket.write(string);
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

// --- the copies ---

test('every copy arrives in full, whatever size one receive returns', async () => {
  const string = Buffer.from('ab\0\xff\né😀!', 'latin1');
  const sizes = [1, 7, 1_000, 65_536, 1_000_000];
  await withTms(['--no-wait', '--clients', String(sizes.length)], async (server, address) => {
    for (const size of sizes) {
      const copies = await receiveInto(address, size, string);
      assert.ok(copies.equals(Buffer.alloc(10_000 * string.length, string)), `${size}`);
    }
    assert.is((await server.finished).status, 0);
  });
});

testWith(
  test,
  SLOW,
  'a string longer than a block, and copies that do not fill a block, arrive in full',
  async () => {
    for (const [length, copies] of [
      [100_000, 3],
      [1_000, 66],
    ] as const) {
      await withTms(['--no-wait', '--copies', String(copies)], async (_, address) => {
        const string = Buffer.from(Array.from({ length }, (_, i) => i % 251));
        const received = await receiveInto(address, 65_536, string);
        assert.ok(received.equals(Buffer.alloc(copies * length, string)), `${copies} of ${length}`);
      });
    }
  },
);

testWith(
  test,
  SLOW ?? (process.platform === 'linux' ? undefined : 'memory is read from /proc'),
  'memory stays constant while a client stops reading 10,000 copies of 1 MB',
  async () => {
    await withTms(['--no-wait'], async (server, address) => {
      const client = createConnection(address);
      client.write(Buffer.alloc(1_000_000, 'x'));
      await new Promise<void>((enough) => {
        client.on('data', () => client.bytesRead > 300_000_000 && enough());
      });
      client.pause();
      const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
      const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
      assert.ok(peakMiB < 150, `${peakMiB} MiB`);
      client.destroy();
      assert.is((await server.finished).status, 0);
      assert.match(server.stderr, /^client lost: [^\n]+\n$/);
    });
  },
);

// --- the string ---

const ATTEMPTS = 20;

/** Sends a string until it is answered whole: on a busy machine a pause of 100 ms between two writes may end it early. */
async function answer(
  address: Address,
  isWhole: (answer: Buffer) => boolean,
  send: (client: ByteClient) => Promise<unknown> | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await ByteClient.connect(address);
    await send(client);
    const received = await client.receiveAll();
    client.close();
    if (isWhole(received)) return;
    assert.ok(attempt < ATTEMPTS, `${received.length} bytes: ${received.subarray(0, 40)}`);
  }
}

test('the string is whole at every chunk boundary', async () => {
  const string = Buffer.from('moon, sün');
  await withTms(['--no-wait', '--copies', '1', '--clients', '1000'], async (_, address) => {
    for (let cut = 1; cut <= string.length; cut += 1) {
      await answer(
        address,
        (received) => received.equals(string),
        (client) => {
          client.send(string.subarray(0, cut));
          client.send(string.subarray(cut));
          return undefined;
        },
      );
    }
  });
});

test('the string ends when nothing has come for 100 ms, when the client ends, and at 1,000,000 bytes', async () => {
  await withTms(['--no-wait', '--copies', '1', '--clients', '3'], async (server, address) => {
    const started = performance.now();
    const after = async (client: ByteClient) => {
      await server.waitFor('stdout', /in \d+ receives?\n/);
      server.stdout = '';
      return { received: await client.receiveAll(), ms: performance.now() - started };
    };
    const quiet = await ByteClient.connect(address);
    quiet.send('abc');
    const slow = await after(quiet);
    assert.is(slow.received.toString(), 'abc');
    assert.ok(slow.ms > 90, `${slow.ms} ms`);
    quiet.close();

    const ended = await ByteClient.connect(address);
    ended.send('abc');
    ended.socket.end();
    assert.is((await after(ended)).received.toString(), 'abc');

    const silent = await ByteClient.connect(address);
    silent.socket.end();
    await server.waitFor('stdout', /received : 0 bytes in 0 receives\n/);
    assert.is((await silent.receiveAll()).length, 0);
    assert.is((await server.finished).status, 0);
  });
  await withTms(['--no-wait', '--copies', '1', '--clients', '1000'], async (_, address) => {
    await answer(
      address,
      ({ length }) => length === 1_000_000,
      (client) => {
        client.send(Buffer.alloc(3_000_000, 'y')); // the rest is read and discarded
        return undefined;
      },
    );
  });
});

testWith(test, SLOW, 'a client that sends more than its string before it receives is served', async () => {
  await withTms(['--no-wait', '--copies', '30', '--clients', '1000'], async (_, address) => {
    await answer(
      address,
      ({ length }) => length === 30_000_000,
      (client) => new Promise((resolve) => client.socket.write(Buffer.alloc(30_000_000, 'z'), resolve)),
    );
  });
});

test('tms prints the received string, escaped, and the number of receives', async () => {
  await withTms(['--no-wait', '--clients', '3', '--copies', '2'], async (server, address) => {
    await receiveInto(address, 1_000, Buffer.from('\x1b[2J'));
    await server.waitFor(
      'stdout',
      /client accepted from 127\.0\.0\.1:\d+\nreceived \\u\{1B\}\[2J: 4 bytes in 1 receive\n/,
    );
    await server.waitFor('stdout', /the kernel has taken all 8 bytes after \d+\.\d\d s\n/);
    await receiveInto(address, 1_000, Buffer.alloc(100_000, 'z'));
    await server.waitFor('stdout', /received z{60}…: 100,000 bytes in [2-9]\d* receives\n/);
    await run(TMC, [...at(address), '12345', '--writes', '5']);
    await server.waitFor('stdout', /received 12345: 5 bytes in [1-5] receives?\n/);
  });
});

// --- Enter ---

test('at a terminal, each client gets its copies when Enter is pressed, and not before', async () => {
  const terminal = new PtyProgram(TMS);
  terminal.start('0', '--clients', '2');
  const shows = (text: string, times: number) =>
    terminal.waitFor(`${text} ${times} times`, (screen) => screen.join('\n').split(text).length > times);
  try {
    await shows('listening on', 1);
    const port = Number(/:(\d+)/.exec(terminal.lines[0] ?? '')?.[1]);
    const address = { host: '127.0.0.1', port };
    const first = await ByteClient.connect(address);
    const second = await ByteClient.connect(address);
    for (const [client, turn] of [
      [first, 1],
      [second, 2],
    ] as const) {
      client.send('abc');
      await shows('press Enter to send 10,000 copies', turn);
      assert.is(client.socket.bytesRead, 0);
      terminal.type('\r');
      assert.is((await client.receiveAll()).length, 30_000);
      client.close();
    }
    assert.is(await terminal.exited, 0);
  } finally {
    await terminal.close();
  }
});

testWith(
  test,
  SLOW,
  'with stdin at its end tms sends immediately; with --no-wait it never reads stdin, and exits',
  async () => {
    for (const [args, endStdin] of [
      [[], true],
      [['--no-wait'], false],
    ] as const) {
      await withTms(args, async (server, address) => {
        if (endStdin) server.child.stdin?.end();
        const { stdout } = await run(TMC, [...at(address), 'abc', '--quiet']);
        assert.match(stdout, ' 30,000 bytes: ');
        assert.is((await server.finished).status, 0);
      });
    }
  },
);

test('from a pipe each line starts one transfer, and the pipe may stay open', async () => {
  await withTms([], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('abc');
    await server.waitFor('stdout', /press Enter/);
    server.child.stdin?.write('\n');
    assert.is((await client.endAndReceive()).length, 30_000);
    assert.is((await server.finished).status, 0);
  });
});

test('a client that disconnects before the transfer is reported, and counts', async () => {
  await withTms([], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('abc');
    await server.waitFor('stdout', /press Enter/);
    client.socket.resetAndDestroy();
    await server.waitFor('stderr', /client lost: read ECONNRESET\n/);
    server.child.stdin?.write('\n');
    assert.is((await server.finished).status, 0);
  });
});

test('after the last client no connection is accepted', async () => {
  await withTms([], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('abc');
    await server.waitFor('stdout', /press Enter/);
    const { status, stderr } = await run(TMC, [...at(address), 'abc']);
    const advice = `start one first, with: node dist/server/tutorial/tms.js ${address.port}`;
    assert.is(stderr, `tmc: no server at 127.0.0.1:${address.port}; ${advice}\n`);
    assert.is(status, 1);
    client.close();
  });
});

// --- the client ---

testWith(test, SLOW, 'tmc prints the data of four chunks, the size of each, and a summary', async () => {
  const received = (...chunks: string[]) =>
    chunks.map((chunk) => `${chunk}\nreceived ${chunk.length} bytes\n`).join('');
  await withTms(['--no-wait', '--copies', '4', '--clients', '3'], async (_, address) => {
    for (const [size, said] of [
      [12, `${received('abcabcabcabc')}1 chunk, 12 bytes: smallest 12, median 12, largest 12; `],
      [5, `${received('abcab', 'cabca', 'bc')}3 chunks, 12 bytes: smallest 2, median 5, largest 5; `],
      [
        2,
        `${received('ab', 'ca', 'bc', 'ab')}received 2 bytes\nreceived 2 bytes\n` +
          '6 chunks, 12 bytes: smallest 2, median 2, largest 2; ',
      ],
    ] as const) {
      const { status, stdout } = await run(TMC, [...at(address), 'abc', '--receive-size', String(size)]);
      assert.is(stdout.replace(/\d+\.\d\d s\n$/, ''), said);
      assert.is(status, 0);
    }
  });
});

testWith(test, SLOW, 'tmc --quiet prints the summary only; --pause waits after each receive', async () => {
  await withTms(['--no-wait', '--copies', '5'], async (_, address) => {
    const args = ['--quiet', '--pause', '50', '--receive-size', '2'];
    const { stdout } = await run(TMC, [...at(address), 'ab', ...args]);
    const [, seconds] =
      /^5 chunks, 10 bytes: smallest 2, median 2, largest 2; (\d+\.\d\d) s\n$/.exec(stdout) ?? [];
    assert.ok(Number(seconds) >= 0.24, stdout);
  });
});

test('data from the server cannot control the terminal of tmc', async () => {
  await withNetServer(
    (socket) => socket.once('data', () => socket.end('\x1b[2J')),
    async (address) => {
      const { stdout } = await run(TMC, [...at(address), 'abc']);
      assert.match(stdout, /^\\u\{1B\}\[2J\nreceived 4 bytes\n1 chunk, /);
    },
  );
});

test('an orderly close without data is distinguished from a reset', async () => {
  await withNetServer(
    (socket) => socket.end(),
    async (address) => {
      const { status, stdout } = await run(TMC, [...at(address), 'abc']);
      assert.equal([status, stdout], [0, '0 chunks, 0 bytes\n']);
    },
  );
  await withNetServer(
    (socket) =>
      socket.once('data', () => socket.write('abc', () => setImmediate(() => socket.resetAndDestroy()))),
    async (address) => {
      const { status, stderr } = await run(TMC, [...at(address), 'abc']);
      assert.is(stderr, `tmc: lost the connection to 127.0.0.1:${address.port}: read ECONNRESET\n`);
      assert.is(status, 1);
    },
  );
});

test('leaving the iteration of the chunks closes the socket', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  await withNetServer(
    (socket) => {
      closed = once(socket, 'end');
      socket.write('abc');
    },
    async (address) => {
      const { chunks } = await receiveChunks(address, 'node dist/server/tutorial/tms.js');
      for await (const chunk of chunks) {
        assert.is(chunk.toString(), 'abc');
        break;
      }
      await closed;
    },
  );
});

test('a closed stdout ends tmc without an error', async () => {
  await withTms(['--no-wait', '--copies', '1000000'], async (server, address) => {
    const client = new Program(TMC, [...at(address), 'abc', '--receive-size', '100']);
    await client.waitFor('stdout', /received 100 bytes\n/);
    client.child.stdout?.destroy();
    assert.equal([(await client.finished).status, client.stderr], [0, '']);
    assert.is((await server.finished).status, 0);
  });
});

test('a closed stdout is no error for tms', async () => {
  await withTms([], async (server, address) => {
    server.child.stdout?.destroy();
    server.child.stdin?.end();
    const client = await ByteClient.connect(address);
    client.send('abc');
    assert.is((await client.receiveAll()).length, 30_000);
    client.close();
    assert.equal([(await server.finished).status, server.stderr], [0, '']);
  });
});

test('SIGINT ends tms and tmc immediately', async () => {
  await withTms([], async (server, address) => {
    const client = new Program(TMC, [...at(address), 'abc']);
    await server.waitFor('stdout', /press Enter/);
    client.child.kill('SIGINT');
    assert.is((await client.finished).status, 'SIGINT');
    server.child.kill('SIGINT');
    assert.is((await server.finished).status, 'SIGINT');
  });
});

// --- the command lines ---

test('invalid command lines are rejected in one line with exit 2', async () => {
  await rejects('tms', TMS, [
    [['--copies', '0'], '--copies: expected a whole number from 1 to 1000000000, got "0"'],
  ]);
  await rejects('tmc', TMC, [
    [['127.0.0.1', '2000'], 'Not enough non-option arguments: got 2, need at least 3'],
    [['127.0.0.1', '2000', ''], 'string: expected a text, got nothing'],
    [['h', '2000', 'abc', '--writes', '4'], '--writes: expected at most 3, a byte each, got "4"'],
    [
      ['h', '2000', 'abc', '--receive-size', '0'],
      '--receive-size: expected a whole number from 1 to 1000000, got "0"',
    ],
    [
      ['h', '2000', 'abc', '--pause', '-1'],
      '--pause: expected a whole number from 0 to 2147483647, got "-1"',
    ],
  ]);
});

testWith(test, SLOW, '--help of tms and tmc has every option', async () => {
  const tms = (await run(TMS, ['--help'])).stdout;
  for (const option of ['host', 'copies', 'clients', 'no-wait']) assert.match(tms, `--${option} `);
  const tmc = (await run(TMC, ['--help'])).stdout;
  for (const option of ['writes', 'receive-size', 'pause', 'quiet']) assert.match(tmc, `--${option} `);
});

test('a port in use is one line and exit 1', async () => {
  await withNetServer(
    () => {},
    async ({ port }) => {
      const { status, stderr } = await run(TMS, [String(port)]);
      assert.match(stderr, new RegExp(`^tms: port ${port} is taken on 127\\.0\\.0\\.1; [^\n]+\n$`));
      assert.is(status, 1);
    },
  );
});

// --- the tutorial's own programs ---

const TMS_PY = `
import socket, sys
listening = socket.create_server(('127.0.0.1', int(sys.argv[1])))
print('listening on 127.0.0.1:%d' % listening.getsockname()[1], flush=True)
client, where = listening.accept()
word = client.recv(1000000)
print('client accepted from', where, flush=True)
input()
client.send(word * 10000)
client.close()
`;

const TMC_PY = `
import socket, sys
server = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server.send(sys.argv[3].encode())
times = 0
while True:
    some = server.recv(1000000)
    times += 1
    if times < 5: print(some.decode())
    if not some: break
    print('received', len(some), 'bytes')
`;

const noPython = missingProgram('python3');

testWith(test, SLOW ?? noPython, 'the tutorial’s client works with tms', async () => {
  await withTms([], async (server, address) => {
    const client = python(TMC_PY, ...at(address), 'abc');
    await server.waitFor('stdout', /received abc: 3 bytes in 1 receive\npress Enter/);
    assert.is(client.stdout, '');
    server.child.stdin?.write('\n');
    const { status, stdout } = await client.finished;
    const received = [...stdout.matchAll(/received (\d+) bytes/g)].map(([, bytes]) => Number(bytes));
    assert.is(
      received.reduce((sum, bytes) => sum + bytes, 0),
      30_000,
    );
    assert.is(stdout.indexOf('abcabcabc'), 0);
    assert.is(status, 0);
  });
});

testWith(test, SLOW ?? noPython, 'tmc works with the tutorial’s server', async () => {
  const server = python(TMS_PY, '0');
  const [, port = ''] = await server.waitFor('stdout', /:(\d+)\n/);
  const client = new Program(TMC, ['127.0.0.1', port, 'abc']);
  await server.waitFor('stdout', /client accepted from/);
  assert.is(client.stdout, '');
  server.child.stdin?.write('\n');
  const { status, stdout } = await client.finished;
  assert.match(stdout, /^(abc)+\nreceived \d+ bytes\n(.*\n)*.*, 30,000 bytes: /);
  assert.equal([status, (await server.finished).status], [0, 0]);
});

test.run();
