// The journal without a server: recovery, the order of a commit, and each disk fault at each call. `make soak` runs the
// long versions of crash-consistency.ts.

import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Session } from '../../server/core/session.js';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { type FileSystem, NODE_FILE_SYSTEM } from '../../server/journal/file-system.js';
import { Journal, type JournalOptions } from '../../server/journal/journal.js';
import { GROUP_BYTES } from '../../server/journal/recovery.js';
import type { ServerEvent } from '../../server/log/events.js';
import { Log } from '../../server/log/log.js';
import { powerCutImages } from '../support/crash-consistency.js';
import { content, FOLDER, failure, NO_FLOCK, newFile } from '../support/journal-fixtures.js';
import { testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

const test = suite('journal');

const it = (name: string, body: () => Promise<void>) => testWith(test, NO_FLOCK, name, body);

interface Opened {
  readonly journal: Journal;
  readonly text: Text;
  readonly events: ServerEvent[];
}

async function open(file: string, options: Partial<JournalOptions> = {}): Promise<Opened> {
  const text = new Text(allocateTextBuffer(options.maxLength ?? 1024 * 1024));
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
      if (journal.durableLength === text.length) resolve();
    });
  });
  journal.commit();
  await Promise.race([durable, journal.failed]);
}

const NULS = (n: number) => '\0'.repeat(n);

/** The files with bytes that recovery removed from a journal. */
function keptBeside(file: string): string[] {
  const names = fs.readdirSync(FOLDER).filter((name) => name.startsWith(`${basename(file)}.cut-`));
  return names.map((name) => join(FOLDER, name));
}

// --- recovery ---

it('a new journal has mode 0600 and contains only the text', async () => {
  const file = newFile();
  const opened = await open(file);
  assert.is(fs.statSync(file).mode & 0o777, 0o600);
  await say(opened, 'aé€😀');
  assert.is(content(file), 'aé€😀');
  await opened.journal.close();
  assert.equal(opened.events, [{ type: 'journalOpened', file, bytes: 0, cut: 0 }]);
});

