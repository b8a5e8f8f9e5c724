// strsvr as a service: sockets from systemd, what it reports, the units and the container files.

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inheritedSockets, SystemdNotifier } from '../../server/log/systemd.js';
import { get } from '../support/http-client.js';
import { built, ended, Program, python } from '../support/program.js';
import { NO_URING } from '../support/runnable-models.js';
import { freePort, modelArgs, withStrsvr } from '../support/servers.js';
import { missingProgram, SLOW, testWith } from '../support/skipping.js';

const ROOT = built('..');
const DEPLOY = join(ROOT, 'server/deploy');
const folder = mkdtempSync(join(tmpdir(), 'strsvr-service-'));
test.after(() => rmSync(folder, { recursive: true }));

// --- sockets ---

const NO_ACTIVATE = missingProgram('systemd-socket-activate');

/** One that listens with Node.js, and one with libc, as all others do. */
for (const io of ['events', 'uring'] as const) {
  testWith(
    test,
    NO_ACTIVATE ?? (io === 'uring' ? NO_URING : undefined),
    `${io}: systemd opens the ports, and the first client starts the server`,
    async () => {
      const [port, http] = [await freePort(), await freePort()];
      const activate = [`--listen=127.0.0.1:${port}`, `--listen=127.0.0.1:${http}`, '--fdname=strsvr:http'];
      const command = [process.execPath, built('server/strsvr.js'), '--clients', '1', ...modelArgs(io)];
      const server = new Program(
        spawn('systemd-socket-activate', [...activate, ...command], { stdio: 'pipe' }),
      );
      try {
        await server.waitFor('stderr', /Listening on .*:\d+[\s\S]*Listening on/);
        const client = await connect({ port });
        assert.is(await client.send('a'), 'a');
        assert.is((await get({ host: '127.0.0.1', port: http }, '/text')).body, 'a');
        client.close();
        const { status, stdout } = await ended(server);
        assert.equal(
          [status, stdout],
          [0, `listening on 127.0.0.1:${port} (${io})\nthe final value of v is a\n`],
        );
      } finally {
        server.kill();
      }
    },
  );
}

test('sockets are for the process that LISTEN_PID names', () => {
  const sockets = (LISTEN_FDS: string, LISTEN_FDNAMES?: string) =>
    inheritedSockets({ LISTEN_PID: '7', LISTEN_FDS, LISTEN_FDNAMES }, 7);
  assert.equal(sockets('1'), { listenFd: 3 });
  assert.equal(sockets('2', 'http:strsvr'), { httpFd: 3, listenFd: 4 });
  assert.equal(sockets('0'), {});
  assert.equal(inheritedSockets({ LISTEN_PID: '8', LISTEN_FDS: '1' }, 7), {});
  assert.throws(
    () => sockets('2', 'a:b'),
    /^systemd has passed 2 sockets \(a:b\): expected one, and one named http/,
  );
});

// --- notification ---

const NO_PYTHON = missingProgram('python3');
/** Prints each datagram that comes to one of the sockets, in one line. */
const LISTENER = `
import select, socket, sys
sockets = []
for path in sys.argv[1:]:
  s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  s.bind(path.replace('@', '\\0'))
  sockets.append(s)
print('bound', flush=True)
while True:
  for s in select.select(sockets, [], [])[0]: print(s.recv(4096).decode().replace('\\n', ' '), flush=True)`;

testWith(test, NO_PYTHON, 'it reports when it is ready, alive and stopping', async () => {
  const [path, abstract] = [join(folder, 'notify'), `@strsvr-test-${process.pid}`];
  const listener = python(LISTENER, path, abstract);
  await listener.waitFor('stdout', /bound/);
  try {
    const through = ['env', `NOTIFY_SOCKET=${path}`, 'WATCHDOG_USEC=100000'];
    await withStrsvr(
      ['0'],
      async (server, address) => {
        await listener.waitFor('stdout', /^READY=1 STATUS=0 bytes of text, 0 clients$/m);
        const client = await connect(address);
        await client.send('a');
        await listener.waitFor('stdout', /^STATUS=1 byte of text, 1 client WATCHDOG=1$/m);
        server.child.kill('SIGTERM');
        await listener.waitFor('stdout', /^STOPPING=1 STATUS=stopping$/m);
        assert.is((await ended(server)).status, 0);
        client.close();
      },
      undefined,
      through,
    );
    const failures: string[] = []; // it goes on to notify when the listener has ended
    new SystemdNotifier({ NOTIFY_SOCKET: abstract }, (message) => failures.push(message)).ready(
      () => 'abstract',
    );
    await listener.waitFor('stdout', /^READY=1 STATUS=abstract$/m);
    assert.equal(failures, []);
  } finally {
    listener.kill();
  }
});

