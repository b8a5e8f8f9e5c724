// The server under attack: clients that do not read, vanish, flood or are not allowed, a system without free descriptors, a
// suspended process. Other clients must be served, and the log must give the reason.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type IoModelName, startStringServer } from 'strsvr';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CloseReason } from '../../server/core/close-reason.js';
import { Session } from '../../server/core/session.js';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { IpAllowList } from '../../server/limits/ip-allow-list.js';
import { watchStalls } from '../../server/limits/stall-detector.js';
import type { LogEntry } from '../../server/log/events.js';
import { Log } from '../../server/log/log.js';
import { EventsModel } from '../../server/models/events.js';
import { ByteClient } from '../support/byte-client.js';
import { built, ended as endedWithin, Program, skipChildCoverage } from '../support/program.js';
import { representatives } from '../support/runnable-models.js';
import {
  type Address,
  modelArgs,
  modelOptions,
  withPreload,
  withServer,
  withStrsvr,
} from '../support/servers.js';
import { missingProgram, SLOW, testWith } from '../support/skipping.js';
import { asleep, until } from '../support/waiting.js';

const NO_PROC = existsSync('/proc/self/net/tcp') ? undefined : 'it is seen in /proc';
const NO_PRLIMIT = missingProgram('prlimit') ?? NO_PROC;
skipChildCoverage();
/** `poll` and `nonblocking` share their code, except for the waiting. */
const DISTINCT = representatives('events', 'poll', 'uring', 'blocking', 'threads');
/** Whose sockets a worker thread reads. */
const WORKERS = DISTINCT.filter((io) => io !== 'events');
/** One whose sockets belong to Node.js, and one with a worker thread. */
const EVENTS_AND_WORKER = representatives('events', 'poll');

/** Does the same to a server of each model at the same time. */
async function each(models: readonly IoModelName[], use: (io: IoModelName) => Promise<void>): Promise<void> {
  await Promise.all(models.map(use));
}

async function answered(address: Address): Promise<ByteClient> {
  const client = await ByteClient.connect(address);
  client.send('\n');
  await client.receive(1);
  return client;
}

/** Sends SIGTERM and expects an orderly end. */
async function ended(server: Program): Promise<string> {
  server.child.kill('SIGTERM');
  const { status, stderr } = await server.finished;
  assert.is(status, 0, stderr);
  return stderr;
}

/**
 * Servers with a short stall timeout, one of each model, for all tests that do not need a fresh server. Each test closes
 * its clients; the text keeps their letters, so tests that need a short text come first.
 */
const impatient = new Map<IoModelName, Promise<{ server: Program; address: Address }>>();

async function withImpatient(
  io: IoModelName,
  use: (server: Program, address: Address) => Promise<void>,
): Promise<void> {
  const start = async () => {
    const server = new Program('server/strsvr.js', ['0', ...modelArgs(io), '--stall-timeout', '1']);
    const [, host = '', port] = await server.waitFor('stdout', /listening on (.+):(\d+) /);
    return { server, address: { host, port: Number(port) } };
  };
  const started = impatient.get(io) ?? start();
  impatient.set(io, started);
  const { server, address } = await started;
  await use(server, address);
}

/** An accepted client's name in the log. Another client may have had its port before. */
async function nameOf({ socket: { localPort } }: ByteClient, server: Program): Promise<string> {
  const [, name = ''] = await server.waitFor(
    'stderr',
    new RegExp(`[^]*(client \\d+) accepted from [\\d.]+:${localPort}\n(?![^]*\\1 (?:disconnected|lost))`),
  );
  return name;
}

// --- a system that runs out of descriptors ---