for (const [what, bytes, kept] of [
  ['nothing', '', ''],
  ['letters of all lengths', 'aé€😀\ufffd\ufeff', 'aé€😀\ufffd\ufeff'],
  ['1 byte of 2', 'a\xc3', 'a'],
  ['2 bytes of 3', 'a\xe2\x82', 'a'],
  ['3 bytes of 4', 'a\xf0\x9f\x98', 'a'],
  ['a zero-filled tail', 'ab\0\0\0', 'ab'],
  ['zeros alone', '\0\0\0', ''],
  ['a hole, then letters', `ab${NULS(4094)}cd`, 'ab'],
  ['half a letter, then a hole, then its other half', `a\xc3${NULS(4094)}\xa9`, 'a'],
  ['two holes with a page of letters between', `ab${NULS(4094)}${'x'.repeat(4096)}${NULS(4096)}cd`, 'ab'],
] as const) {
  it(`a file with ${what} is recovered up to its last whole letter, and the rest is kept in a second file`, async () => {
    const found = Buffer.from(bytes, /[\x80-\xff]/.test(bytes) && kept === 'a' ? 'latin1' : 'utf8');
    const file = newFile(found);
    const { journal, text, events } = await open(file);
    assert.is(Buffer.from(text.view(0, text.length)).toString(), kept);
    assert.is(journal.durableLength, text.length);
    assert.is(content(file), kept);
    const cut = found.subarray(text.length);
    const [keptIn = 'none', ...more] = keptBeside(file);
    assert.equal(more, []);
    const aside = cut.length === 0 ? {} : { keptIn };
    assert.equal(events, [{ type: 'journalOpened', file, bytes: text.length, cut: cut.length, ...aside }]);
    if (cut.length === 0) assert.is(keptIn, 'none');
    else {
      assert.match(keptIn, /text-\d+\.cut-\d{8}T\d{6}\.\d{3}Z$/);
      assert.ok(cut.equals(fs.readFileSync(keptIn)));
      assert.is(fs.statSync(keptIn).mode & 0o777, 0o600);
    }
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
  ['a hole further than one group from the end', `a${NULS(4095)}${'x'.repeat(GROUP_BYTES)}`, 1, '0x00'],
  ['one NUL among its letters', `a\0${'x'.repeat(5000)}`, 1, '0x00'],
  ['NULs that end before their page does', `a${NULS(4094)}${'x'.repeat(5000)}`, 1, '0x00'],
  ['a NUL behind a hole', `a${NULS(4095)}x\0y`, 1, '0x00'],
  ['a NUL after each word, as of find -print0', 'usr\0lib\0doc\0', 3, '0x00'],
] as const) {
  it(`a file with ${what} is rejected with the position, and unchanged`, async () => {
    const found = Buffer.from(bytes, 'latin1');
    const file = newFile(found);
    const { message } = await failure(open(file));
    assert.match(message, new RegExp(`${file}: byte ${position} is ${hint}, .*nothing was changed`));
    assert.equal(fs.readFileSync(file), found);
    assert.equal(keptBeside(file), []);
  });
}

it('a hole that begins exactly one group before the end is truncated', async () => {
  const file = newFile(`a${NULS(4095)}${'x'.repeat(GROUP_BYTES - 4095)}`);
  const { journal } = await open(file);
  await journal.close();
  assert.is(content(file), 'a');
});

it('a text longer than --max-length is rejected, and the file unchanged', async () => {
  const file = newFile('abcd');
  const { message } = await failure(open(file, { maxLength: 3 }));
  assert.match(message, 'it holds 4 bytes, more than the maximum length of 3');
  assert.is(content(file), 'abcd');
  await (await open(file, { maxLength: 4 })).journal.close();
});

it('only a regular file is accepted, not a symbolic link to one', async () => {
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

it('every image that a power failure may leave is recovered: all answered letters, and no invented ones', async () => {
  assert.equal(await powerCutImages(400, FOLDER), { images: 400, lost: 0, invented: 0, rejected: 0 });
});

// --- the order of a commit ---

/** A disk that records its calls, and how many run at a time. */
function watched(calls: string[], change: Partial<FileSystem> = {}): FileSystem {
  const disk: FileSystem = { ...NODE_FILE_SYSTEM, ...change };
  const recorded =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      calls.push(name);
      const result = await call(...args);
      calls.push(`${name} done`);
      return result;
    };
  return {
    ...disk,
    write: recorded('write', disk.write),
    fdatasync: recorded('fdatasync', disk.fdatasync),
    fsync: recorded('fsync', disk.fsync),
    ftruncate: recorded('ftruncate', disk.ftruncate),
  };
}

const COMMIT = ['write', 'write done', 'fdatasync', 'fdatasync done'];
const FOLDER_SYNC = ['fsync', 'fsync done'];

it('file and folder are synced before the first letter', async () => {
  const calls: string[] = [];
  const { journal } = await open(newFile('abc'), { disk: watched(calls) });
  assert.equal(calls, [...FOLDER_SYNC, 'fdatasync', 'fdatasync done']);
  await journal.close();
});

it('before a truncation the removed bytes and the name of their file are durable', async () => {
  const calls: string[] = [];
  await (await open(newFile('abc\0'), { disk: watched(calls) })).journal.close();
  const cut = ['ftruncate', 'ftruncate done', 'fdatasync', 'fdatasync done'];
  assert.equal(calls, [...COMMIT, ...FOLDER_SYNC, ...cut]);
});

it('bytes that cannot be kept in a second file are not truncated', async () => {
  const file = newFile('abc\0');
  const write = async () => {
    throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  };
  const { message } = await failure(open(file, { disk: { ...NODE_FILE_SYSTEM, write } }));
  assert.match(message, /1 bytes at its end, .*, cannot be kept beside it: ENOSPC/);
  assert.is(content(file), 'abc\0');
  assert.equal(keptBeside(file), []);
});

for (const [what, read, why] of [
  ['in pieces', (fd: number, into: Uint8Array) => NODE_FILE_SYSTEM.read(fd, into.subarray(0, 3)), undefined],
  ['with less than its length', async () => 0, 'it should hold 11 bytes, but 0 could be read'],
  [
    'with more than its length',
    async (_fd: number, into: Uint8Array) => into.fill(0x61).length,
    'it should hold 11 bytes, but 12 could be read',
  ],
] as const) {
  it(`a file that is read ${what} is used whole or rejected`, async () => {
    const file = newFile('abcdefghié');
    const opening = open(file, { disk: { ...NODE_FILE_SYSTEM, read } });
    if (why !== undefined) {
      assert.match((await failure(opening)).message, `${why}; nothing was changed`);
    } else {
      const { journal, text } = await opening;
      assert.is(Buffer.from(text.view(0, text.length)).toString(), content(file));
      await journal.close();
    }
  });
}

it('a letter is durable after its write and an fdatasync; later letters are the next group', async () => {
  const calls: string[] = [];
  const opened = await open(newFile(), { disk: watched(calls) });
  const { journal, text } = opened;
  calls.length = 0;
  const steps: number[] = [];
  journal.onDurable(() => {
    steps.push(journal.durableLength);
    calls.push(`durable ${journal.durableLength}`);
    if (steps.length === 1) append(text, 'fg');
    journal.commit();
  });
  append(text, 'ab');
  journal.commit();
  append(text, 'c'); // in the same tick
  journal.commit();
  assert.is(journal.durableLength, 0);
  await Promise.race([
    until(() => journal.durableLength === text.length && steps.length > 1),
    journal.failed,
  ]);
  assert.equal(calls, [...COMMIT, 'durable 3', ...COMMIT, 'durable 5']);
  await journal.close();
});

it('a group has a maximum size and ends after a whole letter', async () => {
  const file = newFile();
  const opened = await open(file);
  const { journal, text } = opened;
  const letters = '€'.repeat(50_000);
  append(text, letters);
  const steps: number[] = [];
  journal.onDurable(() => steps.push(journal.durableLength));
  journal.commit();
  await Promise.race([until(() => journal.durableLength === text.length), journal.failed]);
  assert.equal(steps, [65_535, 131_070, 150_000]);
  await journal.close();
  assert.is(content(file), letters);
});

it('a partial write is completed before the sync', async () => {
  const calls: string[] = [];
  const file = newFile();
  const disk = watched(calls, { write: (fd, bytes) => NODE_FILE_SYSTEM.write(fd, bytes.subarray(0, 2)) });
  const opened = await open(file, { disk });
  calls.length = 0;
  await say(opened, 'abcde');
  assert.equal(calls.filter((call) => call.startsWith('write') && !call.endsWith('done')).length, 3);
  assert.equal(calls.slice(-3), ['write done', 'fdatasync', 'fdatasync done']);
  await opened.journal.close();
  assert.is(content(file), 'abcde');
});

it('a write that writes nothing counts as a full disk, not as progress', async () => {
  let empty = 2;
  const write = async (fd: number, bytes: Uint8Array) => {
    empty -= 1;
    return empty >= 0 ? 0 : NODE_FILE_SYSTEM.write(fd, bytes);
  };
  const opened = await open(newFile(), { disk: { ...NODE_FILE_SYSTEM, write } });
  await say(opened, 'a');
  const types = opened.events.map(({ type }) => type);
  assert.equal(types, ['journalOpened', 'diskFull', 'diskFree']);
  await opened.journal.close();
});

it('with --sync never no reply waits for a sync, and the log warns of the risk', async () => {
  const calls: string[] = [];
  const opened = await open(newFile(), { sync: 'never', disk: watched(calls) });
  calls.length = 0;
  await say(opened, 'a');
  assert.equal(calls, ['write', 'write done']);
  assert.match((opened.events[1] as { message: string }).message, 'without sync, a crash of the system');
  await opened.journal.close();
});

it('closing makes the whole text durable', async () => {
  const file = newFile();
  const { journal, text } = await open(file, {
    disk: { ...NODE_FILE_SYSTEM, fdatasync: (fd) => sleep(50).then(() => NODE_FILE_SYSTEM.fdatasync(fd)) },
  });
  append(text, 'ab');
  journal.commit();
  await sleep(20);
  append(text, 'c');
  await journal.close();
  assert.is(journal.durableLength, 3);
  assert.is(content(file), 'abc');
});

// --- disk faults ---

type Fault = 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EINTR' | 'killed';
type Call = 'open' | 'read' | 'write' | 'fdatasync' | 'fsync' | 'ftruncate' | 'fstat' | 'stat';

/** A disk whose n-th call of a kind fails; or the process is killed in that call: it takes effect, and no call returns. */
class FaultyFileSystem {
  readonly calls: Call[] = [];
  /** Descriptors that are open. */
  readonly opened = new Set<number>();
  /** The calls after the one that failed. */
  after: Call[] | undefined;
  /** Resolves when the call in which the process is killed has taken effect; no other call runs then. */
  readonly killed: Promise<void>;
  readonly disk: FileSystem;

  constructor(fails: Call, n: number, fault: Fault) {
    const never = new Promise<never>(() => {});
    let kill = () => {};
    this.killed = new Promise((resolve) => {
      kill = resolve;
    });
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
        await call(...args).catch(() => {}); // open(2) of a file that exists fails in any case
        kill();
        return never;
      };
    // Every write takes 3 bytes at most: some are partial, and some fail after a partial one.
    const write = (fd: number, bytes: Uint8Array) => NODE_FILE_SYSTEM.write(fd, bytes.subarray(0, 3));
    this.disk = {
      ...NODE_FILE_SYSTEM,
      open: faulty('open', async (path, flags, mode) => {
        const fd = await NODE_FILE_SYSTEM.open(path, flags, mode);
        this.opened.add(fd);
        return fd;
      }),
      close: (fd) => {
        this.opened.delete(fd);
        return NODE_FILE_SYSTEM.close(fd);
      },
      read: faulty('read', NODE_FILE_SYSTEM.read),
      write: faulty('write', write),
      fdatasync: faulty('fdatasync', NODE_FILE_SYSTEM.fdatasync),
      fsync: faulty('fsync', NODE_FILE_SYSTEM.fsync),
      ftruncate: faulty('ftruncate', NODE_FILE_SYSTEM.ftruncate),
      fstat: faulty('fstat', NODE_FILE_SYSTEM.fstat),
      stat: faulty('stat', NODE_FILE_SYSTEM.stat),
    };
  }
}

const HELD = 'é€\ufffd'; // and 2 bytes of an unfinished letter, to be truncated
const GROUPS = ['abcd', 'é€😀', 'x', 'yz€'];

interface Survived {
  readonly faulty: FaultyFileSystem;
  /** The longest text that a client was sent, and the text of the server. */
  readonly shown: string;
  readonly said: string;
  readonly failed: Error | undefined;
  readonly fileAfter: Buffer;
  readonly fileBefore: Buffer;
  readonly events: ServerEvent[];
}

/** Commits a few groups on a failing disk, one after the other, and returns the resulting file. */
async function survive(fails: Call, n: number, fault: Fault): Promise<Survived> {
  const fileBefore = Buffer.concat([Buffer.from(HELD), Buffer.of(0xe2, 0x82)]);
  const file = newFile(fileBefore);
  const faulty = new FaultyFileSystem(fails, n, fault);
  let said = '';
  let opened: Opened | undefined;
  let failed: Error | undefined;
  const commits = async () => {
    opened = await open(file, { disk: faulty.disk });
    said = HELD;
    for (const group of GROUPS) {
      said += group;
      await say(opened, group);
    }
    await opened.journal.close();
  };
  const end = commits().catch((error: Error) => {
    failed = error;
  });
  await Promise.race([end, faulty.killed]);
  const { events = [] } = opened ?? {};
  const shown =
    opened === undefined ? '' : Buffer.from(opened.text.view(0, opened.journal.durableLength)).toString();
  if (failed !== undefined) await opened?.journal.close().catch(() => {});
  for (const fd of faulty.opened) fs.closeSync(fd); // as the end of a process does
  const fileAfter = fs.readFileSync(file);
  return { faulty, shown, said, failed, fileAfter, fileBefore, events };
}

const FAILURES: Record<Call, readonly Fault[]> = {
  open: ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'killed'],
  read: ['EIO', 'EINTR', 'killed'],
  write: ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'killed'],
  fdatasync: ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'killed'],
  ftruncate: ['EIO', 'ENOSPC', 'EDQUOT', 'EINTR', 'killed'],
  fsync: ['EIO', 'EINTR', 'killed'],
  fstat: ['EIO', 'EINTR'],
  stat: ['EIO', 'EINTR'],
};

