// What `events` writes: in what pieces, in which order of clients.

import { Writable } from 'node:stream';
import { setImmediate as loopOnce } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Session } from '../../server/core/session.js';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { WriteScheduler, writeQuantum } from '../../server/limits/write-scheduler.js';
import { ReplyCoalescer } from '../../server/models/reply-coalescer.js';
import { prng } from '../../shared/prng.js';
import { ByteSession } from '../support/byte-session.js';

const KIB = 1024;

function textOf(length: number): Text {
  const text = new Text(allocateTextBuffer(KIB * KIB));
  for (let letters = 0; letters < length; letters += 1) text.append(0x61);
  return text;
}

/** The output for what a client sends: the lengths of the pieces, and all of them together. */
function pieces(text: Text, sent: string, disabled = false): [lengths: number[], together: string] {
  const [session, gather] = [new Session(text), new ReplyCoalescer(text, disabled)];
  session.receive(Buffer.from(sent));
  const lengths: number[] = [];
  let together = '';
  for (let piece = gather.next(session); piece !== undefined; piece = gather.next(session)) {
    lengths.push(piece.length);
    together += Buffer.from(piece).toString();
  }
  return [lengths, together];
}

test('the quantum shrinks with the number of clients; a piece of a long reply is at most the largest quantum', () => {
  const round = (clients: number) => clients * writeQuantum(clients);
  assert.equal([1, 10, 64].map(writeQuantum), Array(3).fill(512 * KIB));
  assert.ok([100, 500, 1_000].every((clients) => round(clients) <= 32 * KIB * KIB));
  assert.is(writeQuantum(10_000), 32 * KIB);
  assert.equal(pieces(textOf(700 * KIB), 'a')[0], [512 * KIB, 188 * KIB + 1]);
});

test('turns are taken in order, four per tick; other events are handled in between', async () => {
  const taken: number[] = [];
  const turns = new WriteScheduler<number>((client) => taken.push(client));
  for (let client = 0; client < 20; client += 1) turns.add(client);
  turns.delete(5);
  const rows: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    await loopOnce();
    rows.push(taken.length);
  }
  assert.equal(rows, [4, 8, 12, 16, 19]);
  assert.equal(
    taken,
    Array.from({ length: 20 }, (_, client) => client).filter((client) => client !== 5),
  );
});

test('short replies and their LFs are coalesced into one write', () => {
  assert.equal(pieces(textOf(0), 'a\nb\nc\n'), [[9], 'a\nab\nabc\n']);
});

test('writes of short replies stay below 32 KiB, and no byte is lost at their boundaries', () => {
  const [lengths, together] = pieces(textOf(KIB), 'b'.repeat(100));
  assert.equal(lengths.slice(0, -1), [32 * KIB, 32 * KIB, 32 * KIB]);
  const replies = Array.from({ length: 100 }, (_, i) => 'a'.repeat(KIB) + 'b'.repeat(i + 1));
  assert.is(together, replies.join(''));
});

test('a long reply is written without a copy, at most 512 KiB at a time, then its LF', () => {
  const [lengths, together] = pieces(textOf(600 * KIB), 'b\n');
  assert.equal(lengths, [512 * KIB, 88 * KIB + 1, 1]);
  assert.is(together, `${'a'.repeat(600 * KIB)}b\n`);
});

test('with Nagle’s algorithm a reply and its LF are two writes', () => {
  assert.equal(pieces(textOf(0), 'a\nb\n', true), [[1, 1, 2, 1], 'a\nab\n']);
});

test('each output is right, whatever the outputs before it have left in the buffer', () => {
  const random = prng(7);
  const [text, other] = [textOf(32 * KIB - 300), textOf(32 * KIB - 300)];
  const gather = new ReplyCoalescer(text, false);
  const clients = Array.from({ length: 4 }, () => [new Session(text), new ByteSession(other)] as const);
  for (let turn = 0; turn < 600; turn += 1) {
    const [session, expected] = clients[random.below(clients.length)] as (typeof clients)[number];
    const chunk = Buffer.from(random.oneOf(['a', 'b\n', '\n', 'cd', '\ne', 'é\nf']));
    if (session.wants === 'input') for (const each of [session, expected]) each.receive(chunk);
    if (random.below(3) === 0) continue; // the others go on
    const [output, plain] = [[] as Buffer[], [] as Buffer[]];
    for (let piece = gather.next(session); piece; piece = gather.next(session))
      output.push(Buffer.from(piece));
    for (let piece = expected.nextOutput(KIB); piece; piece = expected.nextOutput(KIB))
      plain.push(Buffer.from(piece));
    assert.ok(Buffer.concat(output).equals(Buffer.concat(plain)), `turn ${turn}`);
  }
});

test('an output that the socket has not taken is not overwritten by the next', () => {
  const text = textOf(0);
  const gather = new ReplyCoalescer(text, false);
  const [one, other] = [new Session(text), new Session(text)];
  one.receive(Buffer.from('a\n'));
  other.receive(Buffer.from('x\n'));
  const written: Buffer[] = [];
  const full = new Writable({ write: (chunk) => void written.push(chunk) });
  assert.equal([gather.write(one, full), gather.write(one, full)], [2, 0]);
  gather.next(other);
  assert.is(String(written), 'a\n');
});

test.run();