testWith(
  test,
  SLOW ?? NO_PROC,
  'connections beyond the descriptor limit are rejected and logged, and connected clients are served',
  async () => {
    const most = { events: 36, poll: 36, uring: 36, threads: 7, nonblocking: 36, blocking: 36 };
    const models = representatives('events', 'poll', 'threads').filter((io) => !io.includes('blocking'));
    await each(models, async (io) => {
      const use = async (server: Program, address: Address) => {
        const clients: ByteClient[] = [];
        for (let i = 0; i < most[io]; i += 1) clients.push(await answered(address));
        for (let i = 0; i < 20; i += 1) {
          const rejected = await ByteClient.connect(address);
          assert.is((await rejected.receiveAll().catch(() => '')).length, 0, io);
        }
        for (const client of clients) client.send('\n');
        for (const client of clients) assert.is((await client.receive(1)).toString(), '\n', io);
        for (const client of clients) client.close();
        const log = await ended(server);
        assert.match(log, new RegExp(`warning: at most ${most[io]} clients, not `));
        assert.match(log, new RegExp(`, ${most[io]} clients, 20 rejected, `), io);
      };
      const few = ['sh', '-c', 'ulimit -n 100 && exec "$@"', 'sh'];
      await withStrsvr(['0', ...modelArgs(io)], use, undefined, few);
    });
  },
);

testWith(
  test,
  NO_PROC,
  'events: when other open files take the descriptors, further clients are rejected and counted',
  async () => {
    const taken = 'ulimit -n 100; for fd in $(seq 40 89); do eval "exec $fd</dev/null"; done; exec "$@"';
    const clients: ByteClient[] = [];
    const use = async (server: Program, address: Address) => {
      let rejected = 0;
      for (let i = 0; i < 30; i += 1) {
        const client = await ByteClient.connect(address);
        client.send('\n');
        const answer = await client.receive(1).catch(() => undefined);
        if (answer === undefined) rejected += 1;
        else clients.push(client);
      }
      assert.ok(rejected > 0 && clients.length > 0, `${rejected} of 30 were rejected`);
      for (const client of clients) client.send('\n');
      for (const client of clients) assert.is((await client.receive(1)).toString(), '\n');
      for (const client of clients) client.close();
      const log = await ended(server);
      assert.match(log, /no file descriptor is free/);
      assert.match(log, new RegExp(`, ${clients.length} clients, ${rejected} rejected, `));
    };
    await withStrsvr(['0'], use, undefined, ['bash', '-c', taken, 'bash']);
  },
);

testWith(
  test,
  NO_PRLIMIT,
  'without a free descriptor no thread busy-waits, and waiting clients are accepted later',
  async () => {
    await each(WORKERS, async (io) => {
      await withImpatient(io, async (server, address) => {
        const inside = await answered(address);
        // The other two poll without pause, or block in recv for the connected client.
        const stays = io === 'poll' || io === 'uring' || io === 'threads';
        const { length } = descriptors(server);
        if (!stays) inside.close();
        if (!stays) await until(() => descriptors(server).length < length, io);
        limitDescriptors(server, lowestFree(server));
        const waiting = await ByteClient.connect(address);
        await server.waitFor('stderr', /warning: no file descriptor is free: /);
        await until(() => asleep(server), `${io} is asleep`);
        if (stays) inside.send('\n');
        if (stays) assert.is((await inside.receive(1)).toString(), '\n', io);
        limitDescriptors(server, 1_000);
        waiting.send('a');
        assert.is((await waiting.receive(1)).toString(), 'a', io);
        for (const client of [inside, waiting]) client.close();
        assert.is(server.stderr.split('no file descriptor is free').length, 2, 'it is said once');
        await server.waitFor('stderr', /client 1 disconnected/);
        await server.waitFor('stderr', /client 2 disconnected/);
      });
    });
  },
);

testWith(test, NO_PRLIMIT, 'threads: only the client whose thread cannot start is disconnected', async () => {
  await withStrsvr(['0', '--io', 'threads'], async (server, address) => {
    const inside = await answered(address);
    limitDescriptors(server, lowestFree(server) + 1);
    const unlucky = await ByteClient.connect(address);
    assert.is((await unlucky.receiveAll().catch(() => '')).length, 0);
    await server.waitFor('stderr', /client 2 lost, no descriptor is free for its thread: 0 letters\n/);
    limitDescriptors(server, 1_000);
    const later = await answered(address);
    inside.send('a');
    assert.is((await inside.receive(1)).toString(), 'a');
    for (const client of [inside, later]) client.close();
    await ended(server);
  });
});

