// The server among real clients: slow, silent, broken, many.

import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogEntry, OperationalError, type StringServerOptions, startStringServer } from 'strsvr';
import { OperationalError as ClientError, connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Session } from '../../server/core/session.js';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { Log } from '../../server/log/log.js';
import { EventsModel, RECEIVE_BYTES } from '../../server/models/events.js';
import { completeOptions } from '../../server/options/server-options.js';
import { ByteClient } from '../support/byte-client.js';
import { Program } from '../support/program.js';
import { type Address, withServer, withStrsvr } from '../support/servers.js';
import { missingProgram, testWith } from '../support/skipping.js';

test('the address has the port chosen by the system, and stop returns the text', async () => {
  const server = await startStringServer({ port: 0 });
  assert.is(server.address.host, '127.0.0.1');
  assert.ok(server.address.port > 0);
  const connection = await connect(server.address);
  assert.is(await connection.send('a'), 'a');
  assert.is(await connection.send('€'), 'a€');
  connection.close();
  const { text, stats } = await server.stop();
  assert.is(text.toString(), 'a€');
  assert.is(stats.letters, 2);
  assert.is(stats.clients, 1);
  assert.is(stats.ioThreads, 1);
  assert.ok(stats.cpuSeconds > 0);
});

test('an option of another I/O model does not compile', () => {
  const rejected: StringServerOptions[] = [
    // @ts-expect-error
    { io: 'blocking', idleSleepMs: 20 },
    // @ts-expect-error
    { idleSleepMs: 20 },
    // @ts-expect-error
    { io: 'nonblocking', lock: false },
    // @ts-expect-error
    { io: 'threads', journal: 'file' },
  ];
  for (const options of rejected)
    assert.throws(() => completeOptions(options), /: expected with io [a-z]+ alone/);
  const accepted: StringServerOptions[] = [
    { journal: 'file', sync: 'never' },
    { io: 'events', journal: 'file' },
    { io: 'nonblocking', idleSleepMs: 20 },
    { io: 'threads', maxThreads: 5, lock: false },
    { io: 'blocking', idleSleepMs: undefined },
  ];
  for (const options of accepted) assert.is(completeOptions(options).io, options.io ?? 'events');
});

test('a misspelt or invalid option is a TypeError that names it', async () => {
  for (const [options, expected] of [
    [{ prot: 2000 }, /^prot: no such option, expected host, port, /],
    [{ toString: 1 }, /^toString: no such option, /],
    [{ port: 70_000 }, /^port: expected a whole number from 0 to 65535, got 70000$/],
    [{ port: null }, /^port: expected a whole number from 0 to 65535, got "null"$/],
    [{ host: '' }, /^host: expected a text, got nothing$/],
    [{ io: 'magic' }, /^io: expected events, poll, uring, nonblocking, blocking, threads, got "magic"$/],
    [{ nagle: 'no' }, /^nagle: expected true or false, got "no"$/],
    [{ onEvent: true }, /^onEvent: expected a function, got boolean$/],
    [{ io: 'poll', journal: 'file' }, /^journal: expected with io events alone, got poll$/],
    [{ idleSleepMs: 20 }, /^idleSleepMs: expected with io nonblocking alone, got events$/],
  ] as const) {
    await startStringServer(options as object).then(
      () => assert.unreachable(JSON.stringify(options)),
      (error) => {
        assert.instance(error, TypeError);
        assert.match(error.message, expected);
      },
    );
  }
  for (const [options, expected] of [
    [{ prot: 2000 }, /^prot: no such option, expected host, port, raw, /],
    [{ port: 70_000 }, /^port: expected a whole number from 1 to 65535, got 70000$/],
  ] as const) {
    await connect(options as object).then(
      () => assert.unreachable(JSON.stringify(options)),
      (error) => {
        assert.instance(error, TypeError);
        assert.match(error.message, expected);
      },
    );
  }
  await withServer({ clients: undefined, port: 0, maxLength: undefined }, async () => {});
});

test('a failure of the environment is an OperationalError, which the library exports', async () => {
  await withServer({}, async ({ address }) => {
    await startStringServer(address).then(
      () => assert.unreachable(),
      (error) => {
        assert.instance(error, OperationalError);
        assert.is(error.code, 'EADDRINUSE');
        assert.is(OperationalError, ClientError);
      },
    );
  });
});

test('events go to onEvent only; reads and writes only with detailed', async () => {
  const types = async (detailed: boolean) => {
    const recorded: string[] = [];
    const onEvent = ({ event }: LogEntry) => recorded.push(event.type);
    await withServer({ clients: 1, detailed, onEvent }, async ({ address, closed }) => {
      const client = await ByteClient.connect(address);
      client.send('a');
      await client.endAndReceive();
      await closed;
    });
    return recorded.slice(0, recorded.indexOf('stats') + 1);
  };
  assert.equal(await types(false), ['listening', 'accepted', 'closed', 'stats']);
  assert.equal(await types(true), ['listening', 'accepted', 'read', 'wrote', 'read', 'closed', 'stats']);
  const { stderr } = await new Program('server/strsvr.js', [], LIBRARY).finished;
  assert.is(stderr, '');
});

