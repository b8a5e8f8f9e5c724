// The journal: what a start finds, what a commit does and in what order, each fault of the disk at each call, and a
// server that dies. The long versions of what crash.ts proves are run by `make soak`.

import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStringServer } from 'strsvr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DISK, type Disk } from '../server/disk.js';
import { Journal, type JournalOptions } from '../server/journal.js';
import { Log, type ServerEvent } from '../server/log.js';
import { textMemory } from '../server/memory.js';
import { GROUP_BYTES } from '../server/recovery.js';
import { Text } from '../server/text.js';
import { brokenDisk } from './broken-disk.js';
import { killCycles, powerCutImages, tracedRun } from './crash.js';
import { at, ByteClient, ended, Program, run, testWith, withStrsvr } from './support.js';

const test = suite('journal');
const FOLDER = fs.mkdtempSync(join(tmpdir(), 'strsvr-journal-'));
test.after(() => fs.rmSync(FOLDER, { recursive: true }));

let files = 0;
function newFile(content?: string | Uint8Array): string {
  files += 1;
  const file = join(FOLDER, `text-${files}`);
  if (content !== undefined) fs.writeFileSync(file, content);
  return file;
}

function missing(command: string, option = '--version'): string | undefined {
  return spawnSync(command, [option]).error === undefined ? undefined : `there is no ${command}`;
}

const NO_FLOCK = missing('flock');
const NO_STRACE = NO_FLOCK ?? missing('strace', '-V');
const it = (name: string, body: () => Promise<void>) => testWith(test, NO_FLOCK, name, body);

interface Opened {
  readonly journal: Journal;
  readonly text: Text;
  readonly events: ServerEvent[];
}

async function open(file: string, options: Partial<JournalOptions> = {}): Promise<Opened> {
  const text = new Text(textMemory(options.maxLength ?? 1024 * 1024));
  const events: ServerEvent[] = [];
  const log = new Log({ detailed: false, thread: 0, sink: ({ event }) => events.push(event) });
  const journal = await Journal.open({
    file,
    sync: 'always',
    maxLength: 1024 * 1024,
    text,
    log,
    retryMs: 1,
    ...options,
  });
  return { journal, text, events };
}

function append(text: Text, letters: string): void {
  for (const letter of letters) text.append(letter.codePointAt(0) ?? 0);
}

/** Appends and waits until it is all durable. */
async function say({ journal, text }: Opened, letters: string): Promise<void> {
  append(text, letters);
  const durable = new Promise<void>((resolve) => {
    journal.onDurable(() => {
      if (text.durable === text.length) resolve();
    });
  });
  journal.commit();
  await Promise.race([durable, journal.failed]);
}

async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure');
}

/** The connection must end before a byte comes. */
async function noAnswer(client: ByteClient): Promise<void> {
  const end = client.receiveSome().then(String, () => 'the end');
  assert.is(await Promise.race([end, sleep(10_000, 'silence', { ref: false })]), 'the end');
}

const content = (file: string) => fs.readFileSync(file, 'utf8');

// --- what a start finds ---

it('a new file is its owner’s alone, and holds the text and nothing else', async () => {
  const file = newFile();
  const opened = await open(file);
  assert.is(fs.statSync(file).mode & 0o777, 0o600);
  await say(opened, 'aé€😀');
  assert.is(content(file), 'aé€😀');
  await opened.journal.close();
  assert.equal(opened.events, [{ type: 'journal', file, bytes: 0, cut: 0 }]);
});

