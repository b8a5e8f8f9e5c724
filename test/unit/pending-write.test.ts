// What the models that call sendmsg(2) send: in what messages, and what a send that takes only part of one leaves over.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Session } from '../../server/core/session.js';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer, HEADER_BYTES } from '../../server/core/text-buffer.js';
import { PendingWrite, ReplyGatherer } from '../../server/models/pending-write.js';
import { addressOf, type Message } from '../../shared/libc/sockets.js';

const KIB = 1024;
const QUANTUM = 512 * KIB;

function textOf(length: number): Text {
  const text = new Text(allocateTextBuffer(KIB * KIB));
  for (let letters = 0; letters < length; letters += 1) text.append(0x61);
  return text;
}

/** The parts of a message, which lie in a text's memory. */
function parts(message: Message, text: Text): string[] {
  const start = addressOf(new Uint8Array(text.memory)) + HEADER_BYTES;
  const rest = message.rest(0);
  return Array.from({ length: message.count }, (_, i) => {
    const from = (rest[2 * i] as number) - start;
    return Buffer.from(text.view(from, from + (rest[2 * i + 1] as number))).toString();
  });
}

/** The messages for what a client sends, each as its parts. */
function messages(text: Text, sent: string, quantum: number, separate = false): string[][] {
  const session = new Session(text);
  session.receive(Buffer.from(sent));
  const output = new PendingWrite(session, new ReplyGatherer(text, separate));
  const all: string[][] = [];
  for (let message = output.next(quantum); message; message = output.next(quantum)) {
    all.push(parts(message, text));
    output.consume(message.length);
  }
  assert.is(output.wants, 'input');
  return all;
}

for (const most of [1, 2, 3, 100]) {
  test(`the rest of a partial send comes first in the next one, with at most ${most} bytes per send`, () => {
    const text = textOf(0);
    const [session, other] = [new Session(text), new Session(text)];
    const gatherer = new ReplyGatherer(text, false);
    const [output, another] = [new PendingWrite(session, gatherer), new PendingWrite(other, gatherer)];
    session.receive(Buffer.from('ab\ncde'));
    let sent = '';
    for (let message = output.next(QUANTUM); message; message = output.next(QUANTUM)) {
      const taken = Math.min(most, message.length);
      sent += parts(message, text).join('').slice(0, taken);
      output.consume(taken);
      assert.is(output.wants, sent.length < 16 ? 'output' : 'input');
      other.receive(Buffer.from('\n'));
      another.consume(another.next(QUANTUM)?.length ?? 0); // another client's turn
    }
    assert.is(sent, 'aab\nabcabcdabcde');
  });
}

test('a send that takes nothing changes nothing', () => {
  const text = textOf(0);
  const session = new Session(text);
  const output = new PendingWrite(session, new ReplyGatherer(text, false));
  session.receive(Buffer.from('ab'));
  output.consume(output.next(QUANTUM) === undefined ? 0 : -1);
  assert.is(output.wants, 'output');
  const message = output.next(QUANTUM);
  assert.equal(message && parts(message, text), ['a', 'ab']);
});

test('a reply and its LF leave in one message, however long the reply is', () => {
  assert.equal(messages(textOf(0), 'a\nb\n', QUANTUM), [['a', '\n', 'ab', '\n']]);
  const long = `${'a'.repeat(100 * KIB)}b`;
  assert.equal(messages(textOf(100 * KIB), 'b\nc', 32 * KIB), [[long, '\n'], [`${long}c`]]);
});

test('a part has at most 512 KiB, a message 64 parts', () => {
  const lengths = messages(textOf(600 * KIB), 'b\n', 32 * KIB).map((each) =>
    each.map(({ length }) => length),
  );
  assert.equal(lengths, [[512 * KIB, 88 * KIB + 1], [1]]);
  assert.equal(
    messages(textOf(0), '\n'.repeat(200), QUANTUM).map(({ length }) => length),
    [64, 64, 64, 8],
  );
});

test('with Nagle’s algorithm a reply and its LF are two messages', () => {
  assert.equal(messages(textOf(0), 'a\nb\n', QUANTUM, true), [['a'], ['\n'], ['ab'], ['\n']]);
});

test.run();
