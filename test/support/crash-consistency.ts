// What a journal promises, proven as often as is asked for: servers killed at any instant, every state in which a
// power cut may leave the file, and the order of the system calls of a real run. `make test` asks for few, `make soak`
// for many.

import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { Journal } from '../../server/journal/journal.js';
import { GROUP_BYTES, recover } from '../../server/journal/recovery.js';
import { Log } from '../../server/log/log.js';
import { checkHistory, type Operation } from '../../shared/linearizability.js';
import { ByteClient } from './byte-client.js';
import { talk } from './recording-client.js';
import { withStrsvr } from './servers.js';

const CLIENTS = 8;
const LF = 0x0a;

// --- killed again and again ---

export interface KillFigures {
  readonly cycles: number;
  readonly answered: number;
  /** The promise that the text in the end shows to be broken. */
  readonly broken: string | undefined;
}

/**
 * Kills a server with 8 clients, starts it again, and at the end checks the history. It is killed soon after some letters
 * were sent, however long they took; in each third cycle before most clients have an answer.
 */
export async function killCycles(cycles: number, file: string): Promise<KillFigures> {
  const history: Operation[] = [];
  let letters = 0;
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const enough = letters + (cycle % 3 === 0 ? 1 : below(60) + 20);
    let go = () => {};
    const sent = new Promise<void>((resolve) => {
      go = resolve;
    });
    const letter = () => {
      letters += 1;
      if (letters === enough) go();
      return letterOf(letters); // none is ever sent twice
    };
    await withStrsvr(['0', '--journal', file, '--log', 'silent'], async (server, address) => {
      const clients = Array.from({ length: CLIENTS }, (_, i) =>
        talk(address, cycle * CLIENTS + i, { letter }),
      );
      const talks = Promise.all(clients);
      await Promise.race([sent, talks]);
      await sleep(Math.random() * 20);
      server.child.kill('SIGKILL');
      history.push(...(await talks).flat());
    });
  }
  await withStrsvr(['0', '--journal', file], async () => {}); // recovers what the last kill left
  const found = checkHistory(history, fs.readFileSync(file));
  const answered = history.filter(({ answer }) => answer !== undefined).length;
  return { cycles, answered, broken: found && `${found.invariant}: ${found.what}` };
}

/** A letter of 2, 3 or 4 bytes for each number, none a control character. */
function letterOf(n: number): string {
  const third = Math.floor(n / 3);
  if (n % 3 === 0 && third < 0x700) return String.fromCodePoint(0xa1 + third);
  if (n % 3 === 1 && third < 0xc000) return String.fromCodePoint(0x1000 + third);
  return String.fromCodePoint(0x10000 + n);
}

// --- what a power cut may leave ---

const PAGE = 4096;
/** One image in so many is also laid before a journal as a file. */
const AS_FILE = 40;

export interface ImageFigures {
  images: number;
  /** Images after which something that was answered was not there. */
  lost: number;
  /** Images after which something was there that nobody had said. */
  invented: number;
  /** Images that were taken for another file. */
  refused: number;
}

/**
 * The file is synced up to some point, and a group of at most the largest size was being written: the power cut leaves
 * any length of it, and of its pages any to be zeros.
 */
export async function powerCutImages(images: number, folder: string): Promise<ImageFigures> {
  const figures: ImageFigures = { images, lost: 0, invented: 0, refused: 0 };
  for (let i = 0; i < images; i += 1) {
    const { whole, durable, image } = powerCut();
    try {
      const found = i % AS_FILE === 0 ? await recoverFile(image, folder) : recoverBytes(image);
      if (found.length < durable) figures.lost += 1;
      if (!whole.subarray(0, found.length).equals(found)) figures.invented += 1;
    } catch {
      figures.refused += 1;
    }
  }
  return figures;
}

const ALPHABET = ['a', 'b', 'é', '€', '😀', '\ufffd'].map((letter) => Buffer.from(letter));

function below(n: number): number {
  return Math.floor(Math.random() * n);
}

function letters(atMost: number): Buffer {
  const parts: Buffer[] = [];
  for (let room = atMost - 4; room > 0; ) {
    const letter = ALPHABET[below(ALPHABET.length)] as Buffer;
    parts.push(letter);
    room -= letter.length;
  }
  return Buffer.concat(parts);
}

function powerCut(): { whole: Buffer; durable: number; image: Buffer } {
  const synced = letters(below(3 * PAGE));
  const group = letters(Math.random() < 0.1 ? GROUP_BYTES : below(4 * PAGE));
  const whole = Buffer.concat([synced, group]);
  const durable = synced.length;
  const image = Buffer.from(whole.subarray(0, durable + below(group.length + 1)));
  for (let page = Math.floor(durable / PAGE) * PAGE; page < image.length; page += PAGE) {
    if (Math.random() < 0.3) image.fill(0, Math.max(durable, page), Math.min(image.length, page + PAGE));
  }
  return { whole, durable, image };
}

function recoverBytes(image: Buffer): Buffer {
  const text = new Text(allocateTextBuffer(image.length));
  recover(image, text);
  return Buffer.from(text.view(0, text.length));
}

/** What a start makes of a journal that holds these bytes. */
export async function recoverFile(image: Buffer, folder: string): Promise<Buffer> {
  const file = join(folder, 'image');
  fs.writeFileSync(file, image);
  const text = new Text(allocateTextBuffer(image.length + 1));
  const log = new Log({ detailed: false, thread: 0, sink: () => {} });
  await (await Journal.open({ file, sync: 'always', maxLength: image.length + 1, text, log })).close();
  return fs.readFileSync(file);
}

