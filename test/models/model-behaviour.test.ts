// What distinguishes the I/O models. Each test fails with another model.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { IoModelName } from 'strsvr';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ControlBlock } from '../../server/models/worker/control-block.js';
import { ByteClient } from '../support/byte-client.js';
import { concurrent } from '../support/concurrent.js';
import { built, ended, skipChildCoverage } from '../support/program.js';
import { RUNNABLE_MODELS, representatives } from '../support/runnable-models.js';
import { type Address, modelOptions, withPreload, withServer, withStrsvr } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';
import { asleep, stopped, until } from '../support/waiting.js';

skipChildCoverage();
const NO_PROC = existsSync('/proc/self/task') ? undefined : 'it is seen in /proc';

test('blocking.ts and nonblocking.ts differ in O_NONBLOCK, receive size, EAGAIN and idle sleep alone', () => {
  const [blocking, nonblocking] = ['blocking', 'nonblocking'].map((name) =>
    readFileSync(built(`../server/models/${name}.ts`), 'utf8')
      .replaceAll(/\b(Blocking|Nonblocking)(?=Model|Loop)/g, '')
      .split('\n')
      .filter((line) => !line.startsWith('//')),
  ) as [string[], string[]];
  const only = (lines: string[], others: string[]) =>
    lines.filter((line) => !others.includes(line)).map((line) => line.trim());
  assert.equal(only(blocking, nonblocking), [
    'const RECEIVE_BYTES = 16 * 1024;',
    'class Loop extends RoundRobinLoop {',
    'readonly #buffer = Buffer.alloc(RECEIVE_BYTES);',
    'constructor(context: WorkerContext) {',
    'super(context, { O_NONBLOCK: false });',
  ]);
  assert.equal(only(nonblocking, blocking), [
    'const RECEIVE_BYTES = 1;',
    'export class Loop extends RoundRobinLoop {',
    'readonly #buffer: Buffer;',
    'constructor(context: WorkerContext, receiveBytes = RECEIVE_BYTES) {',
    'super(context, { O_NONBLOCK: true });',
    'this.#buffer = Buffer.alloc(receiveBytes);',
    'protected override endRound(): void {',
    'this.context.control.idleBackoff(this.context.options.idleSleepMs);',
    'if (length === libc.EAGAIN) return;',
    'if (taken === libc.EAGAIN) return;',
  ]);
});

/** For tests that mostly wait. */
const waiting = concurrent(test, 3);

// --- a silent first client ---

for (const io of RUNNABLE_MODELS.filter((name) => name !== 'blocking')) {
  test(`${io}: a silent first client delays no other client`, async () => {
    await withServer(modelOptions(io), async ({ address }) => {
      const silent = await ByteClient.connect(address);
      const others = await Promise.all(Array.from({ length: 3 }, () => connect(address)));
      for (const [i, other] of others.entries()) assert.is(await other.send('a'), 'a'.repeat(i + 1));
      for (const other of others) other.close();
      silent.close();
    });
  });
}

waiting(
  'blocking: a silent first client delays all others until it disconnects, and the log says so',
  async () => {
    await withStrsvr(['0', '--io', 'blocking', '--verbose'], async (server, address) => {
      const silent = await ByteClient.connect(address);
      await server.waitFor('stderr', /client 1 accepted/);
      const other = await connect(address);
      let answered = false;
      const reply = other.send('a').finally(() => {
        answered = true;
      });
      const port = silent.socket.localPort;
      await server.waitFor(
        'stderr',
        new RegExp(`all clients wait for client 1 \\(127\\.0\\.0\\.1:${port}\\), blocked in recv for 1 s\n`),
      );
      await server.waitFor(
        'stderr',
        new RegExp(`all clients wait for client 1 \\(127\\.0\\.0\\.1:${port}\\), blocked in recv for 2 s\n`),
      );
      assert.not(answered);
      silent.close();
      assert.is(await reply, 'a');
      other.close();
    });
  },
);

waiting('blocking: a second letter is answered only after every other client has sent one', async () => {
  await withServer({ io: 'blocking' }, async ({ address }) => {
    const [one, other] = [await connect(address), await connect(address)];
    assert.is(await one.send('a'), 'a');
    assert.is(await other.send('u'), 'au'); // both are accepted, and the server waits for the first
    assert.is(await one.send('b'), 'aub');
    let answered = false;
    const second = one.send('c').finally(() => {
      answered = true;
    });
    await sleep(100); // long enough for a wrong reply
    assert.not(answered);
    assert.is(await other.send('v'), 'aubv');
    assert.is(await second, 'aubvc');
    one.close();
    other.close();
  });
});

