// The mistakes that a server like this one invites, each as a change to one place of the built code and the test that
// must catch it. seeded.ts sees to it that the test does; exercise.ts gives them to students to find.

import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { built } from './support.js';

export interface Bug {
  readonly name: string;
  /** What somebody sees of it who does not know where it is. */
  readonly symptom: string;
  /** How to start a server that has it. */
  readonly args: readonly string[];
  /** Below dist/. */
  readonly file: string;
  /** In the built file, exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly caughtBy: { readonly file: string; readonly title: string };
}

const JOURNAL = ['--journal', '/tmp/text'];
const COMMIT = 'a letter is durable after its write and an fdatasync; what comes meanwhile is the next group';
const STAYS_FULL =
  'a disk that stays full: bytes do not stay in the file, new letters are refused, and it comes back';

export const BUGS: readonly Bug[] = [
  {
    name: 'answer before fdatasync',
    symptom: 'A power cut may lose a letter that was answered a moment before.',
    args: JOURNAL,
    file: 'server/journal.js',
    find: "sync === 'always' && this.#disk.fdatasync(this.#fd),",
    replace: "sync === 'always' && void this.#disk.fdatasync(this.#fd).catch(() => {}),",
    caughtBy: { file: 'journal.test', title: COMMIT },
  },
  {
    name: 'no fdatasync',
    symptom: 'A power cut may lose all letters of the last half minute, although they were answered.',
    args: JOURNAL,
    file: 'server/journal.js',
    find: "sync === 'always' && this.#disk.fdatasync(this.#fd),",
    replace: 'undefined,',
    caughtBy: { file: 'journal.test', title: COMMIT },
  },
  {
    name: 'fdatasync started before the write ended',
    symptom:
      'A power cut may lose a letter that was answered; and sometimes the server says that others write.',
    args: JOURNAL,
    file: 'server/journal.js',
    find: 'written += await this.#disk.write(this.#fd, bytes.subarray(written));',
    replace: 'this.#disk.write(this.#fd, bytes).catch(() => {});\n                written = bytes.length;',
    caughtBy: { file: 'journal.test', title: COMMIT },
  },
  {
    name: 'partial write ignored',
    symptom: 'On a disk that is nearly full the server says that somebody else has changed its file.',
    args: JOURNAL,
    file: 'server/journal.js',
    find: 'written += await this.#disk.write(this.#fd, bytes.subarray(written));',
    replace: 'await this.#disk.write(this.#fd, bytes);\n                written = bytes.length;',
    caughtBy: { file: 'journal.test', title: 'a write that takes only part is finished before the sync' },
  },
  {
    name: 'fdatasync retried after EIO',
    symptom: 'On a failing disk letters are answered that are on no disk.',
    args: JOURNAL,
    file: 'server/disk.js',
    find: 'fdatasync: (fd) => again(() => disk.fdatasync(fd)),',
    replace: 'fdatasync: (fd) => again(() => disk.fdatasync(fd).catch(() => disk.fdatasync(fd))),',
    caughtBy: {
      file: 'journal.test',
      title: 'EIO at the n-th fdatasync, for every n: nothing shown is lost',
    },
  },
  {
    name: 'no fdatasync at start',
    symptom:
      'After a kill -9, a restart and then a power cut, letters may be missing that clients have seen.',
    args: JOURNAL,
    file: 'server/journal.js',
    find: 'await disk.fdatasync(fd);',
    replace: '',
    caughtBy: { file: 'journal.test', title: 'before the first letter, file and folder are synced' },
  },
  {
    name: 'lock not taken',
    symptom: 'Two servers may be started with one file.',
    args: JOURNAL,
    file: 'server/journal.js',
    find: '!(await lock(fd))',
    replace: 'false',
    caughtBy: {
      file: 'journal-server.test',
      title: 'one server a journal: the second ends at once and says why; a kill frees the file',
    },
  },
  {
    name: 'ENOSPC bytes left in the file',
    symptom: 'While the disk is full, the file holds letters that nobody was answered for.',
    args: JOURNAL,
    file: 'server/journal.js',
    find: 'await this.#tidyUp();\n            throw error;',
    replace: '{}\n            throw error;',
    caughtBy: { file: 'journal.test', title: STAYS_FULL },
  },
  {
    name: 'not sealed when full',
    symptom: 'While the disk is full, a client that sends a letter waits and waits, and is told nothing.',
    args: JOURNAL,
    file: 'server/journal.js',
    find: 'this.#text.sealed = true;',
    replace: '',
    caughtBy: { file: 'journal.test', title: STAYS_FULL },
  },
  {
    name: 'fdatasync on the event loop',
    symptom: 'While the disk is slow, nobody is served, not even clients that need no disk.',
    args: JOURNAL,
    file: 'server/disk.js',
    find: 'fdatasync: promisify(fs.fdatasync),',
    replace: 'fdatasync: async (fd) => fs.fdatasyncSync(fd),',
    caughtBy: {
      file: 'journal-server.test',
      title: 'a slow disk: nobody else waits, and what comes meanwhile is one group',
    },
  },
  {
    name: 'a stop waits for a disk that hangs',
    symptom: 'When the disk hangs, SIGTERM does not end the server.',
    args: JOURNAL,
    file: 'server/string-server.js',
    find: 'journal?.expire(LINGER_MS);',
    replace: '',
    caughtBy: {
      file: 'journal-server.test',
      title: 'an fdatasync that hangs, and a SIGTERM: the reason, no final value, killed within 5 s',
    },
  },
  {
    name: 'reply shows a later text',
    symptom: 'When several letters come at once, a reply does not end in the letter that it answers.',
    args: [],
    file: 'server/session.js',
    find: 'const offset = this.#owed[this.#next];',
    replace: 'const offset = this.#owed[this.#next] && this.#text.length;',
    caughtBy: { file: 'session.test', title: 'a reply shows nothing of what came after its letter' },
  },
  {
    name: 'decoding per chunk',
    symptom: 'Now and then an emoji becomes several question marks.',
    args: [],
    file: 'server/session.js',
    find: 'this.#decoder.feed(chunk);',
    replace: 'this.#decoder.feed(Buffer.from(Buffer.from(chunk).toString()));',
    caughtBy: { file: 'session.test', title: 'two clients’ halves of an emoji stay apart' },
  },
  {
    name: 'drain ignored',
    symptom: 'One client that sends and never reads makes the server grow until it dies.',
    args: [],
    file: 'server/io/events.js',
    find: '(pieces < TURN_PIECES || left > 0) && socket.writableLength === 0',
    replace: 'this.#gather.giveAway() === undefined && (left = 65536)', // each piece is kept for who does not take it
    caughtBy: {
      file: 'events.test',
      title: 'a client that never reads costs little memory and holds up nobody',
    },
  },
  {
    name: 'input without turns',
    symptom: 'While some clients paste without end, a client that comes waits for many seconds.',
    args: [],
    file: 'server/io/events.js',
    find: 'received < RECEIVE_BYTES',
    replace: 'true',
    caughtBy: {
      file: 'events.test',
      title: 'of clients that flood the server each is read once in turn, not one on and on',
    },
  },
  {
    name: 'allowHalfOpen false',
    symptom:
      'A client that sends many letters and says at once that it has no more lacks most of its replies.',
    args: [],
    file: 'server/io/events.js',
    find: 'allowHalfOpen: true',
    replace: 'allowHalfOpen: false',
    caughtBy: {
      file: 'receive.test',
      title: 'then too, letters followed at once by the end of the stream are all answered',
    },
  },
  {
    name: 'destroy instead of linger',
    symptom: 'When the text is full, a client that goes on sending may lose replies that it was owed.',
    args: ['--max-length', '3000'],
    file: 'server/io/limits.js',
    find: 'socket.end(() => {',
    replace: 'socket.end(() => socket.destroy(), () => {',
    caughtBy: {
      file: 'wire.test',
      title:
        'whoever reads late what a full text still owed gets every reply, also of what the kernel still held',
    },
  },
  {
    name: 'short send cut',
    symptom: 'Long replies to a client that reads slowly have holes.',
    args: ['--io', 'poll'],
    file: 'server/io/output.js',
    find: 'left?.length === 0 ? undefined : left',
    replace: 'undefined',
    caughtBy: {
      file: 'output.test',
      title: 'what a send left over comes first the next time, with at most 1 bytes a send',
    },
  },
  {
    name: 'fd closed before its thread ended',
    symptom: 'The server does not stop while a client is connected that says nothing.',
    args: ['--io', 'threads'],
    file: 'server/io/threads.js',
    find: 'posix().shutdown(fd, how);',
    replace: 'posix().close(fd);',
    caughtBy: {
      file: 'waiting.test',
      title:
        'threads: who sleeps in recv is woken before its descriptor is closed, or the server would not end',
    },
  },
  {
    name: 'unlocked append in threads',
    symptom: 'When several clients send much at the same time, letters get lost.',
    args: ['--io', 'threads'],
    file: 'server/io/threads.js',
    find: 'lock ? burden(',
    replace: 'false ? burden(',
    caughtBy: {
      file: 'waiting.test',
      title: 'threads: without the lock letters get lost or replies are wrong, with it never',
    },
  },
];

/** A built file as the bug has it. @throws Error unless its place is there exactly once */
export function broken({ name, file, find, replace }: Bug): string {
  const parts = readFileSync(built(file), 'utf8').split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`${name}: expected its place once in dist/${file}, found it ${parts.length - 1} times`);
}

/** Copies parts of what was built into `folder`, with the bug in them; what they need comes along. */
export function copyWith(bug: Bug, parts: readonly string[], folder: string): void {
  const root = built('..');
  const content = broken(bug);
  for (const part of parts) {
    const filter = (path: string) => !path.endsWith('.map'); // the maps lead to the code without the bug
    cpSync(built(part), join(folder, 'dist', part), { recursive: true, filter });
  }
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'dist', bug.file), content);
}
