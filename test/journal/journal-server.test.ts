// A server with a journal, seen by its clients: restarts, stops, a file that another program changes, a disk that is slow,
// hangs or is full; and the order of its system calls. `make soak` runs the long versions.

import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { startStringServer } from 'strsvr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NODE_FILE_SYSTEM } from '../../server/journal/file-system.js';
import { ByteClient } from '../support/byte-client.js';
import { concurrent } from '../support/concurrent.js';
import { killCycles, tracedRun } from '../support/crash-consistency.js';
import { fsFaultArgs } from '../support/fs-fault-preload.js';
import {
  content,
  FOLDER,
  failure,
  injecting,
  NO_FLOCK,
  NO_STRACE,
  newFile,
  noAnswer,
  READ,
  WRITE,
} from '../support/journal-fixtures.js';
import { ended, Program, run } from '../support/program.js';
import { at, failedStart, withStrsvr } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

const test = suite('journal-server');
const it = (name: string, body: () => Promise<void>) => testWith(test, NO_FLOCK, name, body);
const waiting = concurrent(test, 3);
/** For tests that mostly wait. */
const slow = (name: string, body: () => Promise<void>) =>
  NO_FLOCK === undefined ? waiting(name, body) : it(name, body);

// --- a file that another program changes ---

for (const [what, change] of [
  ['truncates', (file: string) => fs.truncateSync(file, 1)],
  ['appends to', (file: string) => fs.appendFileSync(file, 'x')],
  ['removes', (file: string) => fs.unlinkSync(file)],
  [
    'replaces',
    (file: string) => {
      fs.writeFileSync(`${file}.new`, 'ab');
      fs.renameSync(`${file}.new`, file);
    },
  ],
] as const) {
  it(`another program ${what} the file: the next letter is not answered, exit 1`, async () => {
    const file = newFile();
    await withStrsvr(['0', '--journal', file], async (server, address) => {
      const client = await ByteClient.connect(address);
      client.send('ab\n');
      await client.receive(4);
      change(file);
      client.send('c\n');
      await noAnswer(client);
      const { status, stdout, stderr } = await server.finished;
      assert.is(status, 1);
      assert.match(stderr, 'client 1 dropped, the journal has failed: 3 letters\n');
      assert.match(stderr, new RegExp(`strsvr: cannot (use|write) the journal ${file}: .*\n$`));
      assert.not.match(stdout, 'final value');
    });
  });
}

// --- the server ---

it('a server continues the text of the previous one', async () => {
  const file = newFile();
  const sending = async (letters: string, expected: string, closingLine: RegExp) =>
    withStrsvr(['0', '--journal', file, '--clients', '1'], async (server, address) => {
      const client = await ByteClient.connect(address);
      client.send(letters);
      assert.is((await client.endAndReceive()).toString(), expected);
      const { status, stdout, stderr } = await server.finished;
      assert.is(status, 0);
      assert.match(stderr, /^journal .*: \d bytes? of text\n/);
      assert.match(stderr, closingLine);
      assert.match(stdout, `the final value of v is ${content(file)}\n`);
    });
  await sending('ab\n', 'aab\n', /\n2 letters, 1 client, /);
  await sending('\nc', '\nabc', /\n1 letter and 2 recovered from the journal, 1 client, /);
  assert.is(content(file), 'abc');
});

it('at SIGTERM every letter of the text is answered and in the file, exit 0', async () => {
  const file = newFile();
  await withStrsvr(['0', '--journal', file], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('x'.repeat(500));
    await client.receive(1);
    server.child.kill('SIGTERM');
    const length = 1 + (await client.receiveAll()).length;
    const { status, stdout } = await server.finished;
    assert.is(status, 0);
    const letters = content(file).length;
    assert.is(length, (letters * (letters + 1)) / 2);
    assert.match(stdout, `the final value of v is ${'x'.repeat(letters)}\n`);
  });
});

it('letters of a client that disconnects before the reply are in the file', async () => {
  const file = newFile();
  const server = await startStringServer({ port: 0, journal: file, sync: 'never' });
  const client = await ByteClient.connect(server.address);
  client.socket.end('abc');
  await until(() => content(file) === 'abc');
  client.close();
  assert.is((await server.stop()).text.toString(), 'abc');
});

it('a full text rejects letters with a journal too, and the file is not longer than the text', async () => {
  const file = newFile();
  await withStrsvr(['0', '--journal', file, '--max-length', '3'], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('abcd');
    assert.is((await client.receiveAll()).toString(), 'aababc');
    client.close();
    await server.waitFor('stderr', /closed, text full/);
    assert.is(content(file), 'abc');
  });
});

