// The command: stdout, stderr and exit status.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteClient } from '../support/byte-client.js';
import { rejects } from '../support/cli-errors.js';
import { built, ended, Program, run } from '../support/program.js';
import { PtyProgram } from '../support/pty-program.js';
import { withServer, withStrsvr } from '../support/servers.js';
import { missingProgram, SLOW, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

test('stdout carries the listening line and the final value, and nothing else', async () => {
  await withStrsvr(['0', '--clients', '1'], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('aé\n');
    await client.endAndReceive();
    const { status, stdout, stderr } = await server.finished;
    assert.is(status, 0);
    assert.is(stdout, `listening on 127.0.0.1:${address.port} (events)\nthe final value of v is aé\n`);
    assert.match(
      stderr,
      /^client 1 accepted from 127\.0\.0\.1:\d+\nclient 1 disconnected: 2 letters\n2 letters, 1 client, /,
    );
    assert.match(stderr, /; CPU \d+\.\d s; [\d,]+ context switch(es)?; 1 I\/O thread\n$/);
  });
});

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} stops gracefully: the final value, exit 0`, async () => {
    await withStrsvr(['0'], async (server, address) => {
      const client = await ByteClient.connect(address);
      client.send('ab');
      await client.receive(3);
      server.child.kill(signal);
      assert.is((await client.receiveAll()).toString(), '');
      client.close();
      const finished = await server.finished;
      assert.is(finished.status, 0);
      assert.match(finished.stdout, /\nthe final value of v is ab\n$/);
      assert.match(
        finished.stderr,
        /\nstopping: 1 client connected\nclient 1 closed, server stopping: 2 letters\n2 letters, /,
      );
    });
  });

  test(`a second ${signal} exits immediately: no final value, exit ${status}`, async () => {
    await withStrsvr(['0'], async (server, address) => {
      const client = await ByteClient.connect(address);
      client.socket.pause();
      client.send('x'.repeat(10_000)); // its replies are not read
      await server.waitFor('stderr', /accepted from/);
      const other = await ByteClient.connect(address);
      other.send('y');
      await other.receive(1);
      server.child.kill(signal);
      await server.waitFor('stderr', /stopping/);
      server.child.kill(signal);
      const finished = await server.finished;
      assert.is(finished.status, status);
      assert.not.match(finished.stdout, 'final value');
      client.close();
      other.close();
    });
  });
}

// With servers in this process, the seeded bug that this finds would end the process.
test('threads: a stop wakes workers that sleep in recv before it closes their descriptors', async () => {
  await withStrsvr(['0', '--io', 'threads'], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('\n');
    await client.receive(1);
    server.child.kill('SIGTERM');
    const { status, stderr } = await ended(server);
    assert.is(status, 0, stderr);
    client.close();
  });
});

test('SIGUSR1 is ignored and opens no debugger', async () => {
  for (const [path, ...args] of [
    ['server/strsvr.js'],
    ['server/tutorial/tms.js', '--no-wait', '--clients', '9'],
    ['server/tutorial/svr.js'],
  ] as const) {
    await withStrsvr(
      ['0', ...args],
      async (server, address) => {
        server.child.kill('SIGUSR1');
        // Once it reads a second client's bytes it has had the time in which Node would have opened the port.
        for (let client = 0; client < 2; client += 1) {
          const { socket } = await ByteClient.connect(address);
          socket.end('x');
          await once(socket.resume(), 'close');
        }
        assert.equal([server.child.exitCode, server.child.signalCode], [null, null]);
        assert.not.match(server.stderr, 'Debugger');
      },
      path,
    );
  }
});

test('the final value is escaped on a terminal and unchanged in a pipe', async () => {
  const text = 'a\u202eb\u200d😀';
  const say = async (address: { host: string; port: number }) => {
    const client = await ByteClient.connect(address);
    client.send(text);
    await client.endAndReceive();
  };
  await withStrsvr(['0', '--clients', '1'], async (server, address) => {
    await say(address);
    assert.match((await server.finished).stdout, `the final value of v is ${text}\n`);
  });
  const terminal = new PtyProgram('server/strsvr.js');
  terminal.start('0', '--clients', '1');
  await terminal.waitFor('listening', (screen) => screen.some((row) => row.startsWith('listening on')));
  const [, port] = /listening on [\d.]+:(\d+)/.exec(terminal.lines.join('\n')) ?? [];
  await say({ host: '127.0.0.1', port: Number(port) });
  assert.is(await terminal.exited, 0);
  assert.ok(
    terminal.lines.includes('the final value of v is a\\u{202E}b\u200d😀'),
    terminal.lines.join('\n'),
  );
});

const NO_TCFLOW =
  missingProgram('python3') ?? (existsSync('/proc/self/fd/1') ? undefined : 'it is found in /proc');

for (const [what, status] of [
  ['delays the final value until it is continued', 0],
  ['does not prevent an exit at a second SIGTERM', 143],
] as const) {
  testWith(test, SLOW ?? NO_TCFLOW, `a stopped terminal on stdout ${what}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
    const log = join(folder, 'log');
    const terminal = new PtyProgram('sh');
    try {
      terminal.start('-c', 'exec "$@" 2> "$0"', log, process.execPath, built('server/strsvr.js'), '0');
      await terminal.waitFor('listening', (screen) => screen.some((row) => row.startsWith('listening on')));
      const [, port] = /listening on [\d.]+:(\d+)/.exec(terminal.lines.join('\n')) ?? [];
      const client = await ByteClient.connect({ host: '127.0.0.1', port: Number(port) });
      client.send('a');
      await client.endAndReceive();
      flow(terminal, 'TCOOFF');
      terminal.kill('SIGTERM');
      await until(() => readFileSync(log, 'utf8').includes('1 letter, 1 client'), 'the last line of the log');
      if (status !== 0) terminal.kill('SIGTERM');
      else flow(terminal, 'TCOON');
      await until(() => terminal.exitStatus !== undefined, 'the server has exited');
      assert.is(await terminal.exited, status);
      assert.is(terminal.lines.includes('the final value of v is a'), status === 0);
    } finally {
      terminal.kill();
      rmSync(folder, { recursive: true });
    }
  });
}