for (const [call, faults] of Object.entries(FAILURES) as Array<[Call, readonly Fault[]]>) {
  for (const fault of faults) {
    it(`${fault} at the n-th ${call}, for every n: no letter shown is lost`, async () => {
      for (let n = 1; ; n += 1) {
        const survived = await survive(call, n, fault);
        if (survived.faulty.after === undefined) {
          assert.ok(n > 1, 'it was never called');
          return;
        }
        checkOutcome(survived, call, n, fault);
        await checkRestart(survived);
      }
    });
  }
}

/** EINTR is retried; a full disk is waited for; after any other error no reply is sent and no call retried. */
function checkOutcome(survived: Survived, call: Call, n: number, fault: Fault): void {
  const { faulty, shown, said, failed, fileAfter, events } = survived;
  const where = `${fault} at ${call} ${n}`;
  const opening = events.length === 0;
  if (fault === 'killed') return;
  if (fault === 'EINTR') {
    // open(2) with O_CREAT|O_EXCL finds the file that is there; all is as if nothing had happened
    assert.is(failed, undefined, where);
    assert.is(shown, said, where);
    assert.is(fileAfter.toString(), said, where);
  } else if (fault !== 'EIO' && call === 'write' && !opening) {
    assert.is(failed, undefined, where);
    assert.is(shown, said, where);
    assert.is(fileAfter.toString(), said, where);
    const types = events.map(({ type }) => type);
    assert.equal(types, ['journalOpened', 'diskFull', 'diskFree'], where);
  } else {
    assert.is((failed as { code?: string } | undefined)?.code, fault, where);
    if (opening) return;
    assert.is(events.at(-1)?.type, 'journalFailed', where);
    const later = faulty.after?.filter(
      (name) => name === 'write' || name === 'fdatasync' || name === 'fsync',
    );
    assert.equal(later, [], where);
  }
}