for (const [what, bytes, kept] of [
  ['nothing', '', ''],
  ['letters of all lengths', 'aé€😀\ufffd\ufeff', 'aé€😀\ufffd\ufeff'],
  ['1 byte of 2', 'a\xc3', 'a'],
  ['2 bytes of 3', 'a\xe2\x82', 'a'],
  ['3 bytes of 4', 'a\xf0\x9f\x98', 'a'],
  ['a zero-filled tail', 'ab\0\0\0', 'ab'],
  ['zeros alone', '\0\0\0', ''],
  ['a hole, then letters', 'ab\0\0\0cd', 'ab'],
  ['half a letter, then a hole, then its other half', 'a\xc3\0\0\xa9', 'a'],
] as const) {
  it(`a file with ${what} is taken up to its last whole letter`, async () => {
    const found = Buffer.from(bytes, /[\x80-\xff]/.test(bytes) && kept === 'a' ? 'latin1' : 'utf8');
    const file = newFile(found);
    const { journal, text, events } = await open(file);
    assert.is(text.view(0, text.length).toString(), kept);
    assert.is(text.durable, text.length);
    assert.is(content(file), kept);
    assert.equal(events, [{ type: 'journal', file, bytes: text.length, cut: found.length - text.length }]);
    await say({ journal, text, events }, 'z');
    await journal.close();
    assert.is(content(file), `${kept}z`);
  });
}

for (const [what, bytes, position, hint] of [
  ['a line end', 'abc\n', 3, '0x0a \\(a line end: did an editor add it\\?\\)'],
  ['a control character', 'a\x1bb', 1, '0x1b'],
  ['DEL', '\x7f', 0, '0x7f'],
  ['C1 control', 'ab\xc2\x85', 2, '0xc2'],
  ['a byte that is no UTF-8', 'ab\xffc', 2, '0xff'],
  ['a letter cut short before another', 'a\xe2\x82b', 1, '0xe2'],
  ['an overlong form', '\xc0\x80', 0, '0xc0'],
  ['a surrogate', 'a\xed\xa0\x80', 1, '0xed'],
  ['a hole with another file’s bytes behind it', 'h\0i\0\n\0', 1, '0x00'],
  ['a NUL further than one group from the end', `a\0${'x'.repeat(GROUP_BYTES)}`, 1, '0x00'],
] as const) {
  it(`a file with ${what} is refused with the position, and stays as it is`, async () => {
    const found = Buffer.from(bytes, 'latin1');
    const file = newFile(found);
    const { message } = await failure(open(file));
    assert.match(message, new RegExp(`${file}: byte ${position} is ${hint}, .*nothing was changed`));
    assert.equal(fs.readFileSync(file), found);
  });
}

it('a NUL exactly one group from the end is a hole', async () => {
  const file = newFile(`a\0${'x'.repeat(GROUP_BYTES - 1)}`);
  const { journal } = await open(file);
  await journal.close();
  assert.is(content(file), 'a');
});

it('a text longer than --max-length is refused, and stays as it is', async () => {
  const file = newFile('abcd');
  const { message } = await failure(open(file, { maxLength: 3 }));
  assert.match(message, 'it holds 4 bytes, more than --max-length 3');
  assert.is(content(file), 'abcd');
  await (await open(file, { maxLength: 4 })).journal.close();
});

it('only a regular file will do, and no symbolic link to one', async () => {
  const target = newFile('abc');
  const [link, dangling, pipe] = [newFile(), newFile(), newFile()];
  fs.symlinkSync(target, link);
  fs.symlinkSync(newFile(), dangling);
  execFileSync('mkfifo', [pipe]);
  assert.match((await failure(open(link))).message, 'it is a symbolic link');
  assert.match((await failure(open(dangling))).message, 'it is a symbolic link');
  assert.match((await failure(open(pipe))).message, 'it is not a regular file');
  assert.match((await failure(open(FOLDER))).message, 'it is a folder');
  assert.match((await failure(open('/dev/null'))).message, 'it is not a regular file');
  assert.match((await failure(open(join(FOLDER, 'no', 'text')))).message, 'ENOENT');
  assert.is(content(target), 'abc');
});

it('what a power cut may leave is recovered: all that was answered, and nothing that was not said', async () => {
  assert.equal(await powerCutImages(400, FOLDER), { images: 400, lost: 0, invented: 0, refused: 0 });
});

// --- the order of a commit ---

/** A disk that tells which calls are made, and how many are under way at a time. */
function watched(calls: string[], change: Partial<Disk> = {}): Disk {
  const disk: Disk = { ...DISK, ...change };
  const told =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      calls.push(name);
      const result = await call(...args);
      calls.push(`${name} done`);
      return result;
    };
  return {
    ...disk,
    write: told('write', disk.write),
    fdatasync: told('fdatasync', disk.fdatasync),
    fsync: told('fsync', disk.fsync),
    ftruncate: told('ftruncate', disk.ftruncate),
  };
}

