// Calls of libc that the models' suite does not cover, and the behaviour without koffi.

import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStringServer } from 'strsvr';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as libc from '../../shared/libc/load-calls.js';
import { ByteClient } from '../support/byte-client.js';
import { built, ended, Program } from '../support/program.js';
import { type Address, withServer } from '../support/servers.js';
import { TIMEOUT_MS } from '../support/waiting.js';

const BLOCKING = { nonblocking: false, nagle: false, keepAlive: { idle: 45, interval: 1, probes: 10 } };

function withListener(use: (fd: number) => Promise<void>): Promise<void> {
  const fd = libc.listen({ host: '127.0.0.1', port: 0 }, 5);
  return use(fd).finally(() => libc.close(fd));
}

/** An address without a listener. */
async function abandonedAddress(): Promise<Address> {
  let address: Address | undefined;
  await withListener(async (fd) => {
    address = libc.localAddress(fd);
  });
  if (address === undefined) throw new Error('there was no listener');
  return address;
}

test('no connection to accept and nothing to read are results, not errors', async () => {
  await withListener(async (listener) => {
    assert.is(libc.accept(listener, BLOCKING), libc.EAGAIN);
    const client = await ByteClient.connect(libc.localAddress(listener));
    const accepted = libc.accept(listener, { ...BLOCKING, nonblocking: true });
    if (typeof accepted === 'number') throw new Error('no connection was accepted');
    assert.equal(accepted.remote, { host: '127.0.0.1', port: client.socket.localPort });
    const buffer = Buffer.alloc(10);
    assert.is(libc.recv(accepted.fd, buffer), libc.EAGAIN);
    client.send('abc');
    const list = new libc.PollList(1);
    list.set(0, accepted.fd, libc.POLLIN);
    assert.is(libc.poll(list, 1, -1), 1);
    assert.ok(list.ready(0));
    assert.is(libc.recv(accepted.fd, buffer), 3);
    assert.is(libc.send(accepted.fd, Buffer.from('xyz')), 3);
    assert.is((await client.receive(3)).toString(), 'xyz');
    client.close();
    libc.close(accepted.fd);
  });
});

test('a socket connects without blocking, and epoll reports when it is writable and readable', async () => {
  await withListener(async (listener) => {
    const address = libc.localAddress(listener);
    const fd = libc.connect(address, { nagle: false, receiveBuffer: 4_096 });
    const list = new libc.PollList(1);
    list.set(0, fd, libc.POLLOUT);
    assert.is(libc.ppoll(list, 1, TIMEOUT_MS), 1);
    libc.connected(fd);
    const accepted = libc.accept(listener, BLOCKING);
    if (typeof accepted === 'number') throw new Error('no connection was accepted');
    list.set(0, fd, libc.POLLIN);
    const before = performance.now();
    assert.is(libc.ppoll(list, 1, 1.5), 0);
    assert.ok(performance.now() - before >= 1.5);
    const epoll = libc.epoll();
    if (epoll !== undefined) {
      const ready = new libc.EpollList(4);
      libc.epollSet(epoll, fd, libc.POLLIN, 70_000, false);
      assert.is(libc.epollWait(epoll, ready, 0), 0);
      libc.epollSet(epoll, fd, libc.POLLIN | libc.POLLOUT, 70_001, true);
      assert.is(libc.epollWait(epoll, ready, -1), 1);
      assert.is(ready.data(0), 70_001);
      libc.close(epoll);
    }
    libc.abort(accepted.fd);
    assert.is(libc.poll(list, 1, TIMEOUT_MS), 1);
    assert.throws(() => libc.recv(fd, Buffer.alloc(1)), /ECONNRESET/);
    libc.close(fd);
  });
});

test('a failed connect is reported by SO_ERROR', async () => {
  const address = await abandonedAddress();
  const fd = libc.connect(address, { nagle: true });
  const list = new libc.PollList(1);
  list.set(0, fd, libc.POLLOUT);
  libc.poll(list, 1, TIMEOUT_MS);
  assert.throws(() => libc.connected(fd), /ECONNREFUSED/);
  libc.close(fd);
  assert.throws(() => libc.connect({ host: '255.255.255.255', port: 1 }, { nagle: true }), /connect E/);
});

test('a failed call is an error with the system’s code', () => {
  for (const [code, call] of [
    ['EBADF', () => libc.recv(99_999, Buffer.alloc(1))],
    ['EBADF', () => libc.accept(99_999, BLOCKING)],
    ['EBADF', () => libc.shutdown(99_999, libc.SHUT_RDWR)],
    ['EADDRNOTAVAIL', () => libc.listen({ host: '192.0.2.1', port: 0 }, 5)],
  ] as const) {
    try {
      call();
      assert.unreachable();
    } catch (error) {
      assert.instance(error, libc.SystemError);
      assert.is((error as libc.SystemError).code, code);
    }
  }
});

test('an IPv6 address may have a scope; IPv4-mapped addresses are printed as such', async () => {
  const [loopback = ''] = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    addresses?.some(({ internal }) => internal) ? [name] : [],
  );
  for (const [host, bound] of [
    [`::1%${loopback}`, '::1'],
    ['::1%1', '::1'],
    ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
  ] as const) {
    await withServer({ io: 'poll', host }, async ({ address }) => {
      assert.is(address.host, bound);
      const client = await ByteClient.connect(address);
      client.send('a');
      assert.is((await client.endAndReceive()).toString(), 'a');
    });
  }
  await startStringServer({ port: 0, io: 'poll', host: '::1%nowhere' }).then(
    () => assert.unreachable(),
    ({ message }) => assert.is(message, '::1%nowhere names an interface that this machine does not have'),
  );
});

test('IPv6 addresses are accepted in short and long form', async () => {
  await withServer({ io: 'poll', host: '::1' }, async ({ address }) => {
    assert.is(address.host, '::1');
    const connection = await connect(address);
    assert.is(await connection.send('a'), 'a');
    connection.close();
  });
  const long = { host: '2001:db8:0:1:2:3:4:5', port: 0 };
  try {
    libc.listen(long, 5);
    assert.unreachable();
  } catch (error) {
    assert.is((error as libc.SystemError).code, 'EADDRNOTAVAIL', 'it is well formed, but not ours');
  }
});

test('every model resolves host names', async () => {
  await withServer({ io: 'blocking', host: 'localhost' }, async ({ address }) => {
    assert.ok(['127.0.0.1', '::1'].includes(address.host));
  });
});

test('without koffi events works, and the other models are rejected in one line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  try {
    for (const part of ['package.json', 'dist/server', 'dist/shared']) {
      cpSync(built(join('..', part)), join(folder, part), { recursive: true });
    }
    mkdirSync(join(folder, 'node_modules'));
    for (const name of readdirSync(built('../node_modules'))) {
      if (name === 'koffi' || name === '@koromix') continue;
      symlinkSync(built(join('../node_modules', name)), join(folder, 'node_modules', name));
    }
    const strsvr = (io: string) => {
      const args = [join(folder, 'dist/server/strsvr.js'), '0', '--io', io];
      return new Program(spawn(process.execPath, args, { stdio: 'pipe' }));
    };
    const rejected = await ended(strsvr('poll'));
    assert.is(rejected.status, 1);
    assert.is(
      rejected.stderr,
      'strsvr: without the package koffi only the I/O model events works; npm install koffi\n',
    );
    const served = strsvr('events');
    try {
      await served.waitFor('stdout', /^listening on 127\.0\.0\.1:\d+ \(events\)\n/);
    } finally {
      served.kill();
      await served.finished;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