test('threads: only the client for which the system starts no thread is disconnected', async () => {
  const bug = `import workers from 'node:worker_threads';
    import { syncBuiltinESMExports } from 'node:module';
    const { isMainThread, Worker } = workers;
    let started = 0;
    workers.Worker = class extends Worker {
      constructor(...args) {
        started += 1;
        if (started === 3) throw Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
        super(...args);
      }
    };
    if (isMainThread) syncBuiltinESMExports();`;
  await withPreload(bug, ['--io', 'threads', '--max-threads', '2'], async (server, address) => {
    const inside = await answered(address);
    const unlucky = await ByteClient.connect(address);
    assert.is((await unlucky.receiveAll().catch(() => '')).length, 0);
    await server.waitFor('stderr', /client 2 lost, the system starts no thread: 0 letters\n/);
    const later = await answered(address); // the failed client has left no gap
    inside.send('a');
    assert.is((await inside.receive(1)).toString(), 'a');
    for (const client of [inside, later]) client.close();
    await ended(server);
  });
});

test('threads: connections reset before their threads start do not count as clients', async () => {
  await withStrsvr(['0', '--io', 'threads', '--max-threads', '1'], async (server, address) => {
    server.child.kill('SIGSTOP'); // so that all of them wait to be accepted
    for (let i = 0; i < 10; i += 1) (await ByteClient.connect(address)).socket.resetAndDestroy();
    const healthy = await ByteClient.connect(address);
    server.child.kill('SIGCONT');
    healthy.send('a');
    assert.is((await healthy.receive(1)).toString(), 'a');
    healthy.close();
    assert.match(await ended(server), /reset before its thread was started/);
  });
});

function lowestFree(server: Program): number {
  const open = new Set(descriptors(server));
  for (let fd = 0; ; fd += 1) if (!open.has(fd)) return fd;
}

function limitDescriptors(server: Program, limit: number): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(server.child.pid), `--nofile=${limit}:`]);
  assert.is(status, 0, String(stderr));
}

// --- a log that cannot be written, from its first line on; failing-log.ts of `make soak` has the other ways ---

testWith(
  test,
  SLOW ?? (existsSync('/dev/full') ? undefined : 'there is no /dev/full'),
  'a full disk under the log',
  async () => {
    const full = ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh'];
    await each(EVENTS_AND_WORKER, (io) =>
      withStrsvr(['0', ...modelArgs(io)], outlivesItsLog, undefined, full),
    );
  },
);

/** With a log that cannot be written, clients are served and the server ends in order. */
async function outlivesItsLog(server: Program, address: Address): Promise<void> {
  for (let i = 0; i < 5; i += 1) (await answered(address)).close();
  const client = await ByteClient.connect(address);
  client.send('a');
  assert.is((await client.receive(1)).toString(), 'a');
  client.close();
  await ended(server);
  assert.match(server.stdout, /the final value of v is a\n$/);
}

// --- clients that do not read ---

test('with TCP_INFO one reply in the kernel’s buffer is enough to detect a stall', async () => {
  await each(WORKERS, async (io) => {
    await withImpatient(io, async (server, address) => {
      const nonReader = await ByteClient.connect(address);
      nonReader.socket.pause();
      nonReader.send('x'.repeat(1_500)); // 1.1 MB of replies: more than the client's receive buffer, less than the server's send buffer
      const name = await nameOf(nonReader, server);
      await server.waitFor('stderr', new RegExp(`${name} dropped, it acknowledged less than 1024 bytes`));
      nonReader.close();
    });
  });
});

