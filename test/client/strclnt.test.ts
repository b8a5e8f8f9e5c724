// The client at a real terminal and from a pipe, also with servers that are missing, disconnect or are wrong.

import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type StringServer, startStringServer } from 'strsvr';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DROPPED, pipedLetters } from '../../client/letter-input.js';
import { built, Program, run } from '../support/program.js';
import { PtyProgram } from '../support/pty-program.js';
import { type Address, at, withNetServer, withServer } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';

const PROMPT = 'enter a letter:';

/** strclnt at a terminal, closed on every path. */
async function withTerminal(
  args: readonly string[],
  use: (terminal: PtyProgram) => Promise<void>,
): Promise<void> {
  const terminal = new PtyProgram('client/strclnt.js');
  terminal.start(...args);
  try {
    await use(terminal);
  } finally {
    await terminal.close();
  }
}

/** Resolves when the last rows of the terminal are these. */
function ends(terminal: PtyProgram, ...rows: string[]): Promise<void> {
  return terminal.waitFor(
    rows.join('\n'),
    (screen) => screen.slice(-rows.length).join('\n') === rows.join('\n'),
  );
}

// --- at a terminal ---

test('two clients repeat the tutorial’s session keystroke by keystroke', async () => {
  await withServer({ clients: 2 }, async (server) => {
    await withTerminal(at(server.address), async (first) => {
      await withTerminal(at(server.address), async (second) => {
        const letter = async (terminal: PtyProgram, key: string, reply: string) => {
          await ends(terminal, PROMPT);
          terminal.type(`${key}\r`);
          await ends(terminal, `${PROMPT}${key}`, reply, PROMPT);
        };
        await letter(first, 'a', 'a');
        await letter(first, 'b', 'ab');
        await letter(first, 'c', 'abc');
        await letter(second, 'u', 'abcu');
        await letter(second, 'u', 'abcuu');
        await letter(second, 'v', 'abcuuv');
        await letter(second, 'v', 'abcuuvv');
        await letter(first, 'd', 'abcuuvvd');
        await letter(second, 'w', 'abcuuvvdw');
        await letter(second, 'w', 'abcuuvvdww');
        await letter(first, 'e', 'abcuuvvdwwe');
        first.type('\r');
        assert.is(await first.exited, 0);
        second.type('\r');
        assert.is(await second.exited, 0);
        assert.is((await server.closed).text.toString(), 'abcuuvvdwwe');
      });
    });
  });
});

test('several letters on one line are sent one by one, and the last reply is printed', async () => {
  await withServer({}, async ({ address }) => {
    await withTerminal(at(address), async (terminal) => {
      await ends(terminal, PROMPT);
      terminal.type('xyz\r');
      await ends(terminal, `${PROMPT}xyz`, 'xyz', PROMPT);
    });
  });
});

test('a space and each part of an emoji are letters; !! does not recall history', async () => {
  await withServer({}, async (server) => {
    await withTerminal(at(server.address), async (terminal) => {
      await ends(terminal, PROMPT);
      terminal.type(' \r');
      await terminal.waitFor('a second prompt', (screen) => screen.length === 3);
      terminal.type('!!é😀❤️\r');
      await terminal.waitFor('a third prompt', (screen) => screen.length === 5);
      terminal.type('\r');
      assert.is(await terminal.exited, 0);
    });
    assert.is((await server.stop()).text.toString(), ' !!é😀❤️');
  });
});

test('after Ctrl-D, as after Enter, the shell’s output starts on a new line', async () => {
  await withServer({}, async ({ address }) => {
    for (const key of ['\x04', '\r']) {
      const strclnt = [process.execPath, built('client/strclnt.js'), ...at(address)].join(' ');
      const terminal = new PtyProgram('sh');
      terminal.start('-c', `${strclnt}; echo next`);
      await ends(terminal, PROMPT);
      terminal.type(key);
      assert.is(await terminal.exited, 0);
      assert.equal(terminal.lines, [PROMPT, 'next']);
    }
  });
});

test('Ctrl-D exits with 0, Ctrl-C exits immediately', async () => {
  await withServer({}, async ({ address }) => {
    await withTerminal(at(address), async (terminal) => {
      await ends(terminal, PROMPT);
      terminal.type('\x04');
      assert.is(await terminal.exited, 0);
    });
    await withTerminal(at(address), async (terminal) => {
      await ends(terminal, PROMPT);
      terminal.type('\x03');
      assert.is(await terminal.exited, 130);
    });
  });
});