waiting('blocking: a client that never reads delays all others', async () => {
  await withStrsvr(['0', '--io', 'blocking'], async (server, address) => {
    const nonReader = await ByteClient.connect(address);
    nonReader.socket.pause();
    nonReader.send('x'.repeat(100_000));
    await server.waitFor('stderr', /all clients wait for client 1 .*blocked in send/);
    const other = await connect(address);
    const reply = other.send('a');
    nonReader.close();
    assert.match(await reply, /^x+a$/);
    other.close();
  });
});

waiting('poll: a silent client is not reported as blocking when the listener is closed', async () => {
  await withStrsvr(['0', '--io', 'poll', '--clients', '2'], async (server, address) => {
    const silent = await ByteClient.connect(address);
    const other = await connect(address);
    await sleep(2_500); // the thread sleeps in poll(2) for both
    assert.is(await other.send('a'), 'a');
    assert.not.match(server.stderr, /wait/);
    silent.close();
    other.close();
  });
});

// --- the cost of waiting ---

/** A server that is awake in this number of consecutive samples busy-waits. */
const SAMPLES = 40;
/** For one that must busy-wait. */
const FEW_SAMPLES = 10;

/** A server's threads for three clients after the first, and whether it busy-waits while all are silent. */
async function costs(
  io: IoModelName,
  args: string[],
  most = SAMPLES,
): Promise<{ threads: number; spins: boolean }> {
  const figures = { threads: 0, spins: true };
  await withStrsvr(['0', '--io', io, ...args], async (server, address) => {
    const threads = () => readdirSync(`/proc/${server.child.pid}/task`).length;
    const first = await answered(address);
    const before = threads();
    // In blocking the first client, now silent, blocks the others.
    const more = () => (io === 'blocking' ? ByteClient.connect(address) : answered(address));
    const clients = [first, await more(), await more(), await more()];
    figures.threads = threads() - before;
    for (let samples = 0; figures.spins && samples < most; samples += 1) {
      await sleep(50);
      figures.spins = !asleep(server);
    }
    for (const client of clients) client.close();
  });
  return figures;
}

testWith(
  test,
  SLOW ?? NO_PROC,
  'threads has one thread per client, the other models a constant number; nonblocking never sleeps, the others do',
  async () => {
    assert.equal(await costs('nonblocking', [], FEW_SAMPLES), { threads: 0, spins: true });
    const resting = await Promise.all([
      ...representatives('events', 'poll', 'uring', 'threads')
        .filter((name) => name !== 'nonblocking')
        .map(async (io) => ({
          io,
          ...(await costs(io, [])),
        })),
      costs('nonblocking', ['--idle-sleep', '20']).then((figures) => ({
        io: 'nonblocking with --idle-sleep',
        ...figures,
      })),
    ]);
    for (const { io, ...figures } of resting)
      assert.equal(figures, { threads: io === 'threads' ? 3 : 0, spins: false }, io);
  },
);

test('nonblocking reports the number of polls without data', async () => {
  await withStrsvr(['0', '--io', 'nonblocking', '--verbose'], async (server, address) => {
    const idle = await ByteClient.connect(address);
    const [, polls] = await server.waitFor('stderr', /polled ([\d,]+) times, 0 ready\n/);
    assert.ok(Number(polls?.replaceAll(',', '')) > 1);
    idle.close();
  });
});

test('nonblocking sleeps only briefly during a stop, while replies are pending', () => {
  const control = new ControlBlock();
  control.stop();
  const { wait } = Atomics;
  const sleeps: Array<number | undefined> = [];
  Atomics.wait = (_memory: unknown, _index: unknown, _value: unknown, ms?: number) => {
    sleeps.push(ms);
    return 'timed-out';
  };
  try {
    control.idleBackoff(10_000);
  } finally {
    Atomics.wait = wait;
  }
  assert.equal(sleeps, [1]);
});

testWith(
  test,
  NO_PROC,
  'poll: a turn of a client that floods with line ends has a bounded number of sends',
  async () => {
    await withStrsvr(['0', '--io', 'poll', '--verbose', '--log', 'json'], async (server, address) => {
      const clients = [await answered(address), await answered(address)];
      server.child.kill('SIGSTOP');
      await until(() => stopped(server), 'the server is stopped');
      for (const client of clients) client.send('\n'.repeat(4096)); // as much as one receive takes
      server.child.kill('SIGCONT');
      for (const client of clients) await client.receive(4096);
      for (const client of clients) client.close();
      server.child.kill('SIGTERM');
      const { stderr } = await ended(server);
      const senders = [...stderr.matchAll(/"type":"wrote","client":(\d)/g)].map(([, client]) => client);
      let longest = 0;
      let turn = 0;
      for (const [at, sender] of senders.entries()) {
        turn = sender === senders[at - 1] ? turn + 1 : 1;
        longest = Math.max(longest, turn);
      }
      assert.ok(senders.length >= 2 * 64 && longest < 64, `${longest} of ${senders.length} sends in a row`);
    });
  },
);

