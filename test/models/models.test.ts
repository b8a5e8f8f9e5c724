// One suite for all I/O models: the same wire, the same limits, the same end. Their differences are tested in
// model-behaviour.test.ts.

import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type IoModelName, type LogEntry, type StringServer, startStringServer } from 'strsvr';
import { connect } from 'strsvr/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LINGER_IDLE_MS } from '../../server/limits/lingering-close.js';
import { checkHistory, fingerprint, type Operation } from '../../shared/linearizability.js';
import { ByteClient } from '../support/byte-client.js';
import { skipChildCoverage } from '../support/program.js';
import { representatives } from '../support/runnable-models.js';
import { type Address, modelArgs, modelOptions, withServer, withStrsvr } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';
import { asleep, until } from '../support/waiting.js';

skipChildCoverage();
const NO_PROC = existsSync('/proc/self/task') ? undefined : 'it is seen in /proc';
/** In `blocking` a silent client blocks the others, so clients must send in turn. */
const takesTurns = (io: IoModelName) => io === 'blocking';

for (const io of representatives('events', 'poll', 'uring', 'threads')) {
  const shared = suite(`${io}, one server`);
  /** `nonblocking` sleeps between rounds, to leave the core to other tests. */
  const model = modelOptions(io);
  let server: StringServer;
  shared.before(async () => {
    server = await startStringServer({ port: 0, ...model });
  });
  shared.after(async () => {
    await server.stop();
  });

  shared('the wire table, each client followed by the end of the stream', async () => {
    // Each client sends after the last one has left; V is the text before it. The rows one by one are in wire.test.ts.
    const clients = [
      ['nothing', '', '', ''],
      [
        'letters of 1 to 4 bytes, LFs, control characters, a byte order mark',
        'aé\n€\n\n😀\0\t\r\x1b\x7f\u0080\u009f\ufeff',
        'VaVaé\nVaé€\n\nVaé€😀Vaé€😀\ufeff',
        'aé€😀\ufeff',
      ],
      ['invalid UTF-8', Buffer.of(0xe2, 0x82, 0x61), 'V\ufffdV\ufffda', '\ufffda'],
      ['half a letter at the end', Buffer.from('a😀').subarray(0, 4), 'Va', 'a'],
    ] as const;
    let text = '';
    for (const [what, sent, received, stored] of clients) {
      const client = await ByteClient.connect(server.address);
      client.send(sent);
      assert.is((await client.endAndReceive()).toString(), received.replaceAll('V', text), what);
      text += stored;
      assert.is(server.text.toString(), text);
    }
  });

  shared('letters are whole at every chunk boundary', async () => {
    const before = server.text.toString();
    const client = await ByteClient.connect(server.address);
    let received = '';
    for (const byte of Buffer.from('aé€😀')) {
      client.send(Buffer.of(byte));
      client.send('');
      if (byte < 0x80) received += await client.receive(Buffer.byteLength(before) + 1);
    }
    received += await client.endAndReceive();
    assert.is(received, ['a', 'aé', 'aé€', 'aé€😀'].map((letters) => before + letters).join(''));
    assert.is(server.text.toString(), `${before}aé€😀`);
  });

  shared('two clients’ halves of an emoji make two emoji', async () => {
    const before = server.text.toString();
    const [one, other] = [await ByteClient.connect(server.address), await ByteClient.connect(server.address)];
    one.send(Buffer.from('😀').subarray(0, 2));
    other.send(Buffer.from('🎉').subarray(0, 2));
    one.send(Buffer.from('😀').subarray(2));
    other.send(Buffer.from('🎉').subarray(2));
    const replies = await Promise.all([one.endAndReceive(), other.endAndReceive()]);
    const emoji = replies.map((reply) => reply.toString().replace(before, ''));
    // The later reply has both.
    assert.ok(['😀,😀🎉', '🎉😀,🎉'].includes(emoji.join()), emoji.join());
  });

  shared('thousands of letters followed at once by the end of the stream are all answered', async () => {
    const length = 3_000; // 4.5 MB of replies: more than the kernel buffers
    const before = server.text.length;
    const client = await ByteClient.connect(server.address);
    client.send('x'.repeat(length));
    assert.is((await client.endAndReceive()).length, length * before + (length * (length + 1)) / 2);
  });

  shared('a reset, also in the middle of replies, disconnects no other client', async () => {
    const before = server.text.toString();
    const idle = await ByteClient.connect(server.address);
    idle.send('a');
    await idle.receive(Buffer.byteLength(before) + 1);
    idle.socket.resetAndDestroy();
    await once(idle.socket, 'close');
    const nonReader = await ByteClient.connect(server.address);
    nonReader.send('x'.repeat(5_000));
    await nonReader.receive(100_000);
    nonReader.socket.resetAndDestroy();
    await once(nonReader.socket, 'close');
    const healthy = await connect(server.address);
    assert.match((await healthy.send('b')).replace(before, ''), /^ax+b$/);
    healthy.close();
  });

  if (!takesTurns(io)) {
    shared('a client that never reads delays no other client', async () => {
      const before = server.text.length;
      const nonReader = await ByteClient.connect(server.address);
      nonReader.socket.pause();
      nonReader.send('x'.repeat(1_000_000));
      const healthy = await connect(server.address);
      for (let i = 0; i < 20; i += 1) await healthy.send('b');
      assert.ok((await healthy.send('b')).length < before + 50_000, 'it was still read from');
      healthy.close();
      nonReader.close();
    });
  }

  shared.run();

  const test = suite(io);

  // --- several clients ---

  test('every model repeats the tutorial’s session, and logs who appended each letter', async () => {
    const appended: Array<readonly [client: number, offset: number, letter: string]> = [];
    const onEvent = ({ event }: LogEntry) => {
      if (event.type === 'appended')
        appended.push([event.client, event.offset, String.fromCodePoint(event.codePoint)]);
    };
    await withServer({ ...model, clients: 2, appended: true, onEvent }, async ({ address, closed }) => {
      const clients = [await connect(address), await connect(address)] as const;
      const turns = takesTurns(io) ? '1a 2u 1b 2u 1c 2v 1d 2v 1e 2w' : '1a 1b 1c 2u 2u 2v 2v 1d 2w 2w 1e';
      let text = '';
      for (const turn of turns.split(' ')) {
        const letter = turn[1] ?? '';
        text += letter;
        assert.is(await clients[turn[0] === '1' ? 0 : 1].send(letter), text);
      }
      for (const client of clients) client.close();
      assert.is((await closed).text.toString(), text);
      assert.equal(
        appended.sort(([, one], [, other]) => one - other), // of several threads
        turns.split(' ').map((turn, index) => [Number(turn[0]), index + 1, turn[1]]),
      );
    });
  });

  const many = io === 'threads' ? 8 : 50; // a thread takes long to start
  test(`${many} clients at once, 10 letters each: one text explains every reply`, async () => {
    const [clients, letters] = [many, 10];
    await withServer({ ...model, clients }, async ({ address, closed }) => {
      const connections = await Promise.all(Array.from({ length: clients }, () => connect(address)));
      const history: Operation[] = [];
      await Promise.all(
        connections.map(async (connection, client) => {
          for (let i = 0; i < letters; i += 1) {
            const letter = 'abcdé€😀'.at(i % 5) ?? 'z';
            const sent = performance.now();
            const reply = fingerprint(Buffer.from(await connection.send(letter)));
            history.push({ client, letter, sent, answer: { at: performance.now(), reply } });
          }
          connection.close();
        }),
      );
      const { text } = await closed;
      assert.is(checkHistory(history, text), undefined);
      assert.is([...text.toString()].length, clients * letters);
    });
  });

  // --- limits ---

  if (representatives('events', 'poll', 'uring').includes(io)) {
    test('a full text: pending replies are sent, further input is discarded, and the connection is closed', async () => {
      await withServer({ ...model, maxLength: 1_000 }, async ({ address }) => {
        const client = await ByteClient.connect(address);
        client.send('x'.repeat(1_000_000));
        assert.is((await client.receiveAll()).length, (1_000 * 1_001) / 2);
      });
    });

    test('a full text: a client that sends on and reads late gets all pending replies', async () => {
      await withServer({ ...model, maxLength: 1_000 }, async ({ address }) => {
        const client = await ByteClient.connect(address);
        client.socket.pause();
        client.send('x'.repeat(1_001));
        await sleep(4 * LINGER_IDLE_MS); // long enough for a wrong close
        client.send('y');
        assert.is((await client.receiveAll()).length, (1_000 * 1_001) / 2);
      });
    });
  }

  if (representatives('events', 'poll', 'blocking', 'threads').includes(io)) {
    test('one client beyond --max-connections is rejected, and the others are served', async () => {
      const options = io === 'threads' ? { io, maxThreads: 1 } : { ...model, maxConnections: 1 };
      await withServer(options, async ({ address }) => {
        const first = await connect(address);
        assert.is(await first.send('a'), 'a');
        const second = await ByteClient.connect(address);
        const sent = takesTurns(io) ? first.send('b') : undefined; // the server accepts the second only after this round
        assert.is((await second.receiveAll().catch(() => '')).toString(), '');
        assert.is(await (sent ?? first.send('b')), 'ab');
        first.close();
      });
    });
  }

  // --- the end ---

  test('a stop, with idle clients and without: they get the end of the stream, the port is free, nothing leaks', async () => {
    const descriptors = countDescriptors();
    const server = await startStringServer({ port: 0, ...model });
    const clients = await Promise.all(Array.from({ length: 3 }, () => ByteClient.connect(server.address)));
    for (const client of clients) client.send('a');
    for (const client of clients) await client.receive(1);
    const stopped = server.stop();
    for (const client of clients) await client.endAndReceive();
    assert.is((await stopped).text.toString(), 'aaa');
    const again = await startStringServer({ ...server.address, ...model });
    assert.is((await again.stop()).text.length, 0);
    for (const client of clients) client.close();
    await Promise.all(clients.map(({ socket }) => socket.closed || once(socket, 'close')));
    assert.is(countDescriptors(), descriptors);
  });

  // --- the log ---

  if (representatives('events', 'poll', 'uring').includes(io)) {
    test('--verbose prints descriptors where the model has them; SIGINT while a client is idle is exit 0', async () => {
      await withStrsvr(['0', ...modelArgs(io), '--verbose'], async (server, address) => {
        const client = await ByteClient.connect(address);
        client.send('a');
        await client.endAndReceive();
        await server.waitFor('stderr', /client 1 disconnected/);
        const asleep = await ByteClient.connect(address);
        asleep.send('\n');
        await asleep.receive(1);
        server.child.kill('SIGINT');
        const { status, stdout, stderr } = await server.finished;
        const fd = io === 'events' ? '' : ', fd \\d+';
        assert.is(/^listening socket fd \d+\n/.test(stderr), io !== 'events');
        assert.match(
          stderr,
          new RegExp(`client 1 accepted from 127\\.0\\.0\\.1:\\d+ to 127\\.0\\.0\\.1:\\d+, tcp${fd}\n`),
        );
        assert.match(stderr, /\nclient 1: read 1 byte, letter a\nclient 1: wrote 1 byte\n/);
        assert.match(stderr, /\nclient 1: read 0 bytes, end of stream\nclient 1 disconnected: 1 letter\n/);
        assert.match(stderr, /; \d I\/O threads?\n$/);
        assert.match(stdout, /\nthe final value of v is a\n$/);
        assert.is(status, 0);
        asleep.close();
      });
    });
  }

  test('a short session has its trace, event by event', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
    const trace = join(folder, 'trace.json');
    await withServer({ ...model, clients: 1, trace }, async ({ address, closed }) => {
      const client = await ByteClient.connect(address);
      client.send('a');
      await client.receive(1);
      client.send('\u202e');
      await client.endAndReceive();
      await closed;
    });
    const events: Array<Record<string, unknown>> = JSON.parse(readFileSync(trace, 'utf8'));
    rmSync(folder, { recursive: true });
    const names = (pid: number) => events.filter((event) => event['pid'] === pid && event['ph'] !== 'M');
    const lane = (pid: number) => names(pid).map(({ ph, name }) => `${ph} ${name}`);
    assert.equal(lane(1), [
      'b client 1',
      'i accepted',
      'i read a',
      'i wrote 1 of 1',
      ...(io === 'nonblocking' ? ['i read ', 'i read '] : []),
      'i read \\u{202E}',
      'i wrote 4 of 4',
      'i read end',
      'e client 1',
      'i closed',
    ]);
    assert.equal(lane(2).slice(0, 3).sort(), ['i client 1: accepted', 'i client 1: read a', 'i listening']);
    assert.is(lane(2).at(-1), 'i stats');
    const times = events.flatMap(({ ts }) => (typeof ts === 'number' ? [ts] : []));
    assert.equal(
      times,
      [...times].sort((a, b) => a - b),
      'in order of time',
    );
    const threads = new Set(names(2).map(({ tid }) => tid));
    assert.equal([...threads], io === 'threads' ? [0, 1] : [0]);
  });

  test.run();
}