test('typed control characters are dropped, with one note', async () => {
  await withServer({}, async (server) => {
    await withTerminal(at(server.address), async (terminal) => {
      await ends(terminal, PROMPT);
      terminal.type('\t\r');
      await terminal.waitFor(
        'a second prompt',
        (screen) => screen.filter((row) => row.startsWith(PROMPT)).length === 2,
      );
      assert.match(
        terminal.lines.join('\n'),
        'strclnt: control characters and escape sequences (arrow keys) are not letters',
      );
      terminal.type('a\tb\r');
      await terminal.waitFor('ab', (screen) => screen.includes('ab'));
    });
    assert.is((await server.stop()).text.toString(), 'ab');
  });
});

test('escape sequences of arrow and function keys are dropped whole, with a note', async () => {
  await withServer({}, async (server) => {
    await withTerminal(at(server.address), async (terminal) => {
      await ends(terminal, PROMPT);
      terminal.type('a\x1b[A\x1bOPb\x1b[1;5D\x1b[\r');
      await ends(terminal, 'ab', PROMPT);
      assert.match(
        terminal.lines.join('\n'),
        'strclnt: control characters and escape sequences (arrow keys)',
      );
      terminal.type('\x1b[A\r'); // not Enter alone
      await ends(terminal, `${PROMPT}^[[A`, PROMPT);
      terminal.type('Ac\r');
      await terminal.waitFor('abAc', (screen) => screen.includes('abAc'));
    });
    assert.is((await server.stop()).text.toString(), 'abAc');
  });
});

testWith(test, SLOW, 'a pasted long line is sent letter by letter, at every read boundary', async () => {
  for (const line of ['é'.repeat(700), `a${'é'.repeat(700)}`, `aa${'😀'.repeat(400)}`, 'x\u2028y']) {
    await withServer({}, async (server) => {
      await withTerminal(at(server.address), async (terminal) => {
        await ends(terminal, PROMPT);
        terminal.type(`${line}\r`);
        await terminal.waitFor(
          'a prompt',
          (screen) => screen.filter((row) => row.startsWith(PROMPT)).length === 2,
        );
        terminal.type('\r');
        assert.is(await terminal.exited, 0);
      });
      assert.is((await server.stop()).text.toString(), line);
    });
  }
});

test('letters of other clients cannot control the terminal', async () => {
  await withServer({}, async ({ address }) => {
    const stranger = await connect(address);
    for (const letter of 'a\u202e\u200d\u2028') await stranger.send(letter);
    await withTerminal(at(address), async (terminal) => {
      await ends(terminal, PROMPT);
      terminal.type('b\r');
      await terminal.waitFor('escapes', (screen) => /^a\\u\{202E\}.?\\u\{2028\}b$/.test(screen[1] ?? ''));
    });
    stranger.close();
  });
});

test('a server that closes while the prompt waits is one line and exit 1, or exit 0 if nothing is typed', async () => {
  const leave = async (keys: string): Promise<{ status: number; screen: string }> => {
    const server = await startStringServer({ port: 0 });
    let [status, screen] = [-1, ''];
    await withTerminal(at(server.address), async (terminal) => {
      await ends(terminal, PROMPT);
      await server.stop();
      terminal.type(keys);
      status = await terminal.exited;
      screen = terminal.lines.join('\n');
    });
    return { status, screen };
  };
  assert.is((await leave('\r')).status, 0);
  const typed = await leave('a\r');
  assert.is(typed.status, 1);
  assert.match(
    typed.screen.replaceAll(/\s+/g, ''),
    /strclnt:127\.0\.0\.1:\d+hasclosedtheconnection:ithasstopped,oritstextordiskisfull,orit[^:]*$/,
  );
});

// --- from a pipe ---

test('from a pipe each letter is sent by itself and each reply is printed on its own line', async () => {
  await withServer({}, async ({ address }) => {
    const piped = await run('client/strclnt.js', at(address), 'ab\nc\r\n é😀');
    assert.is(piped.stdout, 'a\nab\nabc\nabc \nabc é\nabc é😀\n');
    assert.is(piped.stderr, '');
    assert.is(piped.status, 0);
  });
});

test('from a pipe, control characters are dropped with one note', async () => {
  await withServer({}, async ({ address }) => {
    const piped = await run('client/strclnt.js', at(address), 'a\tb\0');
    assert.is(piped.stdout, 'a\nab\n');
    assert.is(piped.stderr, `strclnt: ${DROPPED}\n`);
    assert.is(piped.status, 0);
  });
});