const COMMIT = ['write', 'write done', 'fdatasync', 'fdatasync done'];

it('before the first letter, file and folder are synced', async () => {
  const calls: string[] = [];
  const { journal } = await open(newFile('abc'), { disk: watched(calls) });
  assert.equal(calls, ['fdatasync', 'fdatasync done', 'fsync', 'fsync done']);
  await journal.close();
  calls.length = 0;
  await (await open(newFile('abc\0'), { disk: watched(calls) })).journal.close();
  assert.equal(calls.slice(0, 4), ['ftruncate', 'ftruncate done', 'fdatasync', 'fdatasync done']);
});

it('a letter is durable after its write and an fdatasync; what comes meanwhile is the next group', async () => {
  const calls: string[] = [];
  const opened = await open(newFile(), { disk: watched(calls) });
  const { journal, text } = opened;
  calls.length = 0;
  const steps: number[] = [];
  journal.onDurable(() => {
    steps.push(text.durable);
    calls.push(`durable ${text.durable}`);
    if (steps.length === 1) append(text, 'fg');
    journal.commit();
  });
  append(text, 'ab');
  journal.commit();
  append(text, 'c'); // in the same turn
  journal.commit();
  assert.is(text.durable, 0);
  await Promise.race([until(() => text.durable === text.length && steps.length > 1), journal.failed]);
  assert.equal(calls, [...COMMIT, 'durable 3', ...COMMIT, 'durable 5']);
  await journal.close();
});

it('a group has a largest size and ends behind a letter', async () => {
  const file = newFile();
  const opened = await open(file);
  const { journal, text } = opened;
  const letters = '€'.repeat(50_000);
  append(text, letters);
  const steps: number[] = [];
  await new Promise<void>((resolve) => {
    journal.onDurable(() => {
      steps.push(text.durable);
      if (text.durable === text.length) resolve();
    });
    journal.commit();
  });
  assert.equal(steps, [65_535, 131_070, 150_000]);
  await journal.close();
  assert.is(content(file), letters);
});

it('a write that takes only part is finished before the sync', async () => {
  const calls: string[] = [];
  const file = newFile();
  const disk = watched(calls, { write: (fd, bytes) => DISK.write(fd, bytes.subarray(0, 2)) });
  const opened = await open(file, { disk });
  calls.length = 0;
  await say(opened, 'abcde');
  assert.equal(calls.filter((call) => call.startsWith('write') && !call.endsWith('done')).length, 3);
  assert.equal(calls.slice(-3), ['write done', 'fdatasync', 'fdatasync done']);
  await opened.journal.close();
  assert.is(content(file), 'abcde');
});

it('with sync never, nothing waits for a sync, and the log says what that risks', async () => {
  const calls: string[] = [];
  const opened = await open(newFile(), { sync: 'never', disk: watched(calls) });
  calls.length = 0;
  await say(opened, 'a');
  assert.equal(calls, ['write', 'write done']);
  assert.match((opened.events[1] as { message: string }).message, '--sync never: a crash of the system');
  await opened.journal.close();
});

it('closing brings to disk what is in the text', async () => {
  const file = newFile();
  const { journal, text } = await open(file, {
    disk: { ...DISK, fdatasync: (fd) => sleep(50).then(() => DISK.fdatasync(fd)) },
  });
  append(text, 'ab');
  journal.commit();
  await sleep(20);
  append(text, 'c');
  await journal.close();
  assert.is(text.durable, 3);
  assert.is(content(file), 'abc');
});

// --- a disk that fails ---

type Fault = 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EINTR' | 'killed';
type Call = 'open' | 'write' | 'fdatasync' | 'fsync' | 'ftruncate' | 'fstat' | 'stat';

/** A disk whose n-th call of a kind fails, or dies half done: then nothing is ever heard again. */
class FaultyDisk {
  readonly calls: Call[] = [];
  readonly opened: number[] = [];
  /** The calls after the one that failed. */
  after: Call[] | undefined;
  readonly disk: Disk;