test('a service that cannot notify says so once', () => {
  const messages: string[] = [];
  const notifier = new SystemdNotifier({ NOTIFY_SOCKET: join(folder, 'none') }, (message) =>
    messages.push(message),
  );
  notifier.stopping();
  assert.is(messages.length, 1);
  assert.match(messages[0] ?? '', /^systemd cannot be notified: connect ENOENT/);
});

// --- units ---

const NO_ANALYZE = missingProgram('systemd-analyze');

testWith(test, NO_ANALYZE, 'the units are right, and the service is closed off', async () => {
  const command = join(folder, 'strsvr');
  writeFileSync(command, '#!/bin/sh\n');
  chmodSync(command, 0o755);
  const units = ['strsvr.service', 'strsvr.socket'].map((name) => {
    const unit = readFileSync(join(DEPLOY, name), 'utf8');
    writeFileSync(
      join(folder, name),
      unit.replace('/usr/bin/strsvr', command).replace(/^Documentation.*$/m, ''),
    );
    return join(folder, name);
  });
  const analyze = (...args: string[]) =>
    new Program(spawn('systemd-analyze', args, { stdio: 'pipe' })).finished;
  const { stderr } = await analyze('verify', ...units);
  const ours = stderr.split('\n').filter((line) => line.includes(folder) || line.startsWith('strsvr.'));
  assert.equal(ours, []);
  const { status, stdout } = await analyze('security', '--offline=true', '--threshold=20', units[0] ?? '');
  assert.is(status, 0, stdout.slice(-300));
});

// --- containers ---

testWith(
  test,
  SLOW,
  'the Dockerfile copies what is there, runs as another user, and receives signals',
  async () => {
    const dockerfile = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '');
    const lines = dockerfile.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines.filter((one) => one.startsWith('COPY ') && !one.includes('--from=')))
      for (const source of line.split(' ').slice(1, -1)) assert.ok(existsSync(join(ROOT, source)), source);
    const last = (instruction: string) => lines.findLast((line) => line.startsWith(`${instruction} `)) ?? '';
    assert.is(last('USER'), 'USER node');
    for (const instruction of ['ENTRYPOINT', 'CMD']) assert.match(last(instruction), /^\w+ \[".+"\]$/);
    const [, , args = ''] = /^(CMD) (.+)$/.exec(last('CMD')) ?? [];
    const here: string[] = JSON.parse(args).map((arg: string) =>
      arg.replace('/data', folder).replace(/^200[01]$|0:2001$/, (port) => (port === '0:2001' ? '0:0' : '0')),
    );
    const [, check = ''] =
      /CMD (\[.+\])$/.exec(lines.find((line) => line.startsWith('HEALTHCHECK')) ?? '') ?? [];
    await withStrsvr(
      [...here, '--log', 'text'].filter(
        (arg, at, all) => arg !== 'json' && !(arg === '--log' && all[at + 1] === 'json'),
      ),
      async (server) => {
        const [, port = ''] = await server.waitFor('stderr', /http:\/\/0\.0\.0\.0:(\d+)\//);
        const health = async (at: string) => {
          const [, ...checkArgs]: string[] = JSON.parse(check).map((arg: string) => arg.replace('2001', at));
          return (await new Program(spawn(process.execPath, checkArgs, { stdio: 'pipe' })).finished).status;
        };
        assert.is(await health(port), 0);
        assert.is(await health('1'), 1);
      },
    );
  },
);

test('compose.yaml names the Dockerfile', () => {
  const compose = readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8');
  const [, context = '', dockerfile = ''] = /context: (\S+)\s+dockerfile: (\S+)/.exec(compose) ?? [];
  assert.ok(existsSync(join(DEPLOY, context, dockerfile)));
});

test.run();