test('from a pipe, escape sequences are dropped whole at every chunk boundary', async () => {
  const text = [
    '1\x1b[31;1mé\x1b[0m2', // CSI
    '\x1bOA3\x1bO5C4\x1bNx5', // SS3, SS2
    '\x1b[[A6\x1b\x1b[B7', // the Linux console's F1; Alt and an arrow
    '\x1b(B8\x1bc9\x1béa', // character sets, two characters, Alt and a letter
    '\x1b]0;title\x07b\x1bPq;é\x1b\\c\u009d8;;\u009cd', // strings until BEL or ST
    '\u009b31me\x1b[1\x18f\x1b[3ég', // C1; one that is cancelled; one that is none
    '\x1b]0;never ended\nh\x1b[\ri\x1b', // a line end ends everything
  ].join('');
  const bytes = Buffer.from(text);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const chunks = Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]);
    let notes = 0;
    let letters = '';
    for await (const [letter] of pipedLetters(chunks, () => (notes += 1))) letters += letter;
    assert.is(letters, '1é23456789abcdeféghi');
    assert.ok(notes > 0);
  }
});

test('an empty pipe sends no letter', async () => {
  await withServer({}, async ({ address }) => {
    assert.equal(await run('client/strclnt.js', at(address)), { status: 0, stdout: '', stderr: '' });
  });
});

testWith(test, SLOW, 'replies of every length are received whole', async () => {
  await withServer({}, async ({ address }) => {
    const filler = await connect(address);
    const sent = Array.from({ length: 3_000 }, (_, i) =>
      filler.send(String.fromCodePoint(0x4e00 + (i % 5_000))),
    );
    const text = (await Promise.all(sent)).at(-1);
    const { stdout } = await run('client/strclnt.js', at(address), 'x');
    assert.is(stdout, `${text}x\n`);
    filler.close();
  });
});

test('a closed stdout ends strclnt without an error', async () => {
  await withServer({}, async ({ address }) => {
    const client = new Program('client/strclnt.js', at(address));
    client.child.stdin?.write('a');
    await client.waitFor('stdout', /a\n/);
    client.child.stdout?.destroy();
    client.child.stdin?.end('bcdefgh');
    const { status, stderr } = await client.finished;
    assert.is(status, 0);
    assert.is(stderr, '');
  });
});

// --- servers that are missing or wrong ---

test('no server, an unknown host and wrong arguments are one line each', async () => {
  const free = await startStringServer({ port: 0 });
  const { port } = free.address;
  await free.stop();
  assert.equal(await run('client/strclnt.js', [String(port)], 'a'), {
    status: 1,
    stdout: '',
    stderr: `strclnt: no server at 127.0.0.1:${port}; start one first, with: strsvr ${port}\n`,
  });
  const nowhere = await run('client/strclnt.js', ['no-such-host.invalid', '2000'], 'a');
  assert.match(
    nowhere.stderr,
    /^strclnt: (cannot find the host no-such-host\.invalid|cannot connect to [^\n]+)\n$/,
  );
  assert.is(nowhere.status, 1);
  const wrong = await run('client/strclnt.js', ['127.0.0.1', '0'], 'a');
  assert.is(wrong.stderr, 'strclnt: port: expected a whole number from 1 to 65535, got "0" (see --help)\n');
  assert.is(wrong.status, 2);
});

testWith(test, SLOW, 'a single argument of digits is the port', async () => {
  await withServer({}, async ({ address }) => {
    assert.is((await run('client/strclnt.js', [String(address.port)], 'a')).stdout, 'a\n');
    const tooHigh = await run('client/strclnt.js', ['70000'], 'a');
    assert.is(
      tooHigh.stderr,
      'strclnt: port: expected a whole number from 1 to 65535, got "70000" (see --help)\n',
    );
  });
});

test('with several addresses it goes on at the next server, and never sends the unanswered letter again', async () => {
  await withServer({}, async ({ address: good }) => {
    const received: string[] = [];
    const endsAtB = (socket: Socket) =>
      socket.on('data', (bytes) => {
        received.push(...bytes.toString().replaceAll('\n', ''));
        if (received.at(-1) === 'b') socket.destroy();
        else socket.write('a\n');
      });
    await withNetServer(endsAtB, async (bad) => {
      const closed = '127.0.0.1:1';
      const servers = [closed, `127.0.0.1:${bad.port}`, `127.0.0.1:${good.port}`].join();
      const { status, stdout, stderr } = await run('client/strclnt.js', [servers], 'abc');
      assert.is(status, 0, stderr);
      assert.is(stdout, 'a\nc\n');
      assert.match(
        stderr,
        new RegExp(
          `^strclnt: .*127\\.0\\.0\\.1:${bad.port}.*; it is unknown whether b is in the text; connected to 127\\.0\\.0\\.1:${good.port}\\n$`,
        ),
      );
      assert.equal(received, ['a', 'b']);
    });
  });
});