  constructor(fails: Call, n: number, fault: Fault) {
    const never = new Promise<never>(() => {});
    let made = 0;
    const faulty =
      <A extends unknown[], R>(name: Call, call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        if (fault === 'killed' && this.after !== undefined) return never;
        this.calls.push(name);
        this.after?.push(name);
        if (name !== fails) return call(...args);
        made += 1;
        if (made !== n) return call(...args);
        this.after = [];
        if (fault !== 'killed')
          throw Object.assign(new Error(`${fault}: injected, ${name}`), { code: fault });
        await call(...args);
        return never;
      };
    // Every write takes 3 bytes at most: some are partial, and some fail after a partial one.
    const write = (fd: number, bytes: Uint8Array) => DISK.write(fd, bytes.subarray(0, 3));
    this.disk = {
      ...DISK,
      open: faulty('open', async (path, flags, mode) => {
        const fd = await DISK.open(path, flags, mode);
        this.opened.push(fd);
        return fd;
      }),
      write: faulty('write', write),
      fdatasync: faulty('fdatasync', DISK.fdatasync),
      fsync: faulty('fsync', DISK.fsync),
      ftruncate: faulty('ftruncate', DISK.ftruncate),
      fstat: faulty('fstat', DISK.fstat),
      stat: faulty('stat', DISK.stat),
    };
  }
}

const HELD = 'é€\ufffd'; // and 2 bytes of an unfinished letter, to be truncated
const GROUPS = ['abcd', 'é€😀', 'x', 'yz€'];

interface Survived {
  readonly faulty: FaultyDisk;
  /** The most that was shown to anybody, and the text that it was shown from. */
  readonly shown: string;
  readonly said: string;
  readonly failed: Error | undefined;
  readonly fileAfter: Buffer;
  readonly fileBefore: Buffer;
  readonly events: ServerEvent[];
}

/** Says a few groups on a disk that fails, each when the one before is durable, and looks at what is there then. */
async function survive(fails: Call, n: number, fault: Fault): Promise<Survived> {
  const fileBefore = Buffer.concat([Buffer.from(HELD), Buffer.of(0xe2, 0x82)]);
  const file = newFile(fileBefore);
  const faulty = new FaultyDisk(fails, n, fault);
  let said = '';
  let opened: Opened | undefined;
  let failed: Error | undefined;
  const story = async () => {
    opened = await open(file, { disk: faulty.disk });
    said = HELD;
    for (const group of GROUPS) {
      said += group;
      await say(opened, group);
    }
    await opened.journal.close();
  };
  let over = false;
  const end = story()
    .catch((error: Error) => {
      failed = error;
    })
    .finally(() => {
      over = true;
    });
  if (fault !== 'killed') await end;
  else await until(() => over || faulty.after !== undefined).then(() => sleep(5));
  const { text, events = [] } = opened ?? {};
  const shown = text === undefined ? '' : text.view(0, text.durable).toString();
  if (failed !== undefined) await opened?.journal.close().catch(() => {});
  if (fault === 'killed') for (const fd of faulty.opened) closeQuietly(fd);
  const fileAfter = fs.readFileSync(file);
  return { faulty, shown, said, failed, fileAfter, fileBefore, events };
}

function closeQuietly(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch {} // it was closed
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `never happened: ${condition}`);
    await sleep(1);
  }
}

const FAILURES: Record<Call, readonly Fault[]> = {
  open: ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'killed'],
  write: ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'killed'],
  fdatasync: ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'killed'],
  ftruncate: ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'killed'],
  fsync: ['EIO', 'EINTR', 'killed'],
  fstat: ['EIO', 'EINTR'],
  stat: ['EIO', 'EINTR'],
};

for (const [call, faults] of Object.entries(FAILURES) as Array<[Call, readonly Fault[]]>) {
  for (const fault of faults) {
    it(`${fault} at the n-th ${call}, for every n: nothing shown is lost`, async () => {
      for (let n = 1; ; n += 1) {
        const survived = await survive(call, n, fault);
        if (survived.faulty.after === undefined) {
          assert.ok(n > 1, 'it was never called');
          return;
        }
        judge(survived, call, n, fault);
        await judgeRestart(survived);
      }
    });
  }
}