// --- the order of system calls ---

export interface TraceFigures {
  replies: number;
  /** Replies of which a byte was sent before its letter was on disk. */
  early: number;
}

const TRACED = 'openat,accept4,close,write,writev,pwrite64,sendto,sendmsg,fdatasync';
const LETTERS_EACH = 25;

/** A server under strace, 8 clients, and a look at what the system saw. The file must exist. */
export async function tracedRun(file: string, trace: string): Promise<TraceFigures> {
  const options = ['-e', `trace=${TRACED}`, '-xx', '-s', '1000000', '-o', trace];
  const through = ['strace', '-f', ...options];
  const args = ['0', '--journal', file, '--clients', String(CLIENTS)];
  await withStrsvr(
    args,
    async (server, address) => {
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => ByteClient.connect(address)));
      await Promise.all(clients.map((client, i) => sendSome(client, i)));
      await server.finished;
    },
    'server/strsvr.js',
    through,
  );
  return judgeTrace(fs.readFileSync(trace, 'utf8'), file);
}

async function line(client: ByteClient): Promise<void> {
  while ((await client.receiveSome()).at(-1) !== LF);
}

async function sendSome(client: ByteClient, number: number): Promise<void> {
  const letter = 'aé€😀bcde'[number] ?? 'z';
  for (let i = 0; i < LETTERS_EACH; i += 1) {
    client.send(`${letter}\n`);
    await line(client);
  }
  client.socket.end();
  await client.receiveAll();
}

/** What was sent to one client, and how much of the text was on disk when each piece began to be sent. */
interface Stream {
  readonly pieces: Array<{ readonly bytes: Buffer; readonly durable: number }>;
}

interface SystemCall {
  readonly thread: string;
  readonly name: string;
  readonly args: string;
  readonly result: number;
  /** Which of its two ends this line tells; a call that nothing interrupted has both in one line. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/** Follows the journal's bytes through write and fdatasync, and the replies' bytes to the sockets. */
function judgeTrace(trace: string, file: string): TraceFigures {
  const streams: Stream[] = [];
  const sockets = new Map<number, Stream>();
  /** By thread: what an fdatasync under way will have brought to disk. */
  const syncing = new Map<string, number>();
  let journal = -1;
  let written = 0;
  let durable = 0;
  for (const { thread, name, args, result, begins, ends } of systemCalls(trace)) {
    const fd = Number.parseInt(args, 10);
    if (name === 'openat' && ends && result >= 0 && decode(args).toString().includes(file)) {
      journal = result;
      written = 3; // what the file holds before
    } else if (name === 'accept4' && ends && result >= 0) {
      const stream = { pieces: [] };
      streams.push(stream);
      sockets.set(result, stream);
    } else if (name === 'close' && begins) {
      sockets.delete(fd);
    } else if (name === 'fdatasync' && fd === journal) {
      if (begins) syncing.set(thread, written);
      if (ends && result === 0) durable = Math.max(durable, syncing.get(thread) ?? 0);
    } else if (fd === journal && ends && /^p?write/.test(name)) {
      written += Math.max(0, result);
    } else if (begins && /^(write|send)/.test(name)) {
      sockets.get(fd)?.pieces.push({ bytes: decode(args).subarray(0, ends ? result : undefined), durable });
    }
  }
  return streams.map(judgeStream).reduce((sum, one) => ({
    replies: sum.replies + one.replies,
    early: sum.early + one.early,
  }));
}

function judgeStream({ pieces }: Stream): TraceFigures {
  let length = 0;
  let durableAtStart = Number.POSITIVE_INFINITY;
  const figures: TraceFigures = { replies: 0, early: 0 };
  for (const { bytes, durable } of pieces) {
    for (const byte of bytes) {
      if (byte !== LF) {
        length += 1;
        durableAtStart = Math.min(durableAtStart, durable);
      } else {
        figures.replies += 1;
        if (length > durableAtStart) figures.early += 1;
        length = 0;
        durableAtStart = Number.POSITIVE_INFINITY;
      }
    }
  }
  return figures;
}

/** The lines of `strace -f`: whole calls, and calls in two halves with other threads' lines between them. */
function* systemCalls(trace: string): Generator<SystemCall> {
  const unfinished = new Map<string, { name: string; args: string }>();
  for (const entry of trace.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(entry) ?? [];
    const resumed = /^<\.\.\. (\w+) resumed>(.*)= (-?\d+)/.exec(rest);
    const half = /^(\w+)\((.*) <unfinished \.\.\.>$/.exec(rest);
    const whole = /^(\w+)\((.*)\) += (-?\d+)/.exec(rest);
    if (resumed !== null) {
      const { name = '', args = '' } = unfinished.get(thread) ?? {};
      const [, , more = '', result] = resumed;
      yield { thread, name, args: args + more, result: Number(result), begins: false, ends: true };
    } else if (half !== null) {
      const [, name = '', args = ''] = half;
      unfinished.set(thread, { name, args });
      yield { thread, name, args, result: -1, begins: true, ends: false };
    } else if (whole !== null) {
      const [, name = '', args = '', result] = whole;
      yield { thread, name, args, result: Number(result), begins: true, ends: true };
    }
  }
}

/** All strings of a call's arguments, which `strace -xx` writes as \x61\x62, one after the other. */
function decode(args: string): Buffer {
  return Buffer.concat(
    [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) =>
      Buffer.from(hex.replaceAll('\\x', ''), 'hex'),
    ),
  );
}