/** A program that starts and stops a server which logs warnings. */
const LIBRARY = [
  '--input-type=module',
  '-e',
  `const { startStringServer } = await import('strsvr');
   await (await startStringServer({ host: '0.0.0.0', port: 0 })).stop();`,
];

test('text, clients and counters can be read while the server runs', async () => {
  for (const io of ['events', 'poll', 'threads'] as const) {
    const accepted = new EventEmitter();
    const onEvent = ({ event }: LogEntry) =>
      event.type === 'accepted' && accepted.emit(`client ${event.client}`);
    await withServer({ io, onEvent }, async (server) => {
      const both = once(accepted, 'client 2'); // a thread's events arrive later than its replies may
      assert.is(server.text.toString(), '');
      const [one, other] = [
        await ByteClient.connect(server.address),
        await ByteClient.connect(server.address),
      ];
      one.send('a€');
      await one.receive(1 + 4);
      const early = server.text;
      other.send('b');
      await other.receive(5);
      assert.equal([early.toString(), server.text.toString()], ['a€', 'a€b']);
      await both;
      const { letters, recovered, clients, connected, rejected } = server.stats;
      assert.equal([letters, recovered, clients, connected, rejected], [3, 0, 2, 2, 0], io);
      await one.endAndReceive();
      other.close();
      const { stats } = await server.stop();
      assert.equal([stats.letters, server.stats.letters, server.stats.connected], [3, 3, 0], io);
    });
  }
});

test('with clients: N the server closes after N clients have disconnected', async () => {
  const server = await startStringServer({ port: 0, clients: 2 });
  const [one, other] = [await connect(server.address), await connect(server.address)];
  await one.send('a');
  await other.send('b');
  try {
    await connect(server.address);
    assert.unreachable('a third client came in');
  } catch (error) {
    assert.match((error as Error).message, 'no server at');
  }
  one.close();
  other.close();
  assert.is((await server.closed).text.toString(), 'ab');
});

test('with 50 clients each reply ends in its letter, replies grow, and the text has every letter once', async () => {
  await withServer({}, async (server) => {
    await Promise.all(
      Array.from({ length: 50 }, async (_, client) => {
        const letter = String.fromCodePoint(0x4e00 + client);
        const connection = await connect(server.address);
        for (let i = 0; i < 20; i += 1) await connection.send(letter); // send() checks the reply
        connection.close();
      }),
    );
    const { text } = await server.stop();
    const sorted = [...text.toString()].sort().join('');
    const expected = Array.from({ length: 50 }, (_, client) =>
      String.fromCodePoint(0x4e00 + client).repeat(20),
    );
    assert.is(sorted, expected.join(''));
  });
});

