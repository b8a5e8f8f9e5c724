import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Places } from '../../server/cluster/places.js';
import { SharedText, TamperedError } from '../../server/cluster/shared-text.js';
import { FULL } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { prng } from '../../shared/prng.js';
import { ByteSession } from '../support/byte-session.js';

const [OWN, OTHER] = ['own', 'other'];

function newText(maxLength = 1_000): SharedText {
  return new SharedText(allocateTextBuffer(maxLength), OWN);
}

/** Letters that another server's clients have sent. */
function accept(text: SharedText, from: number, letters: string, server = OTHER): void {
  text.accept({ server, from, letters: Buffer.from(letters) });
}

/** What this server's next group is comes back. */
function comeBack(text: SharedText, maxBytes = 1_000): void {
  const group = text.nextGroup(maxBytes);
  assert.ok(group);
  text.accept(group);
}

function type(text: SharedText, letters: string): number[] {
  return [...letters].map((letter) => text.append(letter.codePointAt(0) ?? 0));
}

function contents(text: SharedText): string {
  return Buffer.from(text.view(0, text.length)).toString();
}

test('an own letter is in the text, and has its offset there, when its group has come back', () => {
  const text = newText();
  const [a = 0, b = 0] = type(text, 'ab');
  assert.is(contents(text), '');
  assert.is(text.settled, 0);
  accept(text, 0, 'xyz');
  comeBack(text);
  assert.is(contents(text), 'xyzab');
  assert.is(text.settled, b);
  assert.equal([text.offsetOf(a), text.offsetOf(b)], [4, 5]);
});

test('letters that come while a group is under way are the next group', () => {
  const text = newText();
  type(text, 'a');
  const first = text.nextGroup(1_000);
  type(text, 'é');
  assert.is(Buffer.from(first?.letters ?? []).toString(), 'a');
  comeBack(text, 1);
  assert.equal(text.nextGroup(1_000), { server: OWN, from: 1, letters: Buffer.from('é') });
  comeBack(text);
  assert.is(text.nextGroup(1_000), undefined);
});

test('a group has whole letters alone', () => {
  const text = newText();
  type(text, 'aé€😀');
  for (const [max, expected] of Object.entries({
    1: 'a',
    2: 'a',
    3: 'aé',
    5: 'aé',
    6: 'aé€',
    9: 'aé€',
    10: 'aé€😀',
  })) {
    assert.is(Buffer.from(text.nextGroup(Number(max))?.letters ?? []).toString(), expected);
  }
});

test('the outbox grows', () => {
  const text = newText(100_000);
  type(text, 'é'.repeat(10_000));
  comeBack(text, 7_000);
  type(text, 'a'.repeat(10_000));
  while (text.pending.length > 0) comeBack(text, 7_001);
  assert.is(contents(text), 'é'.repeat(10_000) + 'a'.repeat(10_000));
});

test('the log sees a pending letter before and after its group has come back', () => {
  const text = newText(6);
  const [a = 0, euro = 0] = type(text, 'a€');
  assert.equal([text.letterAt(0), text.letterAt(a), text.letterAt(euro)], ['\n', 'a', '€']);
  accept(text, 0, 'xyz');
  comeBack(text);
  assert.equal([text.letterAt(a), text.letterAt(euro)], ['a', '']);
});

test('a letter that cannot fit is rejected at once: agreed and own pending letters count', () => {
  const text = newText(4);
  accept(text, 0, 'x');
  assert.equal(type(text, 'é'), [2]);
  assert.equal(type(text, 'é'), [FULL]);
  assert.equal(type(text, 'a'), [3]);
});

test('a letter whose room others have taken has no offset, and the text of every server ends before it', () => {
  const text = newText(5);
  const offsets = type(text, 'a€b');
  accept(text, 0, 'xy');
  comeBack(text);
  assert.is(contents(text), 'xya');
  assert.equal(
    offsets.map((own) => text.offsetOf(own)),
    [3, FULL, FULL],
  );
  accept(text, 2, 'z');
  assert.is(contents(text), 'xya', 'also for letters that would fit');
  assert.equal(type(text, 'c'), [FULL]);
});

test('a session whose letter got no room answers those before it and closes as full', () => {
  const text = newText(4);
  const durability = {
    rejection: undefined,
    get durableLength() {
      return text.settled;
    },
  };
  const session = new ByteSession(text, durability);
  session.receive(Buffer.from('ab\ncd'));
  assert.is(session.wants, 'durability');
  accept(text, 0, 'x');
  comeBack(text);
  const output: string[] = [];
  for (let bytes = session.nextOutput(100); bytes !== undefined; bytes = session.nextOutput(100)) {
    output.push(Buffer.from(bytes).toString());
  }
  assert.equal(output, ['xa', 'xab', '\n', 'xabc']);
  assert.is(session.closing, 'full');
  assert.is(session.letters, 3);
});

test("letters that do not continue their server's stream are noticed", () => {
  const text = newText();
  accept(text, 0, 'ab');
  for (const from of [0, 1, 3]) {
    assert.throws(
      () => accept(text, from, 'c'),
      (error: unknown) => error instanceof TamperedError,
    );
  }
  accept(text, 2, 'c');
  assert.is(contents(text), 'abc');
});

test('places: every own letter is found, however groups of others lie between', () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const { below } = prng(seed);
    const places = new Places();
    const expected = new Map<number, number>([[0, 0]]);
    let [own, others] = [0, 0];
    for (let groups = 0; groups < 200; groups += 1) {
      if (below(2) === 0) others += 1 + below(5);
      const length = 1 + below(5);
      for (let at = 1; at <= length; at += 1) expected.set(own + at, own + others + at);
      own += length;
      places.add(own, own + others);
    }
    for (const [letter, offset] of expected) assert.is(places.offsetOf(letter), offset, `seed ${seed}`);
    assert.is(places.offsetOf(own + 1), FULL);
  }
});

test.run();