test('a client that reads none of its replies is disconnected after --stall-timeout; one without pending replies is not', async () => {
  await each(DISTINCT, async (io) => {
    await withImpatient(io, async (server, address) => {
      const idle = io === 'blocking' ? undefined : await answered(address);
      const nonReader = await ByteClient.connect(address);
      nonReader.socket.pause();
      nonReader.send('x'.repeat(100_000));
      const name = await nameOf(nonReader, server);
      await server.waitFor(
        'stderr',
        new RegExp(
          `${name} dropped, it acknowledged less than 1024 bytes of its replies in 1 s: [\\d,]+ letters\n`,
        ),
      );
      const client = idle ?? (await ByteClient.connect(address));
      client.send('\n');
      assert.is((await client.receive(1)).toString(), '\n', io);
      for (const one of [client, nonReader]) one.close();
    });
  });
});

test('a client that reads single bytes is disconnected too', async () => {
  await each(EVENTS_AND_WORKER, async (io) => {
    await withImpatient(io, async (server, address) => {
      const slow = await ByteClient.connect(address);
      slow.socket.pause();
      slow.send('x'.repeat(100_000));
      const reading = setInterval(() => slow.socket.read(1), 50);
      const name = await nameOf(slow, server);
      await server
        .waitFor('stderr', new RegExp(`${name} dropped, it acknowledged less than 1024 bytes`))
        .finally(() => {
          clearInterval(reading);
          slow.close();
        });
    });
  });
});

test('a stall is less than 1 KiB per --stall-timeout, however it is spread', async () => {
  const ticks = new Map<{ each: number }, number>();
  const [tooSlow, justEnough] = [{ each: 100 }, { each: 103 }];
  const clients = new Set([tooSlow, justEnough]);
  const stalled = await new Promise((resolve) => {
    const taken = (client: { each: number }) => {
      const tick = 1 + (ticks.get(client) ?? 0);
      ticks.set(client, tick);
      return client.each * tick;
    };
    const timer = watchStalls(clients, 50, taken, (client, { detail }) => {
      clearInterval(timer);
      resolve([client, detail, ticks.get(client)]);
    });
    timer?.ref();
  });
  assert.equal(stalled, [tooSlow, 'it acknowledged less than 1024 bytes of its replies in 0.05 s', 11]);
});

test('--stall-timeout 0 disconnects no client', async () => {
  await withStrsvr(['0', '--stall-timeout', '0'], async (server, address) => {
    const nonReader = await ByteClient.connect(address);
    nonReader.socket.pause();
    nonReader.send('x'.repeat(10_000));
    const healthy = await connect(address);
    for (let i = 0; i < 5; i += 1) {
      await healthy.send('y');
      await sleep(50); // long enough for a wrong disconnect
    }
    assert.not.match(server.stderr, /client \d+ dropped/);
    for (const client of [nonReader, healthy]) client.close();
  });
});

test('a client that waits for the journal is not disconnected, however slow the disk is', async () => {
  const stallTimeoutMs = 200;
  const closed: CloseReason[] = [];
  const sink = ({ event }: LogEntry) => {
    if (event.type === 'closed') closed.push(event.reason);
  };
  const text = new Text(allocateTextBuffer(1_000));
  const hanging = { durableLength: 0, rejection: undefined, commit: () => {}, onDurable: () => {} };
  const model = new EventsModel({
    ...{
      io: 'events',
      host: '127.0.0.1',
      port: 0,
      listenFd: undefined,
      clients: undefined,
      maxConnections: 10,
      allow: [],
    },
    ...{ stallTimeoutMs, nagle: false, backlog: 5, idleSleepMs: 0, cpuRounds: 0, lock: true },
    ...{ openSession: () => new Session(text, hanging), meter: undefined },
    ...{ text, journal: hanging, log: new Log({ detailed: false, thread: 0, sink }) },
  });
  const client = await ByteClient.connect(await model.listen());
  client.send('abc');
  await sleep(4 * stallTimeoutMs); // long enough for a wrong disconnect
  assert.is(text.length, 3);
  assert.equal(closed, []);
  model.abort();
  await model.closed;
  client.close();
});

