// Lines to a pipe that is full or has no reader: dropped lines are counted, and a notice takes their place.

import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCode } from '../../shared/errors.js';
import { LineWriter } from '../../shared/line-writer.js';

const DEADLINE_MS = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
const fifo = join(folder, 'fifo');
spawnSync('mkfifo', [fifo]);
test.after(() => rmSync(folder, { recursive: true }));

const openReader = () => openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
const openWriter = () => openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);

/** The pipe's content. */
function read(reader: number): string {
  const buffer = Buffer.alloc(1 << 20);
  try {
    return buffer.toString('utf8', 0, readSync(reader, buffer));
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return '';
    throw error;
  }
}

/** The writer's remaining lines. */
async function readAll(writer: LineWriter, reader: number): Promise<string> {
  const flushed = writer.flush(DEADLINE_MS).then(() => true);
  let all = '';
  for (let done = false; !done; ) {
    done = await Promise.race([flushed, nextTurn().then(() => false)]);
    all += read(reader);
  }
  return all;
}

test('lines that cannot be written are dropped, and counted once writing works again', async () => {
  const reader = openReader();
  const fd = openWriter();
  const writer = new LineWriter(() => fd);
  writer.write('before');
  await writer.flush(DEADLINE_MS);
  assert.is(read(reader), 'before\n');
  closeSync(reader);
  for (const line of ['one', 'two', 'three']) {
    writer.write(line);
    await writer.flush(DEADLINE_MS);
  }
  const again = openReader();
  for (const line of ['after', 'that']) writer.write(line);
  await writer.flush(DEADLINE_MS);
  assert.is(read(again), '3 log lines dropped: EPIPE\nafter\nthat\n');
  for (const end of [again, fd]) closeSync(end);
});

test('unread lines wait in a bounded queue; lines beyond it are counted in their place', async () => {
  const reader = openReader();
  const fd = openWriter();
  const writer = new LineWriter(() => fd);
  const lines = Array.from({ length: 3_000 }, (_, i) => `${i} ${'x'.repeat(1_000)}`);
  for (const line of lines) writer.write(line);
  await writer.flush(10);
  assert.is(writer.hung, false);
  const all = readAll(writer, reader);
  const read = (await all).split('\n');
  const dropped = Number(
    /^([\d,]+) log lines dropped: it was not read fast enough$/
      .exec(read.at(-2) ?? '')?.[1]
      ?.replace(',', ''),
  );
  assert.ok(dropped > 1_000 && dropped < 3_000, read.at(-2));
  assert.equal(read, [...lines.slice(0, 3_000 - dropped), read.at(-2), '']);
  writer.write('after');
  await writer.flush(DEADLINE_MS);
  assert.is(await readAll(writer, reader), 'after\n');
  for (const end of [reader, fd]) closeSync(end);
});

test('after a partial line the next one starts on a new line', async () => {
  const reader = openReader();
  const fd = openWriter();
  const writer = new LineWriter(() => fd);
  const long = 'x'.repeat(500_000); // a pipe holds 64 KiB
  writer.write(long);
  while (read(reader) === '') await nextTurn();
  closeSync(reader);
  await writer.flush(DEADLINE_MS);
  const again = openReader();
  writer.write('after');
  const [half = '', notice, ...rest] = (await readAll(writer, again)).split('\n');
  assert.ok(long.startsWith(half));
  assert.equal([notice, ...rest], ['1 log line dropped: EPIPE', 'after', '']);
  for (const end of [again, fd]) closeSync(end);
});

test('a process that exits immediately writes what it can, and the writer is idle afterwards', async () => {
  const reader = openReader();
  const fd = openWriter();
  const writer = new LineWriter(() => fd);
  for (const line of ['first', 'second', 'third']) writer.write(line);
  writer.flushSync();
  const lines = read(reader).split('\n');
  assert.ok(lines.includes('second') && lines.includes('third'), lines.join());
  await writer.flush(DEADLINE_MS);
  for (const end of [reader, fd]) closeSync(end);
});

test.run();