/** EINTR is never seen; a full disk is waited for; after anything else nothing more is shown, and nothing tried again. */
function judge(survived: Survived, call: Call, n: number, fault: Fault): void {
  const { faulty, shown, said, failed, fileAfter, events } = survived;
  const where = `${fault} at ${call} ${n}`;
  const opening = events.length === 0;
  if (fault === 'killed') return;
  if (fault === 'EINTR') {
    // open(2) with O_CREAT|O_EXCL finds the file that is there; all is as if nothing had happened
    assert.is(failed, undefined, where);
    assert.is(shown, said, where);
    assert.is(fileAfter.toString(), said, where);
  } else if (fault !== 'EIO' && call === 'write') {
    assert.is(failed, undefined, where);
    assert.is(shown, said, where);
    assert.is(fileAfter.toString(), said, where);
    const told = events.map(({ type }) => type);
    assert.equal(told, ['journal', 'disk full', 'disk free'], where);
  } else {
    assert.is((failed as { code?: string } | undefined)?.code, fault, where);
    if (opening) return;
    assert.is(events.at(-1)?.type, 'journal failed', where);
    const later = faulty.after?.filter(
      (name) => name === 'write' || name === 'fdatasync' || name === 'fsync',
    );
    assert.equal(later, [], where);
  }
}

/** A server that starts on what is there then finds all that was shown, and nothing that was not said. */
async function judgeRestart({ shown, said, fileAfter, fileBefore }: Survived): Promise<void> {
  const file = newFile(fileAfter);
  const { journal, text } = await open(file);
  const found = text.view(0, text.length).toString();
  await journal.close();
  assert.ok(found.startsWith(shown), `${found} lacks something of ${shown}`);
  if (said === '') assert.ok(fileBefore.subarray(0, fileAfter.length).equals(fileAfter) || found === HELD);
  else assert.ok(said.startsWith(found), `${found} was never said, but ${said}`);
}

it('a disk that stays full: bytes do not stay in the file, new letters are refused, and it comes back', async () => {
  const file = newFile();
  let room = 3;
  const disk: Disk = {
    ...DISK,
    write: async (fd, bytes) => {
      if (room === 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      const written = await DISK.write(fd, bytes.subarray(0, room));
      room -= written;
      return written;
    },
    ftruncate: async (fd, length) => {
      room += fs.fstatSync(fd).size - length;
      await DISK.ftruncate(fd, length);
    },
  };
  const opened = await open(file, { disk, retryMs: 50 });
  const { journal, text, events } = opened;
  await say(opened, 'ab');
  append(text, 'cd');
  journal.commit();
  await until(() => text.sealed);
  assert.is(content(file), 'ab');
  assert.is(text.append(0x65), -1, 'no letter fits');
  assert.is(text.durable, 2);
  assert.equal(events.at(-1), { type: 'disk full', reason: 'ENOSPC', bytes: 2 });
  await sleep(20);
  assert.is(content(file), 'ab');
  room = 100;
  await until(() => text.durable === 4);
  assert.is(content(file), 'abcd');
  await say(opened, 'e');
  assert.equal(
    events.map(({ type }) => type),
    ['journal', 'disk full', 'disk free'],
  );
  await journal.close();
});

it('closing while the disk is full does not wait, and says what is lost', async () => {
  const file = newFile();
  const full = async () => {
    throw Object.assign(new Error('EDQUOT'), { code: 'EDQUOT' });
  };
  const { journal, text, events } = await open(file, { disk: { ...DISK, write: full }, retryMs: 60_000 });
  append(text, 'ab');
  journal.commit();
  await until(() => text.sealed);
  await journal.close();
  assert.match((events.at(-1) as { message: string }).message, /disk is full: 2 bytes are lost/);
  assert.is(content(file), '');
});

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
  it(`somebody ${what} the file: the next letter is not answered, exit 1`, async () => {
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
      assert.match(stderr, 'client 1 cut off, the journal has failed: 3 letters\n');
      assert.match(stderr, new RegExp(`strsvr: cannot (use|write) the journal ${file}: .*\n$`));
      assert.not.match(stdout, 'final value');
    });
  });
}

// --- the server ---

