// Crash consistency of the journal: servers that are killed at random times, random states in which a power failure can
// leave the file, and the order of system calls under strace. `make test` runs a few of each, `make soak` many.

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
import { recordClient } from './recording-client.js';
import { withStrsvr } from './servers.js';

const CLIENTS = 8;
const LF = 0x0a;

// --- kill -9 ---

export interface KillFigures {
  readonly cycles: number;
  readonly answered: number;
  /** The invariant that the final text violates. */
  readonly broken: string | undefined;
}

/**
 * Kills a server with 8 clients and restarts it, `cycles` times, then checks the history. Each kill follows a number of
 * sent letters, not a time; in every third cycle it comes before most clients have a reply.
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
      return letterOf(letters); // each letter is sent once
    };
    await withStrsvr(['0', '--journal', file, '--log', 'silent'], async (server, address) => {
      const clients = Array.from({ length: CLIENTS }, (_, i) =>
        recordClient(address, cycle * CLIENTS + i, { letter }),
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

// --- power failure ---

const PAGE = 4096;
/** One image in AS_FILE is recovered from a file, the others in memory. */
const AS_FILE = 40;

export interface ImageFigures {
  images: number;
  /** Images from which an answered letter was not recovered. */
  lost: number;
  /** Images from which a letter was recovered that no client had sent. */
  invented: number;
  /** Images that recovery rejected. */
  rejected: number;
}

/**
 * Images of a file that is synced up to a random offset, while a group is being written: a random length of the group is
 * in the file, and random pages of it are zeros.
 */
export async function powerCutImages(images: number, folder: string): Promise<ImageFigures> {
  const figures: ImageFigures = { images, lost: 0, invented: 0, rejected: 0 };
  for (let i = 0; i < images; i += 1) {
    const { whole, durable, image } = powerCut();
    try {
      const found = i % AS_FILE === 0 ? await recoverFile(image, folder) : recoverBytes(image);
      if (found.length < durable) figures.lost += 1;
      if (!whole.subarray(0, found.length).equals(found)) figures.invented += 1;
    } catch {
      figures.rejected += 1;
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

/** Recovers a journal file with these bytes. @returns the file's content afterwards */
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

/** Runs a server with 8 clients under strace and checks the trace. The file must exist. */
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
  return checkTrace(fs.readFileSync(trace, 'utf8'), file);
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

/** What was sent to one client, and the durable length when each write began. */
interface Stream {
  readonly pieces: Array<{ readonly bytes: Buffer; readonly durable: number }>;
}

interface SystemCall {
  readonly thread: string;
  readonly name: string;
  readonly args: string;
  readonly result: number;
  /** Whether this line has the begin or the end of the call; an uninterrupted call has both in one line. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/** Follows the journal's bytes through write and fdatasync, and the replies' bytes to the sockets. */
function checkTrace(trace: string, file: string): TraceFigures {
  const streams: Stream[] = [];
  const sockets = new Map<number, Stream>();
  /** By thread: the length that will be durable after a running fdatasync. */
  const syncing = new Map<string, number>();
  let journal = -1;
  let written = 0;
  let durable = 0;
  for (const { thread, name, args, result, begins, ends } of systemCalls(trace)) {
    const fd = Number.parseInt(args, 10);
    if (name === 'openat' && ends && result >= 0 && decode(args).toString().includes(file)) {
      journal = result;
      written = 3; // the length of the file at the start
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
  return streams.map(checkStream).reduce((sum, one) => ({
    replies: sum.replies + one.replies,
    early: sum.early + one.early,
  }));
}

function checkStream({ pieces }: Stream): TraceFigures {
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

/** The lines of `strace -f`: whole calls, and calls split by other threads' lines (unfinished, resumed). */
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