test('a SIGSTOP longer than --stall-timeout disconnects no client that reads', async () => {
  const stallSeconds = 5; // even on a busy machine a reader reads within this time
  await each(EVENTS_AND_WORKER, async (io) => {
    const args = ['0', ...modelArgs(io), '--stall-timeout', String(stallSeconds)];
    await withStrsvr(args, async (server, address) => {
      const reader = await ByteClient.connect(address);
      let received = 0;
      reader.socket.on('data', ({ length }) => {
        received += length;
      });
      const hasReceived = (bytes: number) => until(() => received > bytes || reader.socket.closed, io);
      reader.send('x'.repeat(8_000)); // 32 MB of replies
      await hasReceived(2_000_000);
      server.child.kill('SIGSTOP'); // while replies are pending
      await sleep(1_200 * stallSeconds);
      server.child.kill('SIGCONT');
      await hasReceived(31_000_000);
      assert.not.match(server.stderr, / dropped, /, io);
      reader.close();
    });
  });
});

test('no code of the server reads the wall clock', () => {
  const files = readdirSync(built('../server'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts'));
  assert.ok(sources.length > 20);
  for (const file of sources) {
    assert.not.match(readFileSync(built(join('../server', file)), 'utf8'), /Date\.now|new Date\(\)/, file);
  }
});

// --- clients that vanish ---

testWith(test, NO_PROC, 'every accepted connection has keepalive after 45 s of silence', async () => {
  await each(DISTINCT, async (io) => {
    await withImpatient(io, async (server, address) => {
      const silent = await ByteClient.connect(address);
      await nameOf(silent, server);
      const { timer, when, row } = serversEnd(silent, address) ?? {};
      assert.is(timer, '02', `${io}: ${row}`); // 02: keepalive
      const seconds = Number.parseInt(when ?? '', 16) / 100;
      assert.ok(seconds > 10 && seconds <= 45, `${io}: ${seconds} s`); // counted down since the last received byte
      silent.close();
    });
  });
});

/** A connection at the server's end, from /proc/net/tcp: unread bytes, the running timer and its remaining time. */
function serversEnd({ socket: { localPort = 0 } }: ByteClient, { port }: Address) {
  const ends = [port, localPort].map((end) => `0100007F:${hex(end)}`).join(' ');
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const row = rows.find((line) => line.includes(ends));
  const [, unread = '', timer, when] = /\S+ \S+ 01 \S+:(\S+) (\d\d):(\S+)/.exec(row ?? '') ?? [];
  return row === undefined ? undefined : { row, unread: Number.parseInt(unread, 16), timer, when };
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

testWith(test, NO_PROC, 'a reset in the middle of a letter leaks nothing', async () => {
  for (const io of DISTINCT) {
    await withServer(modelOptions(io), async ({ address }) => {
      const healthy = await connect(address);
      assert.is(await healthy.send('a'), 'a', io);
      const before = descriptors('self').length;
      const broken = await ByteClient.connect(address);
      broken.send(Buffer.from('😀').subarray(0, 2));
      for (const letter of 'bc') await healthy.send(letter); // in `blocking` the server then waits for the other one
      await until(() => serversEnd(broken, address)?.unread === 0, `${io}: half a letter was not read`);
      broken.socket.resetAndDestroy();
      assert.is(await healthy.send('d'), 'abcd', io);
      await until(() => descriptors('self').length <= before, io);
      healthy.close();
    });
  }
});

testWith(test, NO_PROC, '1,000 connections reset at once leak nothing', async () => {
  for (const io of ['events', 'poll'] as const) {
    const server = await startStringServer({ port: 0, io });
    const healthy = await connect(server.address);
    await healthy.send('a');
    const before = descriptors('self').length;
    for (let i = 0; i < 10; i += 1) {
      const clients = await Promise.all(
        Array.from({ length: 100 }, () => ByteClient.connect(server.address)),
      );
      for (const client of clients) client.socket.resetAndDestroy();
    }
    await until(() => server.stats.clients === 1_001, `${io}: some were never accepted`);
    await until(() => descriptors('self').length <= before, io);
    assert.is(await healthy.send('b'), 'ab', io);
    healthy.close();
    await server.stop();
  }
});

/** Numbers of the open descriptors of a server in a process of its own, or of this process and the servers in it. */
function descriptors(server: Program | 'self'): number[] {
  return readdirSync(`/proc/${server === 'self' ? server : server.child.pid}/fd`).map(Number);
}

// --- clients that are not allowed, and floods of them ---

test('--allow accepts only its networks, IPv4-mapped addresses too; rejected clients do not count for --clients', async () => {
  await each(EVENTS_AND_WORKER, async (io) => {
    const [ipv4, ipv6] = ['127.0.0.1', '::1'];
    for (const [allow, allowed, stranger] of [
      [['10.0.0.0/8', '127.0.0.0/8'], ipv4, ipv6],
      [['::1'], ipv6, ipv4],
      [['::/0'], ipv6, ipv4],
    ] as const) {
      await withServer({ io, host: '::', allow, clients: 1 }, async ({ address: { port }, closed }) => {
        const rejected = await ByteClient.connect({ host: stranger, port });
        assert.is((await rejected.receiveAll().catch(() => '')).length, 0, io);
        const connection = await connect({ host: allowed, port });
        assert.is(await connection.send('a'), 'a', io);
        connection.close();
        const { stats } = await closed;
        assert.equal([stats.clients, stats.rejected], [1, 1], io);
      });
    }
  });
});

test('an invalid network is an error at the start, in the library too', async () => {
  const expected = 'allow: expected a network such as 192.168.1.0/24 or fd00::/8, got';
  for (const wrong of [
    '',
    'home',
    '10.0.0.0/33',
    '10.0.0/8',
    '::/129',
    '10.0.0.0/08',
    '10.0.0.0/',
    'fe80::1%lo/64',
  ]) {
    await startStringServer({ port: 0, allow: [wrong] }).then(
      () => assert.unreachable(wrong),
      ({ message }) => assert.is(message, `${expected} ${wrong === '' ? 'nothing' : JSON.stringify(wrong)}`),
    );
  }
  const networks = new IpAllowList(['10.1.2.3/8', 'fe80::/10']);
  assert.ok(
    networks.include('10.9.9.9') && networks.include('::ffff:10.9.9.9') && networks.include('fe80::1%lo'),
  );
  assert.not(networks.include('11.1.1.1') || networks.include('::1') || networks.include('?'));
  for (const [network, ipv4, ipv6] of [
    ['::/0', false, true],
    ['0.0.0.0/0', true, false],
    ['::ffff:0:0/96', true, false],
    ['::ffff:10.0.0.0/104', true, false],
    ['0:0:0:0:0:FFFF:a00:0/104', true, false],
    ['::ffff:11.0.0.0/104', false, false],
    ['::ffff:0:0/95', false, false],
  ] as const) {
    const one = new IpAllowList([network]);
    for (const host of ['10.9.9.9', '::ffff:10.9.9.9']) assert.is(one.include(host), ipv4, network);
    assert.is(one.include('2001:db8::1'), ipv6, network);
  }
});

test('many rejections are logged in one line a second, and all are counted', async () => {
  const flood = 300;
  const models = EVENTS_AND_WORKER.filter((io) => io !== 'blocking');
  await each(models, async (io) => {
    const json = io === 'events';
    const args = ['0', ...modelArgs(io), '--max-connections', '1', '--log', json ? 'json' : 'text'];
    await withStrsvr(args, async (server, address) => {
      const started = performance.now();
      const inside = await answered(address);
      const rejected = async () => (await ByteClient.connect(address)).receiveAll().catch(() => '');
      for (let i = 0; i < flood; i += 50) {
        await Promise.all(Array.from({ length: 50 }, rejected));
        if (i === 100) await server.waitFor('stderr', json ? /"rejectedSummary"/ : /rejected \d+ more/);
      }
      inside.send('\n');
      assert.is((await inside.receive(1)).toString(), '\n', io);
      inside.close();
      const stderr = await ended(server);
      const seconds = (performance.now() - started) / 1000;
      const counts = json ? countsInJson(stderr) : countsInText(stderr);
      assert.is(counts[0], 1, io);
      assert.is(
        counts.reduce((sum, count) => sum + count),
        flood,
        stderr,
      );
      assert.ok(counts.length <= 2 + seconds, stderr);
      assert.match(stderr, json ? /"clients":1,"rejected":300,/ : /letters, 1 client, 300 rejected, /);
    });
  });
});

function countsInText(stderr: string): number[] {
  const lines = stderr.split('\n').filter((line) => line.startsWith('rejected'));
  for (const line of lines) assert.match(line, /127\.0\.0\.1:\d+: the maximum of 1 client is reached$/);
  return lines.map((line) =>
    Number(/^rejected ([\d,]+) more in the last second, last /.exec(line)?.[1] ?? 1),
  );
}

function countsInJson(stderr: string): number[] {
  const events = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return events.flatMap(({ type, count = 1 }) => (type.startsWith('rejected') ? [count] : []));
}

// --- the log's content, and programming errors ---

test('the log contains nothing that a client sends', async () => {
  await each(DISTINCT, async (io) => {
    await withImpatient(io, async (server, address) => {
      const client = await ByteClient.connect(address);
      const name = await nameOf(client, server);
      client.send('\x1b[2J\r\nrejected 6.6.6.6:66: letter\u202e\u0085\n');
      await client.endAndReceive();
      await server.waitFor(
        'stderr',
        new RegExp(`${name} disconnected: \\d+ letters, 3 control characters discarded\n`),
      );
      assert.not.match(server.stderr, /2J|6\.6\.6\.6|u\{|[^ -~\n]/, io);
    });
  });
});

testWith(
  test,
  SLOW,
  'an exception in a handler is logged with exit 1, and no answered letter is lost',
  async () => {
    const bug = `import { Session } from ${JSON.stringify(pathToFileURL(built('server/core/session.js')))};
    const { receive } = Session.prototype;
    Session.prototype.receive = function (chunk) {
      if (chunk.includes(0x21)) throw new Error('a bug');
      receive.call(this, chunk);
    };`;
    const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
    try {
      await each(representatives('events', 'poll', 'threads'), async (io) => {
        const journal = join(folder, io);
        const args = [...modelArgs(io), ...(io === 'events' ? ['--journal', journal] : [])];
        await withPreload(bug, args, async (server, address) => {
          const client = await ByteClient.connect(address);
          client.send('ab');
          await client.receive(3);
          client.send('!');
          const { status, stderr } = await server.finished;
          assert.is(status, 1, io);
          assert.match(stderr, /Error: a bug\n +at /, io);
          if (io === 'events') assert.is(readFileSync(journal, 'utf8'), 'ab');
          client.close();
        });
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

testWith(
  test,
  SLOW,
  'an exception on the main thread ends the process, even while a worker sleeps in a system call',
  async () => {
    const bug = `import { isMainThread } from 'node:worker_threads';
    if (isMainThread) process.on('SIGUSR2', () => { throw new Error('a bug'); });`;
    await each(representatives('poll', 'uring', 'threads'), async (io) => {
      await withPreload(bug, modelArgs(io), async (server, address) => {
        const asleep = await answered(address);
        server.child.kill('SIGUSR2');
        const { status, stderr } = await endedWithin(server, 30_000);
        assert.is(status, 1, io);
        assert.match(stderr, /Error: a bug\n +at /, io);
        asleep.close();
      });
    });
  },
);

// --- the end ---

test('a server reports the number of stalled clients and stops gracefully', async () => {
  await each(DISTINCT, async (io) => {
    await withImpatient(io, async (server) => {
      assert.match(await ended(server), / clients, [23] stalled, [ -~]+\n$/);
    });
  });
});

test.run();