/** Stops or continues a terminal, as Ctrl-S and Ctrl-Q do; done on return. */
function flow(terminal: PtyProgram, action: 'TCOOFF' | 'TCOON'): void {
  const script =
    'import os, sys, termios; termios.tcflow(os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY), getattr(termios, sys.argv[2]))';
  const { status, stderr } = spawnSync('python3', ['-c', script, `/proc/${terminal.pid}/fd/1`, action]);
  assert.is(status, 0, String(stderr));
}

test('the final value of a long text is written whole to a pipe', async () => {
  const length = 300_000;
  await withStrsvr(['0', '--clients', '1'], async (server, address) => {
    const socket = createConnection(address);
    socket.on('error', () => {});
    socket.write('x'.repeat(length));
    // The replies would be 45 GB. The client disconnects once the server has read all letters.
    await server.waitFor('stderr', /accepted from/);
    socket.destroy();
    await once(socket, 'close');
    const { stdout } = await server.finished;
    assert.match(stdout, /\nthe final value of v is x*\n$/);
  });
});

test('--verbose prints every read and write, with letters escaped', async () => {
  await withStrsvr(['0', '--verbose', '--clients', '1'], async (server, address) => {
    const client = await ByteClient.connect(address);
    const port = client.socket.localPort;
    client.send('a\u202e\u200d \n');
    await client.receive(1 + 4 + 7 + 8 + 1);
    client.send(Buffer.from('😀').subarray(0, 2));
    await server.waitFor('stderr', /incomplete letter buffered/);
    await client.endAndReceive();
    const { stderr } = await server.finished;
    const expected = [
      `client 1 accepted from 127.0.0.1:${port} to 127.0.0.1:${address.port}, tcp`,
      'client 1: read 9 bytes, letters a \\u{202E} \\u{200D} " ", LF',
      'client 1: wrote 21 bytes',
      'client 1: read 2 bytes, incomplete letter buffered',
      'client 1: read 0 bytes, end of stream, incomplete letter discarded',
      'client 1 disconnected: 4 letters',
    ];
    assert.is(stderr.split('\n').slice(0, -2).join('\n'), expected.join('\n'));
  });
});

test('--verbose prints when a client does not accept what is written', async () => {
  await withStrsvr(['0', '--verbose'], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.socket.pause();
    client.send('x'.repeat(10_000));
    await server.waitFor(
      'stderr',
      /client 1: read [\d,]+ bytes, letters x[x ]*, [\d,]+ bytes not decoded yet\n/,
    );
    await server.waitFor('stderr', /client 1: wrote [\d,]+ of [\d,]+ bytes\n/);
    client.close();
  });
});