it('a second server on the same journal exits with a reason; a killed server releases the lock', async () => {
  const file = newFile('abc');
  await withStrsvr(['0', '--journal', file], async (server) => {
    const before = fs.statSync(file);
    const program = new Program('server/strsvr.js', ['0', '--journal', file]);
    const second = await failedStart(program);
    assert.is(second.status, 1);
    assert.is(second.stdout, '');
    assert.is(second.stderr, `strsvr: cannot use the journal ${file}: another server keeps its text there\n`);
    assert.equal([fs.statSync(file).mtimeMs, content(file)], [before.mtimeMs, 'abc']);
    server.child.kill('SIGKILL');
    await server.finished;
  });
  await withStrsvr(['0', '--journal', file], async () => {});
});

it('a port in use releases the journal', async () => {
  const file = newFile();
  const server = await startStringServer({ port: 0 });
  await failure(startStringServer({ ...server.address, journal: file }));
  await (await startStringServer({ port: 0, journal: file })).stop();
  await server.stop();
});

it('without flock(1) one line names the missing program', async () => {
  const server = new Program('server/strsvr.js', ['0', '--journal', newFile()], [], ['env', 'PATH=/nowhere']);
  const { status, stderr } = await failedStart(server);
  assert.is(status, 1);
  assert.match(stderr, /^strsvr: a journal needs the command flock, to lock its file: .*util-linux.*\n$/);
});

test('a journal requires the events model, in the library too', async () => {
  for (const io of ['poll', 'uring', 'nonblocking', 'blocking', 'threads'] as const)
    assert.instance(await failure(startStringServer({ journal: newFile(), io } as object)), TypeError);
});

// --- a disk that is slow, hangs, or is full while clients are connected ---

it('with a slow disk LFs are answered meanwhile, and two commits answer all letters', async () => {
  const { fdatasync } = NODE_FILE_SYSTEM;
  let syncs = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const server = await startStringServer({ port: 0, journal: newFile() });
  NODE_FILE_SYSTEM.fdatasync = async (fd) => {
    syncs += 1;
    await released;
    await fdatasync(fd);
  };
  try {
    const clients = await Promise.all(Array.from({ length: 20 }, () => ByteClient.connect(server.address)));
    const other = await ByteClient.connect(server.address);
    for (const client of clients) client.send('a');
    let answered = false;
    const answers = Promise.all(clients.map((client) => client.receive(1))).finally(() => {
      answered = true;
    });
    for (let i = 0; i < 100; i += 1) {
      other.send('\n');
      await other.receive(1);
    }
    assert.not(answered);
    release();
    await answers;
    assert.ok(syncs <= 2, `${syncs} commits`);
    for (const client of [other, ...clients]) client.close();
  } finally {
    release();
    NODE_FILE_SYSTEM.fdatasync = fdatasync;
    await server.stop();
  }
});

for (const [signals, status, what] of [
  [1, 'SIGKILL', 'a SIGTERM: the reason, no final value, killed within 5 s'],
  [2, 'SIGTERM', 'a second SIGTERM: ended at once'],
] as const) {
  slow(`a hanging fdatasync, then ${what}`, async () => {
    const [file, pipe] = [newFile(), newFile()];
    execFileSync('mkfifo', [pipe]);
    await withStrsvr(
      ['0', '--journal', file],
      async (server, address) => {
        const client = await ByteClient.connect(address);
        client.send('ab');
        await until(() => content(file) === 'ab');
        server.child.kill('SIGTERM');
        await server.waitFor('stderr', /stopping/);
        if (signals === 2) server.child.kill('SIGTERM');
        await noAnswer(client);
        const finished = await ended(server);
        assert.is(finished.status, status);
        assert.not.match(finished.stdout, 'final value');
        if (signals === 2) return;
        assert.match(
          finished.stderr,
          'client 1 dropped, its letters could not be stored in 5 s: 2 letters\n',
        );
        const why = 'the disk hangs; what was answered is on it';
        assert.match(finished.stderr, `strsvr: cannot write the journal ${file}: ${why}\n`);
      },
      'server/strsvr.js',
      fsFaultArgs('hangs', pipe),
    );
  });
}

slow(
  'at SIGTERM on a full disk, clients that wait for the disk and clients that do not read are counted apart, exit 0',
  async () => {
    const file = newFile();
    await withStrsvr(
      ['0', '--journal', file],
      async (server, address) => {
        const client = await ByteClient.connect(address);
        client.send('ab');
        await server.waitFor('stderr', /disk full \(ENOSPC\): 2 bytes pending/);
        server.child.kill('SIGTERM');
        await noAnswer(client);
        const { status, stdout, stderr } = await ended(server);
        assert.is(status, 0);
        assert.match(stderr, 'client 1 dropped, its letters could not be stored in 5 s: 2 letters\n');
        assert.match(stderr, 'the disk is full: 2 bytes are lost, of letters that were not answered\n');
        assert.not.match(stderr, 'did not read its replies');
        assert.match(stdout, 'the final value of v is \n');
      },
      'server/strsvr.js',
      fsFaultArgs('full'),
    );
  },
);