testWith(
  test,
  SLOW,
  'with several addresses that are all gone, or written wrongly, it is one line',
  async () => {
    const gone = await run('client/strclnt.js', ['127.0.0.1:1,[::1]:1']);
    assert.is(gone.status, 1);
    assert.match(gone.stderr, /^strclnt: no server at 127\.0\.0\.1:1; .*\n$/);
    for (const wrong of [['a:2000,b:x'], ['a:2000', '3000'], ['a:2000,']]) {
      const { status, stderr } = await run('client/strclnt.js', wrong);
      assert.is(status, 2);
      assert.match(stderr, /^strclnt: (port|host): expected .*\n$/);
    }
  },
);

test('a full text and a reset connection are one line and exit 1', async () => {
  await withServer({ maxLength: 2 }, async ({ address }) => {
    const { status, stdout, stderr } = await run('client/strclnt.js', at(address), 'abc');
    assert.is(stdout, 'a\nab\n');
    const why = 'it has stopped, or its text or disk is full';
    assert.is(stderr, `strclnt: 127.0.0.1:${address.port} has closed the connection: ${why}\n`);
    assert.is(status, 1);
  });
  await withNetServer(
    (socket) =>
      socket.on('data', (data) => (data.includes('b') ? socket.resetAndDestroy() : socket.write('a\n'))),
    async (address) => {
      const { status, stderr } = await run('client/strclnt.js', at(address), 'ab');
      assert.is(stderr, `strclnt: lost the connection to 127.0.0.1:${address.port}: read ECONNRESET\n`);
      assert.is(status, 1);
    },
  );
});

testWith(test, SLOW, 'a rejected client prints one line, however the connection ends', async () => {
  const rejected = async (address: Address) => {
    const { status, stdout, stderr } = await run('client/strclnt.js', at(address), 'a');
    const why = 'it has stopped, or its text or disk is full, or it does not admit this client';
    const closed = `127.0.0.1:${address.port} has closed the connection`;
    assert.is(
      stderr,
      `strclnt: ${closed}: ${why} (--max-connections, --allow, --tls-client-ca), or expects TLS (--tls)\n`,
    );
    assert.equal([status, stdout], [1, '']);
  };
  for (const io of ['events', 'poll'] as const) {
    await withServer({ io, allow: ['10.0.0.0/8'] }, async ({ address }) => rejected(address));
    await withServer({ io, maxConnections: 1 }, async ({ address }) => {
      const first = await connect(address);
      await first.send('a');
      await rejected(address);
      first.close();
    });
  }
  await withNetServer((socket) => socket.resetAndDestroy(), rejected);
  await withNetServer((socket) => socket.once('data', () => socket.resetAndDestroy()), rejected);
  await withNetServer((socket) => socket.end(), rejected);
});

/** Sends the same bytes repeatedly, as fast as the peer reads. */
function sendForEver(bytes: string): (socket: Socket) => void {
  return (socket) => {
    const more = () => {
      while (socket.write(bytes));
    };
    socket.on('drain', more).resume();
    more();
  };
}

test('an endless reply is aborted with one line, with and without --raw', async () => {
  for (const [bytes, ...args] of [['A'.repeat(100_000)], ['a'.repeat(100_000), '--raw']] as const) {
    await withNetServer(sendForEver(bytes), async (address) => {
      const { status, stdout, stderr } = await run(
        'client/strclnt.js',
        [...at(address), '--max-reply', '1000000', ...args],
        'a',
      );
      const message = 'the reply is longer than the maximum of 1,000,000 bytes';
      assert.equal([status, stdout, stderr], [1, '', `strclnt: ${message}\n`]);
    });
  }
});

testWith(test, SLOW, 'a long reply is printed whole, an invalid one is abbreviated', async () => {
  const bells = '\x07'.repeat(200_000);
  await withNetServer(
    (socket) => socket.once('data', () => socket.write(`${bells}a\n`)),
    async (address) => {
      const { status, stdout } = await run('client/strclnt.js', at(address), 'a');
      assert.is(status, 0);
      assert.ok(stdout === `${'\\u{7}'.repeat(200_000)}a\n`);
    },
  );
  await withNetServer(
    (socket) => socket.on('data', (data) => socket.write(data.includes('b') ? 'b' : `${'x'.repeat(1_000)}a`)),
    async (address) => {
      const { stderr } = await run('client/strclnt.js', [...at(address), '--raw'], 'ab');
      assert.is(stderr, 'strclnt: not a reply to b: b\n');
    },
  );
});