// --- threads ---

/** A client that has been served once, so its thread has started. */
async function answered(address: Address): Promise<ByteClient> {
  const client = await ByteClient.connect(address);
  client.send('\n');
  await client.receive(1);
  return client;
}

test('threads: of clients that come at once, no more than --max-threads are accepted', async () => {
  await withStrsvr(['0', '--io', 'threads', '--max-threads', '2'], async (server, address) => {
    server.child.kill('SIGSTOP'); // so that all of them wait to be accepted
    const clients = await Promise.all(Array.from({ length: 10 }, () => ByteClient.connect(address)));
    for (const client of clients) client.send('\n');
    server.child.kill('SIGCONT');
    const answers = await Promise.all(clients.map((client) => client.receive(1).catch(() => undefined)));
    assert.is(answers.filter((answer) => answer !== undefined).length, 2);
    for (const client of clients) client.close();
    await server.waitFor('stderr', /client 2 disconnected/);
  });
});

test('threads: clients beyond --max-threads are rejected', async () => {
  await withStrsvr(['0', '--io', 'threads', '--max-threads', '2'], async (server, address) => {
    const clients = [await answered(address), await answered(address)];
    const third = await ByteClient.connect(address);
    assert.is((await third.receiveAll().catch(() => '')).length, 0);
    await server.waitFor('stderr', /rejected 127\.0\.0\.1:\d+: the maximum of 2 clients is reached\n/);
    for (const client of clients) client.close();
    await server.waitFor('stderr', /client 2 disconnected/);
  });
});

/**
 * Lets two threads meet in their first append: each has read the length, and then waits until the other has read it too, or
 * waits for the lock.
 */
const MEETING = `
  import { workerData } from 'node:worker_threads';
  import { Text } from ${JSON.stringify(pathToFileURL(built('server/core/text.js')))};
  const CONTENDED = 2; // of mutex.ts
  const { append } = Text.prototype;
  const { get: length } = Object.getOwnPropertyDescriptor(Text.prototype, 'length');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let appending = false;
  Text.prototype.append = function (letter) {
    appending = true;
    return append.call(this, letter);
  };
  Object.defineProperty(Text.prototype, 'length', {
    get() {
      const read = length.call(this);
      if (!appending) return read;
      appending = false;
      const readers = new Uint8Array(this.memory, 4, 1); // unused, between length and letters
      Atomics.add(readers, 0, 1);
      const mutex = new Int32Array(workerData.mutex);
      while (Atomics.load(readers, 0) < 2 && Atomics.load(mutex, 0) !== CONTENDED) Atomics.wait(pause, 0, 0, 5);
      return read;
    },
  });`;

for (const [lock, text] of [
  [true, 'xx'],
  [false, 'x'],
] as const) {
  test(`threads: of two letters appended at the same time, ${lock ? 'none is lost with' : 'one is lost without'} the lock`, async () => {
    await withPreload(
      MEETING,
      ['--io', 'threads', ...(lock ? [] : ['--no-lock'])],
      async (server, address) => {
        const clients = [await answered(address), await answered(address)];
        for (const client of clients) client.send('x');
        for (const client of clients) assert.is((await client.receive(1)).toString(), 'x');
        for (const client of clients) client.close();
        server.child.kill('SIGTERM');
        const { stdout, stderr } = await ended(server);
        assert.is(/^warning: without the lock letters get lost and replies are wrong$/m.test(stderr), !lock);
        assert.match(stdout, `the final value of v is ${text}\n`);
      },
    );
  });
}

for (const io of ['events', 'poll'] as const) {
  testWith(test, NO_PROC, `${io} serves 150 clients with one I/O thread`, async () => {
    await withStrsvr(['0', '--io', io], async (server, address) => {
      const first = await answered(address);
      const threads = () => readdirSync(`/proc/${server.child.pid}/task`).length;
      const before = threads();
      const clients = await Promise.all(Array.from({ length: 149 }, () => answered(address)));
      for (const client of [first, ...clients]) client.send('\n');
      for (const client of [first, ...clients]) await client.receive(1);
      assert.is(threads(), before);
      for (const client of [first, ...clients]) client.close();
      server.child.kill('SIGTERM');
      assert.match((await server.finished).stderr, /150 clients, .*; 1 I\/O thread\n$/);
    });
  });
}

test.run();