const test = suite('all');

testWith(
  test,
  SLOW,
  'a stop ends within 5 s although a client never reads, and a second signal at once',
  async () => {
    const dropped: IoModelName[] = [];
    const ends = async (io: IoModelName, signals: 1 | 2) => {
      await withStrsvr(['0', ...modelArgs(io)], async (server, address) => {
        const nonReader = await ByteClient.connect(address);
        nonReader.send('x'.repeat(100_000)); // 5 GB of replies
        await nonReader.receive(100_000);
        nonReader.socket.pause();
        if (takesTurns(io)) await server.waitFor('stderr', /all clients wait for client 1/);
        else await stuck(address);
        server.child.kill('SIGTERM');
        await server.waitFor('stderr', /stopping/);
        if (signals === 2) server.child.kill('SIGTERM');
        else if (NO_PROC === undefined) {
          // On a busy machine it may have ended already.
          const { child } = server;
          await until(() => asleep(server) || child.exitCode !== null, `${io} sleeps while it waits`);
        }
        const { status, stdout, stderr } = await server.finished;
        assert.is(status, signals === 1 ? 0 : 143, io);
        assert.is(/final value of v is [xw]+\n/.test(stdout), signals === 1, io);
        // The pending replies may fit into the kernel's buffers, whose size varies.
        if (signals === 1)
          assert.match(stderr, /client 1 (dropped, it did not read its replies in 5 s|closed)/, stderr);
        if (/client 1 dropped/.test(stderr)) dropped.push(io);
        nonReader.close();
      });
    };
    await Promise.all([
      ...representatives('events', 'poll', 'uring', 'blocking', 'threads').map((io) => ends(io, 1)),
      ...representatives('events', 'poll', 'threads').map((io) => ends(io, 2)),
    ]);
    assert.ok(dropped.length > 0);
  },
);

test.run();

/** Resolves when no other client's letters arrive in the text any more. */
async function stuck(address: Address): Promise<void> {
  const watcher = await connect(address);
  let length = 0;
  for (let still = 0; still < 50; ) {
    const text = await watcher.send('w');
    still = text.length === length + 1 ? still + 1 : 0;
    length = text.length;
  }
  watcher.close();
}

/** The number of open descriptors of this process; 0 without /proc. */
function countDescriptors(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
}