test('--log json writes one JSON object per line, --log silent nothing', async () => {
  await withStrsvr(['0', '--log', 'json', '--verbose', '--clients', '1'], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('a\u202e\0');
    await client.endAndReceive();
    const { stderr } = await server.finished;
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(
      events.map(({ type }) => type),
      ['listening', 'accepted', 'read', 'wrote', 'read', 'closed', 'stats'],
    );
    for (const { level, time, msg } of events) {
      assert.ok([20, 30].includes(level) && Number.isInteger(time) && msg !== '', msg);
    }
    assert.is(events[0].msg, `listening on 127.0.0.1:${address.port} (events)`);
    assert.equal(events[2].pendingLetters, ['a', '\\u{202E}']);
    assert.is(events[5].controlCharacters, 1);
    assert.is(events[5].reason, 'ended');
  });
  await withStrsvr(['0', '--log', 'silent', '--verbose', '--clients', '1'], async (server, address) => {
    await (await ByteClient.connect(address)).endAndReceive();
    assert.is((await server.finished).stderr, '');
  });
});

test('with --log json errors are JSON too: wrong options, an address of another host', async () => {
  const wrong = await run('server/strsvr.js', ['--log=json', '--io', 'magic']);
  const elsewhere = await run('server/strsvr.js', ['0', '--log', 'json', '--host', '192.0.2.1']);
  for (const { status, stderr } of [wrong, elsewhere]) {
    const { level, time, msg, ...failure } = JSON.parse(stderr);
    assert.is(level, 60);
    assert.ok(Number.isInteger(time));
    assert.equal(failure, { type: 'failed', status, message: msg });
  }
  assert.equal([wrong.status, elsewhere.status], [2, 1]);
});

test('the log gives the reason of a disconnect: full text, reset, dropped control characters', async () => {
  await withStrsvr(['0', '--max-length', '1'], async (server, address) => {
    const [full, broken] = [await ByteClient.connect(address), await ByteClient.connect(address)];
    broken.send('\n\r');
    await broken.receive(1);
    full.send('ab');
    await full.receiveAll();
    broken.socket.resetAndDestroy();
    await server.waitFor('stderr', /client 1 closed, text full: 1 letter\n/);
    await server.waitFor(
      'stderr',
      /client 2 lost, read ECONNRESET: 0 letters, 1 control character discarded\n/,
    );
  });
});

test('listening for other machines, or for more clients than descriptors, is a warning', async () => {
  await withStrsvr(['0', '--host', '0.0.0.0', '--max-connections', '1000000'], async (server, { port }) => {
    await server.waitFor('stderr', /warning: at most \d+ clients, not 1000000: /);
    await server.waitFor(
      'stderr',
      new RegExp(`warning: any client that reaches port ${port} can read the text and append to it\n`),
    );
  });
});

test('a port in use is one line and exit 1', async () => {
  await withServer({}, async ({ address }) => {
    const { status, stdout, stderr } = await run('server/strsvr.js', [String(address.port)]);
    assert.is(status, 1);
    assert.is(stdout, '');
    assert.match(stderr, new RegExp(`^strsvr: port ${address.port} is taken on 127\\.0\\.0\\.1; [^\n]+\n$`));
  });
});

test('an invalid command line is rejected in one line with exit 2', async () => {
  await rejects('strsvr', 'server/strsvr.js', [
    [['--colour'], 'Unknown argument: colour'],
    [['1', '2'], 'Unknown argument: 2'],
    [['70000'], 'port: expected a whole number from 0 to 65535, got "70000"'],
    [['12x'], 'port: expected a whole number from 0 to 65535, got "12x"'],
    [['--clients'], '--clients: expected a value, got nothing'],
    [['--clients', '0'], '--clients: expected a whole number from 1 to 9007199254740991, got "0"'],
    [
      ['--clients', '1', '--clients', '2'],
      '--clients: expected a whole number from 1 to 9007199254740991, got "1,2"',
    ],
    [['--max-length=-1'], '--max-length: expected a whole number from 1 to 1073741824, got "-1"'],
    [['--max-length='], '--max-length: expected a whole number from 1 to 1073741824, got nothing'],
    [['--host='], '--host: expected a text, got nothing'],
    [['--io', 'magic'], '--io: expected events, poll, uring, nonblocking, blocking, threads, got "magic"'],
    [['--log', 'loud'], '--log: expected text, json, silent, got "loud"'],
    [['--verbose', '--verbose'], '--verbose: expected once, got it again'],
    [['--verbose=7'], '--verbose: expected no value, got 7'],
    [
      ['--allow', '10.0.0.0/8', '--allow', 'home'],
      '--allow: expected a network such as 192.168.1.0/24 or fd00::/8, got "home"',
    ],
    [['--stall-timeout', 'soon'], '--stall-timeout: expected a whole number from 0 to 86400, got "soon"'],
    [['--idle-sleep', '5'], '--idle-sleep is for --io nonblocking alone'],
    [['--io', 'poll', '--max-threads', '5'], '--max-threads is for --io threads alone'],
    [['--io', 'blocking', '--no-lock'], '--no-lock is for --io threads alone'],
    ...['poll', 'uring', 'nonblocking', 'blocking', 'threads'].map(
      (io) => [['--journal', 'file', '--io', io], '--journal is for --io events alone'] as const,
    ),
    [['--sync', 'never'], '--sync wants a --journal'],
    [['--log-appended'], '--log-appended wants --log json'],
  ]);
});