testWith(
  test,
  missingProgram('strace'),
  'a client’s socket has TCP_NODELAY, and with --nagle it has not',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
    const trace = join(folder, 'trace');
    try {
      for (const [args, sockets] of [
        [[], 2],
        [['--nagle'], 0],
      ] as const) {
        const through = ['strace', '-f', '-e', 'trace=setsockopt', '-o', trace];
        const use = async (server: Program, address: Address) => {
          for (let client = 0; client < 2; client += 1) {
            const connection = await connect(address);
            await connection.send('a');
            connection.close();
          }
          await server.finished;
        };
        await withStrsvr(['0', '--clients', '2', ...args], use, undefined, through);
        const lines = readFileSync(trace, 'utf8').match(/TCP_NODELAY, \[1\]/g) ?? [];
        assert.is(lines.length, sockets, args.join(' '));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('a client that never reads costs little memory and delays no other client', async () => {
  await withStrsvr(['0'], async (server, address) => {
    const nonReader = await ByteClient.connect(address);
    nonReader.socket.pause();
    const healthy = await connect(address);
    await healthy.send('a');
    const before = await residentBytes(server);
    const megabyte = Buffer.alloc(1_000_000, 'x');
    nonReader.send(megabyte);
    for (let i = 0; i < 200; i += 1) await healthy.send('b');
    const grown = (await residentBytes(server)) - before;
    assert.ok(grown < 24 * 1024 * 1024, `${grown} bytes`);
    const { length } = await healthy.send('c');
    assert.ok(length < 20_000, `it was read from although it does not read: ${length} letters`);
    nonReader.close();
    healthy.close();
  });
});

/** Resident memory of a server process; constant without /proc. */
async function residentBytes(server: Program): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

test('a reset disconnects no other client, and the letter is in the text', async () => {
  await withServer({}, async (server) => {
    const [broken, healthy] = [await ByteClient.connect(server.address), await connect(server.address)];
    broken.send('a');
    await broken.receive(1);
    broken.socket.resetAndDestroy();
    await once(broken.socket, 'close');
    assert.is(await healthy.send('b'), 'ab');
    healthy.close();
  });
});

test('a reset in the middle of long replies frees the client’s state', async () => {
  await withServer({}, async (server) => {
    const broken = await ByteClient.connect(server.address);
    broken.send('x'.repeat(10_000));
    await broken.receive(100_000);
    broken.socket.resetAndDestroy();
    const healthy = await connect(server.address);
    assert.match(await healthy.send('y'), /^x+y$/);
    healthy.close();
  });
});

test('clients beyond --max-connections are rejected, and connected ones are served', async () => {
  await withStrsvr(['0', '--max-connections', '1'], async (server, address) => {
    const first = await connect(address);
    await first.send('a');
    const second = await ByteClient.connect(address);
    assert.is((await second.receiveAll().catch(() => Buffer.alloc(0))).length, 0);
    await server.waitFor('stderr', /rejected 127\.0\.0\.1:\d+: the maximum of 1 client is reached/);
    assert.is(await first.send('b'), 'ab');
    first.close();
  });
});

test('a long reply and its LF are written in one system call', async () => {
  const text = new Text(allocateTextBuffer(100_000));
  while (text.length < 50_000) text.append(0x78);
  const wrote: number[] = [];
  const sink = ({ event }: LogEntry) => {
    if (event.type === 'wrote') wrote.push(event.bytes);
  };
  const model = new EventsModel({
    ...{
      io: 'events',
      host: '127.0.0.1',
      port: 0,
      listenFd: undefined,
      clients: undefined,
      maxConnections: 1_000,
      allow: [],
    },
    ...{ stallTimeoutMs: 0, nagle: false, backlog: 511, idleSleepMs: 0, cpuRounds: 0, lock: true },
    ...{ openSession: () => new Session(text), meter: undefined },
    ...{ text, journal: undefined, log: new Log({ detailed: true, thread: 0, sink }) },
  });
  const address = await model.listen();
  const client = await ByteClient.connect(address);
  client.send('a\n');
  await client.receive(50_002);
  assert.equal(wrote, [50_002]);
  client.close();
  model.stop();
  await model.closed;
});

test('clients that flood the server are read round-robin, one read each', async () => {
  const reads: number[] = [];
  const onEvent = ({ event }: LogEntry) => {
    if (event.type === 'read' && event.bytes > 1) reads.push(event.client);
  };
  await withServer({ detailed: true, onEvent }, async ({ address }) => {
    const clients: ByteClient[] = [];
    for (let i = 0; i < FLOODS.clients; i += 1) {
      const client = await ByteClient.connect(address);
      client.send('\n');
      await client.receive(1);
      clients.push(client);
    }
    const flood = Buffer.alloc(FLOODS.reads * RECEIVE_BYTES, '\x07');
    for (const client of clients) client.send(flood); // in the kernel's buffers before the event loop reads
    for (const client of clients) client.send('\n');
    for (const client of clients) await client.receive(1);
    for (const client of clients) client.close();
  });
  assert.is(reads.length, FLOODS.clients * FLOODS.reads);
  for (let at = 0; at < reads.length; at += FLOODS.clients) {
    const round = reads.slice(at, at + FLOODS.clients);
    assert.is(new Set(round).size, FLOODS.clients, reads.join());
  }
});

/** Their input fits into the kernel's buffers. */
const FLOODS = { clients: 10, reads: 6 };

test('a stop answers every letter of the text, and ends although a client does not read', async () => {
  const server = await startStringServer({ port: 0 });
  const [silent, nonReader] = [
    await ByteClient.connect(server.address),
    await ByteClient.connect(server.address),
  ];
  silent.send('a');
  await silent.receive(1);
  nonReader.socket.pause();
  nonReader.send('x'.repeat(20_000));
  const other = await connect(server.address);
  await other.send('b'); // by now the server has read what the non-reader has sent
  const stopped = server.stop();
  assert.is((await silent.receiveAll()).toString(), '');
  const { text } = await stopped;
  assert.match(text.toString(), /^ax+b$/);
  nonReader.close();
  other.close();
});

test('a stop does not wait for idle clients', async () => {
  await withStrsvr(['0'], async (server, address) => {
    const idle = await ByteClient.connect(address);
    idle.send('a');
    await idle.receive(1);
    server.child.kill('SIGTERM');
    const { status, stderr } = await server.finished;
    assert.is(status, 0);
    assert.match(stderr, /client 1 (left|closed)/);
    assert.not.match(stderr, 'dropped');
    idle.close();
  });
});

test('a port in use is reported, with the command that shows its owner', async () => {
  await withServer({}, async ({ address }) => {
    try {
      await startStringServer(address);
      assert.unreachable();
    } catch (error) {
      assert.is((error as { code?: string }).code, 'EADDRINUSE');
      assert.match(
        (error as Error).message,
        `port ${address.port} is taken on 127.0.0.1; lsof -i :${address.port}`,
      );
    }
  });
});

test.run();