/** A restart recovers every letter that was sent to a client, and no letter that no client sent. */
async function checkRestart({ shown, said, fileAfter, fileBefore }: Survived): Promise<void> {
  const file = newFile(fileAfter);
  const { journal, text } = await open(file);
  const found = Buffer.from(text.view(0, text.length)).toString();
  await journal.close();
  assert.ok(found.startsWith(shown), `${found} lacks something of ${shown}`);
  if (said === '') assert.ok(fileBefore.subarray(0, fileAfter.length).equals(fileAfter) || found === HELD);
  else assert.ok(said.startsWith(found), `${found} was never said, but ${said}`);
}

it('a full disk: partial writes are truncated, new letters are rejected, and writing resumes', async () => {
  const file = newFile();
  let room = 3;
  const disk: FileSystem = {
    ...NODE_FILE_SYSTEM,
    write: async (fd, bytes) => {
      if (room === 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      const written = await NODE_FILE_SYSTEM.write(fd, bytes.subarray(0, room));
      room -= written;
      return written;
    },
    ftruncate: async (fd, length) => {
      room += fs.fstatSync(fd).size - length;
      await NODE_FILE_SYSTEM.ftruncate(fd, length);
    },
  };
  const opened = await open(file, { disk, retryMs: 50 });
  const { journal, text, events } = opened;
  await say(opened, 'ab');
  append(text, 'cd');
  journal.commit();
  await until(() => journal.rejection === 'diskFull');
  assert.is(content(file), 'ab');
  const rejected = new Session(text, journal);
  rejected.receive(Buffer.from('e'));
  assert.is(rejected.closing, 'diskFull');
  assert.is(text.length, 4, 'no letter is taken');
  assert.is(journal.durableLength, 2);
  assert.equal(events.at(-1), { type: 'diskFull', reason: 'ENOSPC', bytes: 2 });
  await sleep(20);
  assert.is(content(file), 'ab');
  room = 100;
  await until(() => journal.durableLength === 4);
  assert.is(content(file), 'abcd');
  await say(opened, 'e');
  assert.equal(
    events.map(({ type }) => type),
    ['journalOpened', 'diskFull', 'diskFree'],
  );
  await journal.close();
});

it('closing on a full disk does not wait, and reports the lost bytes', async () => {
  const file = newFile();
  const full = async () => {
    throw Object.assign(new Error('EDQUOT'), { code: 'EDQUOT' });
  };
  const { journal, text, events } = await open(file, {
    disk: { ...NODE_FILE_SYSTEM, write: full },
    retryMs: 60_000,
  });
  append(text, 'ab');
  journal.commit();
  await until(() => journal.rejection === 'diskFull');
  await journal.close();
  assert.match((events.at(-1) as { message: string }).message, /disk is full: 2 bytes are lost/);
  assert.is(content(file), '');
});

test.run();