it('a server goes on with the text that the last one left', async () => {
  const file = newFile();
  const sending = async (letters: string, expected: string) =>
    withStrsvr(['0', '--journal', file, '--clients', '1'], async (server, address) => {
      const client = await ByteClient.connect(address);
      client.send(letters);
      assert.is((await client.endAndReceive()).toString(), expected);
      const { status, stdout, stderr } = await server.finished;
      assert.is(status, 0);
      assert.match(stderr, /^journal .*: \d bytes? of text\n/);
      assert.match(stdout, `the final value of v is ${content(file)}\n`);
    });
  await sending('ab\n', 'aab\n');
  await sending('\nc', '\nabc');
  assert.is(content(file), 'abc');
});

it('letters and a SIGTERM: what is in the text is answered and in the file, exit 0', async () => {
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

it('a client that leaves before its answer has its letters in the file', async () => {
  const file = newFile();
  const server = await startStringServer({ port: 0, journal: file, sync: 'never' });
  const client = await ByteClient.connect(server.address);
  client.socket.end('abc');
  await until(() => content(file) === 'abc');
  client.close();
  assert.is((await server.stop()).text.toString(), 'abc');
});

it('a full text is full with a journal too, and the file is no longer than it', async () => {
  const file = newFile();
  await withStrsvr(['0', '--journal', file, '--max-length', '3'], async (server, address) => {
    const client = await ByteClient.connect(address);
    client.send('abcd');
    assert.is((await client.receiveAll()).toString(), 'aababc');
    client.close();
    await server.says('stderr', /closed, the text is full/);
    assert.is(content(file), 'abc');
  });
});

it('one server a journal: the second ends at once and says why; a kill frees the file', async () => {
  const file = newFile('abc');
  await withStrsvr(['0', '--journal', file], async (server) => {
    const before = fs.statSync(file);
    const program = new Program('server/strsvr.js', ['0', '--journal', file]);
    setTimeout(() => program.kill(), 10_000).unref();
    const second = await program.finished;
    assert.is(second.status, 1);
    assert.is(second.stdout, '');
    assert.is(second.stderr, `strsvr: cannot use the journal ${file}: another server keeps its text there\n`);
    assert.equal([fs.statSync(file).mtimeMs, content(file)], [before.mtimeMs, 'abc']);
    server.child.kill('SIGKILL');
    await server.finished;
  });
  await withStrsvr(['0', '--journal', file], async () => {});
});

it('a port that is taken leaves the journal free', async () => {
  const file = newFile();
  const server = await startStringServer({ port: 0 });
  await failure(startStringServer({ ...server.address, journal: file }));
  await (await startStringServer({ port: 0, journal: file })).stop();
  await server.stop();
});

it('without flock a line says what is missing', async () => {
  const server = new Program('server/strsvr.js', ['0', '--journal', newFile()], [], ['env', 'PATH=/nowhere']);
  const { status, stderr } = await server.finished;
  assert.is(status, 1);
  assert.match(stderr, /^strsvr: a journal needs the command flock, to lock its file: .*util-linux.*\n$/);
});

test('a journal is for events alone, and --sync for a journal', async () => {
  for (const io of ['poll', 'nonblocking', 'blocking', 'threads'] as const) {
    const { status, stderr } = await run('server/strsvr.js', ['0', '--journal', newFile(), '--io', io]);
    assert.is(status, 2);
    assert.is(stderr, 'strsvr: --journal is for --io events alone (see --help)\n');
    assert.instance(await failure(startStringServer({ journal: newFile(), io })), TypeError);
  }
  const { status, stderr } = await run('server/strsvr.js', ['0', '--sync', 'never']);
  assert.is(status, 2);
  assert.is(stderr, 'strsvr: --sync wants a --journal (see --help)\n');
});

// --- a disk that is slow, hangs, or is full while people are connected ---

it('a slow disk: the event loop stays free, two commits answer everybody, line ends pass', async () => {
  const { fdatasync } = DISK;
  let syncs = 0;
  const server = await startStringServer({ port: 0, journal: newFile() });
  DISK.fdatasync = async (fd) => {
    syncs += 1;
    await sleep(500);
    await fdatasync(fd);
  };
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  try {
    const crowd = await Promise.all(Array.from({ length: 20 }, () => ByteClient.connect(server.address)));
    const other = await ByteClient.connect(server.address);
    for (const client of crowd) client.send('a');
    let answered = false;
    const answers = Promise.all(crowd.map((client) => client.receive(1))).finally(() => {
      answered = true;
    });
    const latencies: number[] = [];
    while (!answered) {
      const sent = performance.now();
      other.send('\n');
      await other.receive(1);
      latencies.push(performance.now() - sent);
      await sleep(5);
    }
    await answers;
    latencies.sort((one, other) => one - other);
    assert.ok((latencies[Math.floor(latencies.length * 0.99)] ?? 0) < 100, 'line ends wait');
    assert.ok(delay.percentile(99) / 1e6 < 100, 'the event loop is held up');
    assert.ok(syncs <= 2, `${syncs} commits`);
    for (const client of [other, ...crowd]) client.close();
  } finally {
    delay.disable();
    DISK.fdatasync = fdatasync;
    await server.stop();
  }
});

for (const [signals, status, what] of [
  [1, 'SIGKILL', 'a SIGTERM: the reason, no final value, killed within 5 s'],
  [2, 'SIGTERM', 'a second SIGTERM: ended at once'],
] as const) {
  it(`an fdatasync that hangs, and ${what}`, async () => {
    const [file, pipe] = [newFile(), newFile()];
    execFileSync('mkfifo', [pipe]);
    await withStrsvr(
      ['0', '--journal', file],
      async (server, address) => {
        const client = await ByteClient.connect(address);
        client.send('ab');
        await until(() => content(file) === 'ab');
        const stopped = performance.now();
        server.child.kill('SIGTERM');
        await server.says('stderr', /stopping/);
        if (signals === 2) server.child.kill('SIGTERM');
        await noAnswer(client);
        const finished = await ended(server, 10_000);
        assert.is(finished.status, status);
        assert.ok(performance.now() - stopped < (signals === 1 ? 6_000 : 1_000), 'it takes too long');
        assert.not.match(finished.stdout, 'final value');
        if (signals === 2) return;
        assert.match(
          finished.stderr,
          'client 1 cut off, its letters could not be brought to disk in 5 s: 2 letters\n',
        );
        const why = 'the disk hangs; what was answered is on it';
        assert.match(finished.stderr, `strsvr: cannot write the journal ${file}: ${why}\n`);
      },
      'server/strsvr.js',
      brokenDisk('hangs', pipe),
    );
  });
}

it('a full disk and a SIGTERM: who is owed a reply is told from who does not read, exit 0', async () => {
  const file = newFile();
  await withStrsvr(
    ['0', '--journal', file],
    async (server, address) => {
      const client = await ByteClient.connect(address);
      client.send('ab');
      await server.says('stderr', /journal's disk is full \(ENOSPC\): 2 bytes not answered/);
      server.child.kill('SIGTERM');
      await noAnswer(client);
      const { status, stdout, stderr } = await ended(server, 10_000);
      assert.is(status, 0);
      assert.match(stderr, 'client 1 cut off, its letters could not be brought to disk in 5 s: 2 letters\n');
      assert.match(stderr, 'the disk is full: 2 bytes are lost, of letters that were not answered\n');
      assert.not.match(stderr, 'did not take its replies');
      assert.match(stdout, 'the final value of v is \n');
    },
    'server/strsvr.js',
    brokenDisk('full'),
  );
});

it('strclnt says in a line that a letter was refused, the disk being full, and ends', async () => {
  await withStrsvr(
    ['0', '--journal', newFile()],
    async (server, address) => {
      const owed = await ByteClient.connect(address);
      owed.send('a');
      await server.says('stderr', /journal's disk is full/);
      const { status, stdout, stderr } = await run('client/strclnt.js', at(address), 'b\n');
      const why = 'it has stopped, or its text or disk is full';
      assert.is(stderr, `strclnt: ${at(address).join(':')} has closed the connection: ${why}\n`);
      assert.is(stdout, '');
      assert.is(status, 1);
      await server.says('stderr', /client 2 closed, the journal's disk is full: 0 letters/);
      owed.close();
    },
    'server/strsvr.js',
    brokenDisk('full'),
  );
});

// --- a server that dies, a disk that fills, and the system's own record ---

it('killed again and again with 8 clients: no answered letter is lost, none is there twice', async () => {
  const { cycles, answered, ...wrong } = await killCycles(6, newFile());
  assert.is(cycles, 6);
  assert.ok(answered > 50, `only ${answered} letters were answered`);
  assert.equal(wrong, { lost: 0, doubled: 0, disordered: 0 });
});

testWith(test, NO_STRACE, 'every reply is sent after the fdatasync that covers its letter', async () => {
  const file = newFile('abc');
  const { replies, early } = await tracedRun(file, join(FOLDER, 'strace'));
  assert.ok(replies >= 100, `only ${replies} replies`);
  assert.is(early, 0);
});

testWith(
  test,
  NO_STRACE,
  'the system says EIO at an fdatasync: no answer, exit 1, never tried again',
  async () => {
    const file = newFile();
    const trace = join(FOLDER, 'eio');
    const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=3'];
    const through = ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-f', '-o', trace, '-P', file, ...inject];
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
  },
);

testWith(
  test,
  NO_STRACE,
  'a slow disk: nobody else waits, and what comes meanwhile is one group',
  async () => {
    const file = newFile();
    const trace = join(FOLDER, 'slow');
    const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:delay_enter=800000:when=2+'];
    const through = ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-f', '-o', trace, '-P', file, ...inject];
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
        const crowd = await Promise.all(Array.from({ length: 10 }, () => ByteClient.connect(address)));
        for (const client of crowd) client.send('b');
        assert.not(answered);
        await reply;
        await Promise.all(crowd.map((client) => client.receive(2)));
        for (const client of [writer, other, ...crowd]) client.close();
      },
      'server/strsvr.js',
      through,
    );
    // at the start, for the writer, for the crowd
    assert.is(fs.readFileSync(trace, 'utf8').match(/fdatasync\(/g)?.length, 3);
  },
);

const MOUNT = join(FOLDER, 'small');
fs.mkdirSync(MOUNT);
const NO_MOUNT = NO_FLOCK ?? (mountSmall() ? undefined : 'no tmpfs can be mounted here');
spawnSync('umount', [MOUNT]);

function mountSmall(): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'strsvr-test', MOUNT]).status === 0;
}

testWith(test, NO_MOUNT, 'a small file system fills up and is freed: nothing lost, no restart', async () => {
  try {
    assert.ok(mountSmall());
    const [file, filler] = [join(MOUNT, 'text'), join(MOUNT, 'filler')];
    fs.writeFileSync(filler, 'x'.repeat(60 * 1024)); // leaves one page
    await withStrsvr(['0', '--journal', file], async (server, address) => {
      const [owed, other] = [await ByteClient.connect(address), await ByteClient.connect(address)];
      owed.send('a'.repeat(1000));
      await owed.receive((1000 * 1001) / 2);
      const big = await ByteClient.connect(address);
      big.send('b'.repeat(4000)); // it must read, or the server would not go on
      const replies = big.receiveAll();
      await server.says('stderr', /journal's disk is full \(ENOSPC\): [\d,]+ bytes not answered/);
      other.send('c');
      await noAnswer(other);
      other.close();
      await server.says('stderr', /client 2 closed, the journal's disk is full: 0 letters/);
      const before = content(file).length;
      assert.ok(before >= 1000 && before <= 4096);
      fs.unlinkSync(filler);
      await server.says('stderr', /journal's disk has room again/);
      big.socket.end();
      assert.is((await replies).length, (5000 * 5001 - 1000 * 1001) / 2);
      const late = await ByteClient.connect(address);
      late.send('d\n');
      const reply = (await late.receive(5002)).toString();
      assert.is(reply, `${'a'.repeat(1000)}${'b'.repeat(4000)}d\n`);
      assert.is(content(file), reply.slice(0, -1));
      server.child.kill('SIGTERM');
      owed.close();
      late.close();
      assert.is((await server.finished).status, 0);
    });
  } finally {
    spawnSync('umount', [MOUNT]);
  }
});

test.run();