it('strclnt reports in one line that a full disk rejected its letter', async () => {
  await withStrsvr(
    ['0', '--journal', newFile()],
    async (server, address) => {
      const waiting = await ByteClient.connect(address);
      waiting.send('a');
      await server.waitFor('stderr', /disk full/);
      const { status, stdout, stderr } = await run('client/strclnt.js', at(address), 'b\n');
      const why =
        'it has stopped, or its text or disk is full, or it does not admit this client (--max-connections, --allow, --tls-client-ca), or expects TLS (--tls)';
      assert.is(stderr, `strclnt: ${at(address).join(':')} has closed the connection: ${why}\n`);
      assert.is(stdout, '');
      assert.is(status, 1);
      await server.waitFor('stderr', /client 2 closed, disk full: 0 letters/);
      waiting.close();
    },
    'server/strsvr.js',
    fsFaultArgs('full'),
  );
});

// --- kill -9, a full disk, and the order of system calls ---

testWith(
  test,
  SLOW ?? NO_FLOCK,
  'after repeated kill -9 with 8 clients no answered letter is lost or duplicated',
  async () => {
    const { cycles, answered, broken } = await killCycles(6, newFile());
    assert.is(cycles, 6);
    assert.ok(answered >= 4 * (20 - 8), `only ${answered} letters were answered`);
    assert.is(broken, undefined);
  },
);

testWith(test, NO_STRACE, 'every reply is sent after the fdatasync that covers its letter', async () => {
  const file = newFile('abc');
  const { replies, early } = await tracedRun(file, join(FOLDER, 'strace'));
  assert.ok(replies >= 100, `only ${replies} replies`);
  assert.is(early, 0);
});

