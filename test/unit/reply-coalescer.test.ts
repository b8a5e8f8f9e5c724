// What is to be sent: in what pieces, and what a send that takes only part of one leaves over.

import { setImmediate as loopOnce } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Session } from '../../server/core/session.js';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { WriteScheduler, writeQuantum } from '../../server/limits/write-scheduler.js';
import { PendingWrite, ReplyCoalescer } from '../../server/models/reply-coalescer.js';

const KIB = 1024;

function sessionAt(length: number): Session {
  const text = new Text(allocateTextBuffer(KIB * KIB));
  for (let letters = 0; letters < length; letters += 1) text.append(0x61);
  return new Session(text);
}

/** The lengths of the pieces, and all of them together. */
function pieces(session: Session, gather: ReplyCoalescer): [lengths: number[], together: string] {
  const lengths: number[] = [];
  let together = '';
  for (let piece = gather.next(session); piece !== undefined; piece = gather.next(session)) {
    lengths.push(piece.length);
    together += Buffer.from(piece).toString();
  }
  return [lengths, together];
}

for (const most of [1, 2, 3, 100]) {
  test(`the rest of a partial write comes first in the next one, with at most ${most} bytes per write`, () => {
    const gather = new ReplyCoalescer(false);
    const session = sessionAt(0);
    const output = new PendingWrite(session, gather);
    session.receive(Buffer.from('ab\ncde'));
    let sent = '';
    for (let bytes = output.next(); bytes !== undefined; bytes = output.next()) {
      const taken = Math.min(most, bytes.length);
      sent += Buffer.from(bytes.subarray(0, taken));
      output.consume(taken);
      const other = sessionAt(0);
      other.receive(Buffer.from('xyz'));
      gather.next(other); // another client's turn
    }
    assert.is(sent, 'aab\nabcabcdabcde');
    assert.is(output.wants, 'input');
  });
}

test('a write that takes nothing changes nothing', () => {
  const session = sessionAt(0);
  const output = new PendingWrite(session, new ReplyCoalescer(false));
  session.receive(Buffer.from('ab'));
  output.consume(output.next() === undefined ? 0 : -1);
  assert.is(output.wants, 'output');
  assert.is(Buffer.from(output.next() ?? []).toString(), 'aab');
});

test('the quantum shrinks with the number of clients; a piece of a long reply is at most the largest quantum', () => {
  const round = (clients: number) => clients * writeQuantum(clients);
  assert.equal([1, 10, 64].map(writeQuantum), Array(3).fill(512 * KIB));
  assert.ok([100, 500, 1_000].every((clients) => round(clients) <= 32 * KIB * KIB));
  assert.is(writeQuantum(10_000), 32 * KIB);
  const session = sessionAt(700 * KIB);
  session.receive(Buffer.from('a'));
  assert.equal(pieces(session, new ReplyCoalescer(false))[0], [512 * KIB, 188 * KIB + 1]);
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
  const session = sessionAt(0);
  session.receive(Buffer.from('a\nb\nc\n'));
  assert.equal(pieces(session, new ReplyCoalescer(false)), [[9], 'a\nab\nabc\n']);
});

test('writes of short replies stay below 32 KiB, and no byte is lost at their boundaries', () => {
  const session = sessionAt(KIB);
  session.receive(Buffer.from('b'.repeat(100)));
  const [lengths, together] = pieces(session, new ReplyCoalescer(false));
  assert.equal(lengths.slice(0, -1), [32 * KIB, 32 * KIB, 32 * KIB]);
  const replies = Array.from({ length: 100 }, (_, i) => 'a'.repeat(KIB) + 'b'.repeat(i + 1));
  assert.is(together, replies.join(''));
});

test('a long reply is written without a copy, at most 512 KiB at a time, then its LF', () => {
  const session = sessionAt(600 * KIB);
  session.receive(Buffer.from('b\n'));
  const [lengths, together] = pieces(session, new ReplyCoalescer(false));
  assert.equal(lengths, [512 * KIB, 88 * KIB + 1, 1]);
  assert.is(together, `${'a'.repeat(600 * KIB)}b\n`);
});

test('with Nagle’s algorithm a reply and its LF are two writes', () => {
  const session = sessionAt(0);
  session.receive(Buffer.from('a\nb\n'));
  assert.equal(pieces(session, new ReplyCoalescer(true)), [[1, 1, 2, 1], 'a\nab\n']);
});

test('a detached piece is not overwritten by the next', () => {
  const gather = new ReplyCoalescer(false);
  const [one, other] = [sessionAt(0), sessionAt(0)];
  one.receive(Buffer.from('a\n'));
  other.receive(Buffer.from('x\n'));
  const piece = gather.next(one) ?? Buffer.of();
  gather.detach();
  gather.next(other);
  assert.is(Buffer.from(piece).toString(), 'a\n');
});

test.run();