test('an address of another host is one line and exit 1', async () => {
  const { status, stderr } = await run('server/strsvr.js', ['0', '--host', '192.0.2.1']);
  assert.is(status, 1);
  assert.match(stderr, /^strsvr: 192\.0\.2\.1 is not an address of this machine; [^\n]+\n$/);
});

test('an IPv6 zone that names no interface is one line and exit 1', async () => {
  for (const io of ['events', 'poll']) {
    const { status, stderr } = await run('server/strsvr.js', ['0', '--io', io, '--host', '::1%nosuch']);
    const message = '::1%nosuch names an interface that this machine does not have';
    assert.equal([status, stderr], [1, `strsvr: ${message}\n`], io);
  }
});

testWith(
  test,
  SLOW,
  '--help has every option and examples; --version says the version; completion prints a script',
  async () => {
    const help = await run('server/strsvr.js', ['--help']);
    assert.is(help.status, 0);
    for (const option of [
      'host',
      'clients',
      'max-length',
      'journal',
      'sync',
      'max-connections',
      'allow',
      'stall-timeout',
      'io',
      'verbose',
      'nagle',
      'log',
    ]) {
      assert.match(help.stdout, `--${option} `);
    }
    assert.match(help.stdout, 'strsvr 2000 --clients 2 --verbose');
    const words = help.stdout.replaceAll(/\s+/g, ' '); // its lines break between words
    assert.match(words, 'wait for the disk before each reply (always), or do not wait (never)');
    assert.match((await run('server/strsvr.js', ['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
    assert.match((await run('server/strsvr.js', ['completion'])).stdout, 'strsvr');
    const completed = await run('server/strsvr.js', ['--get-yargs-completions', 'strsvr', '--max']);
    assert.match(completed.stdout, '--max-length');
    for (const [option, words] of [
      ['--io', ['events', 'poll', 'uring', 'nonblocking', 'blocking', 'threads']],
      ['--sync', ['always', 'never']],
      ['--log', ['text', 'json', 'silent']],
    ] as const) {
      const values = await run('server/strsvr.js', ['--get-yargs-completions', 'strsvr', option, '']);
      assert.equal(values.stdout.trimEnd().split('\n'), words);
    }
  },
);

test('a closed stdout is no error', async () => {
  const server = new Program('server/strsvr.js', ['0']);
  await server.waitFor('stdout', /listening/);
  server.child.stdout?.destroy();
  server.child.kill('SIGTERM');
  assert.is((await server.finished).status, 0);
  assert.not.match(server.stderr, 'EPIPE');
});

test('variables configure it, --print-config says from where, and a wrong one is one line', async () => {
  const strsvr = (environment: Record<string, string>, ...args: string[]) =>
    new Program(
      'server/strsvr.js',
      args,
      [],
      ['env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
    ).finished;
  const printed = await strsvr({ STRSVR_MAX_LENGTH: '77' }, '0', '--print-config');
  assert.equal([printed.status, printed.stderr], [0, '']);
  assert.match(printed.stdout, /^port +0 +command line\n/);
  assert.match(printed.stdout, /\nmax-length +77 +environment STRSVR_MAX_LENGTH\n/);
  assert.match(printed.stdout, /\nio +events +default\n/);
  const wrong = await strsvr({ STRSVR_CLIENT: '1' });
  assert.equal([wrong.status, wrong.stderr], [2, 'strsvr: STRSVR_CLIENT: no such option (see --help)\n']);
  const json = await strsvr({ STRSVR_IO: 'magic', STRSVR_LOG: 'json' });
  assert.match(JSON.parse(json.stderr).message, /^STRSVR_IO: expected events, /);
  const help = await strsvr({ STRSVR_CLIENT: '1' }, '--help');
  assert.is(help.status, 0);
});

test.run();