test('a connect without an answer times out', async () => {
  // A listener that never accepts: its process is suspended, and its queue is full.
  const script = `
    require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
      require('node:fs').writeSync(1, this.address().port + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    });`;
  const stuck = new Program('server/plain.js', [], ['-e', script, '--']);
  try {
    const [, port] = await stuck.waitFor('stdout', /(\d+)\n/);
    const address = { host: '127.0.0.1', port: Number(port), connectTimeoutMs: 100 };
    const waiting = Array.from({ length: 8 }, () => connect(address));
    const outcomes = await Promise.allSettled(waiting);
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.message] : [],
    );
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.close();
    if (process.platform === 'linux') assert.ok(failures.length > 0, 'the queue was never full');
    for (const message of failures) assert.is(message, `127.0.0.1:${port} did not answer for 0.1 s`);
  } finally {
    stuck.child.kill('SIGKILL');
    await stuck.finished;
  }
});

test('a truncated reply is an error, even if it ends in the letter sent', async () => {
  await withNetServer(
    (socket) => socket.once('data', () => socket.end('ba')), // of 'bacaa\n'
    async (address) => {
      const { status, stdout, stderr } = await run('client/strclnt.js', at(address), 'a');
      assert.is(stdout, '');
      assert.match(stderr, 'has closed the connection');
      assert.is(status, 1);
    },
  );
});

/** A server like the tutorial's: it reads one byte at a time, stores LF too, and replies with the whole string. */
function tutorialServer(): (socket: Socket) => void {
  let v = Buffer.alloc(0);
  return (socket) => {
    socket.on('data', (data) => {
      for (const byte of data) {
        v = Buffer.concat([v, Buffer.of(byte)]);
        socket.write(v);
      }
    });
  };
}

test('--raw works with the tutorial’s server and with strsvr', async () => {
  await withNetServer(tutorialServer(), async (address) => {
    const { status, stdout } = await run('client/strclnt.js', [...at(address), '--raw'], 'abac');
    assert.is(stdout, 'a\nab\naba\nabac\n');
    assert.is(status, 0);
  });
  await withServer({}, async ({ address }: StringServer) => {
    assert.is((await run('client/strclnt.js', [...at(address), '--raw'], 'ab')).stdout, 'a\nab\n');
  });
});

test('--raw considers a reply complete only when nothing follows it', async () => {
  await withNetServer(
    (socket) => {
      socket.once('data', () => {
        socket.write('xa'); // ends in the letter sent, but the reply goes on
        setTimeout(() => socket.write('ya'), 5);
      });
    },
    async (address) => {
      const connection = await connect({ ...address, raw: true });
      assert.is(await connection.send('a'), 'xaya');
      connection.close();
    },
  );
});

test('--raw prints the last reply before the end of the stream, and reports a missing one', async () => {
  await withNetServer(
    (socket) => socket.once('data', () => socket.end('a')),
    async (address) => {
      const connection = await connect({ ...address, raw: true });
      assert.is(await connection.send('a'), 'a');
      try {
        await connection.send('b');
        assert.unreachable();
      } catch (error) {
        assert.match((error as Error).message, 'has closed the connection');
      }
      connection.close();
    },
  );
});

testWith(test, SLOW, 'without --raw, a server that stores LFs is detected at the second letter', async () => {
  for (const letters of ['ab', 'aa']) {
    await withNetServer(tutorialServer(), async (address) => {
      const { status, stderr } = await run('client/strclnt.js', at(address), letters);
      assert.is(stderr, "strclnt: this server stores line ends, as the tutorial's does; use --raw\n");
      assert.is(status, 1);
    });
  }
});

test('connection.send throws a TypeError for anything but one letter', async () => {
  await withServer({}, async ({ address }) => {
    const connection = await connect(address);
    for (const wrong of ['', 'ab', '\n', '\u0085', '\ud83d']) {
      try {
        await connection.send(wrong);
        assert.unreachable();
      } catch (error) {
        assert.instance(error, TypeError);
      }
    }
    assert.is(await connection.send('😀'), '😀');
    connection.close();
  });
});

test.run();