testWith(test, NO_STRACE, 'EIO from fdatasync: no reply, exit 1, no retry', async () => {
  const file = newFile();
  const trace = join(FOLDER, 'eio');
  const through = injecting(file, 'fdatasync', 'error=EIO:when=3', trace);
  await withStrsvr(
    ['0', '--journal', file],
    async (server, address) => {
      const client = await ByteClient.connect(address);
      client.send('a');
      assert.is((await client.receive(1)).toString(), 'a');
      client.send('b');
      await noAnswer(client);
      const { status, stderr } = await server.finished;
      assert.is(status, 1);
      assert.match(stderr, new RegExp(`strsvr: cannot write the journal ${file}: EIO`));
    },
    'server/strsvr.js',
    through,
  );
  assert.is(fs.readFileSync(trace, 'utf8').match(/fdatasync\(/g)?.length, 3);
});

testWith(
  test,
  NO_STRACE,
  'with a slow disk no other client waits, and later letters form one group',
  async () => {
    const file = newFile();
    const trace = join(FOLDER, 'slow');
    const through = injecting(file, 'fdatasync', 'delay_enter=4000000:when=2', trace);
    await withStrsvr(
      ['0', '--journal', file],
      async (_server, address) => {
        const [writer, other] = [await ByteClient.connect(address), await ByteClient.connect(address)];
        let answered = false;
        writer.send('a');
        const reply = writer.receive(1).then(() => {
          answered = true;
        });
        for (let i = 0; i < 20; i += 1) {
          other.send('\n'); // needs no disk
          await other.receive(1);
        }
        assert.not(answered);
        const clients = await Promise.all(Array.from({ length: 10 }, () => ByteClient.connect(address)));
        for (const client of clients) client.send('b');
        assert.not(answered);
        await reply;
        await Promise.all(clients.map((client) => client.receive(2)));
        for (const client of [writer, other, ...clients]) client.close();
      },
      'server/strsvr.js',
      through,
    );
    // at the start, for the writer, for the clients
    assert.is(fs.readFileSync(trace, 'utf8').match(/fdatasync\(/g)?.length, 3);
  },
);

for (const [what, effect, why] of [
  ['EIO', 'error=EIO:when=1', 'cannot open the journal .*: EIO: i/o error, read'],
  ['EIO at the next one', 'error=EIO:when=2', 'cannot open the journal .*: EIO: i/o error, read'],
  ['the end of the file', 'retval=0:when=1', 'it should hold 100000 bytes, but 0 could be read'],
] as const) {
  testWith(test, NO_STRACE, `${what} at a read of the journal: exit 1, the file unchanged`, async () => {
    const file = newFile('x'.repeat(100_000));
    const through = injecting(file, READ, effect, join(FOLDER, 'read'));
    const { status, stderr } = await failedStart(
      new Program('server/strsvr.js', ['0', '--journal', file], [], through),
    );
    assert.is(status, 1);
    assert.match(stderr, new RegExp(`^strsvr: .*${why}.*\n$`));
    assert.is(content(file), 'x'.repeat(100_000));
  });
}

testWith(test, NO_STRACE, 'a read of the journal that fails with EINTR is retried', async () => {
  const file = newFile('abc');
  await withStrsvr(
    ['0', '--journal', file],
    async (server, address) => {
      await server.waitFor('stderr', /: 3 bytes of text/);
      const client = await ByteClient.connect(address);
      client.send('d');
      assert.is((await client.receive(4)).toString(), 'abcd');
      client.close();
    },
    'server/strsvr.js',
    injecting(file, READ, 'error=EINTR:when=1..2', join(FOLDER, 'interrupted')),
  );
});

testWith(
  test,
  NO_STRACE,
  'EDQUOT counts as a full disk: the reply stays pending and the write is retried',
  async () => {
    const file = newFile();
    await withStrsvr(
      ['0', '--journal', file],
      async (server, address) => {
        const client = await ByteClient.connect(address);
        client.send('a');
        await client.receive(1);
        client.send('b');
        await server.waitFor('stderr', /disk full \(EDQUOT\): 1 byte pending/);
        assert.is((await client.receive(2)).toString(), 'ab');
        await server.waitFor('stderr', /disk has space again/);
        assert.is(content(file), 'ab');
        client.close();
      },
      'server/strsvr.js',
      injecting(file, WRITE, 'error=EDQUOT:when=2', join(FOLDER, 'quota')),
    );
  },
);

testWith(
  test,
  NO_STRACE,
  'in an unreadable folder an existing journal is used, but none is created',
  async () => {
    const folder = join(FOLDER, 'unreadable');
    fs.mkdirSync(folder);
    const file = join(folder, 'text');
    const args = ['0', '--journal', file];
    const through = injecting(folder, 'openat', 'error=EACCES', join(FOLDER, 'folder'));
    const { status, stderr } = await failedStart(new Program('server/strsvr.js', args, [], through));
    assert.is(status, 1);
    assert.match(stderr, `${folder} may not be read, so that a new one could not be synced; create it`);
    assert.equal(fs.readdirSync(folder), []);
    fs.writeFileSync(file, 'abc');
    const use = async (server: Program) => {
      await server.waitFor(
        'stderr',
        /3 bytes of text\nwarning: .*unreadable may not be read, and so not synced/,
      );
    };
    await withStrsvr(args, use, 'server/strsvr.js', through);
  },
);

const MOUNT = join(FOLDER, 'small');
fs.mkdirSync(MOUNT);
const NO_MOUNT = NO_FLOCK ?? (mountSmall() ? undefined : 'no tmpfs can be mounted here');
spawnSync('umount', [MOUNT]);

function mountSmall(): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'strsvr-test', MOUNT]).status === 0;
}

testWith(
  test,
  NO_MOUNT,
  'a file system that fills up and is freed loses nothing and needs no restart',
  async () => {
    try {
      assert.ok(mountSmall());
      const [file, filler] = [join(MOUNT, 'text'), join(MOUNT, 'filler')];
      fs.writeFileSync(filler, 'x'.repeat(60 * 1024)); // leaves one page
      await withStrsvr(['0', '--journal', file], async (server, address) => {
        const [pending, other] = [await ByteClient.connect(address), await ByteClient.connect(address)];
        pending.send('a'.repeat(1000));
        await pending.receive((1000 * 1001) / 2);
        const big = await ByteClient.connect(address);
        big.send('b'.repeat(4000)); // it must read, or the server would not go on
        const replies = big.receiveAll();
        await server.waitFor('stderr', /disk full \(ENOSPC\): [\d,]+ bytes pending/);
        other.send('c');
        await noAnswer(other);
        other.close();
        await server.waitFor('stderr', /client 2 closed, disk full: 0 letters/);
        const before = content(file).length;
        assert.ok(before >= 1000 && before <= 4096);
        fs.unlinkSync(filler);
        await server.waitFor('stderr', /disk has space again/);
        big.socket.end();
        assert.is((await replies).length, (5000 * 5001 - 1000 * 1001) / 2);
        const late = await ByteClient.connect(address);
        late.send('d\n');
        const reply = (await late.receive(5002)).toString();
        assert.is(reply, `${'a'.repeat(1000)}${'b'.repeat(4000)}d\n`);
        assert.is(content(file), reply.slice(0, -1));
        server.child.kill('SIGTERM');
        pending.close();
        late.close();
        assert.is((await server.finished).status, 0);
      });
    } finally {
      spawnSync('umount', [MOUNT]);
    }
  },
);

test.run();
