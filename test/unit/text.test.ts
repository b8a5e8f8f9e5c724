import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withSyntheticLoad } from '../../server/core/synthetic-load.js';
import { FULL, Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { OperationalError } from '../../shared/errors.js';
import { LENGTH_LIMIT } from '../../shared/options.js';
import { anyLetter } from '../support/letters.js';

const A = 0x61;
const EURO = 0x20ac;

test('an offset is the length in bytes just after a letter', () => {
  const text = new Text(allocateTextBuffer(100));
  assert.is(text.append(A), 1);
  assert.is(text.append(EURO), 4);
  assert.is(text.length, 4);
  assert.is(Buffer.from(text.view(0, 4)).toString(), 'a€');
  assert.is(Buffer.from(text.view(1, 4)).toString(), '€');
});

test('the text keeps all letters in order', () => {
  fc.assert(
    fc.property(fc.array(anyLetter), (letters) => {
      const text = new Text(allocateTextBuffer(1000));
      for (const letter of letters) text.append(letter.codePointAt(0) ?? 0);
      assert.is(Buffer.from(text.view(0, text.length)).toString(), letters.join(''));
    }),
  );
});

test('with a synthetic load it holds the same letters, and goes through all its rounds for each', () => {
  let polls = 0;
  const rounds = {
    valueOf: () => {
      polls += 1;
      return 1_000;
    },
  };
  const text = withSyntheticLoad(new Text(allocateTextBuffer(4)), rounds as unknown as number);
  assert.equal(
    [A, EURO, A].map((letter) => text.append(letter)),
    [1, 4, FULL],
  );
  assert.is(Buffer.from(text.view(0, text.length)).toString(), 'a€');
  assert.is(polls, 3 * 1_001); // before each round, and to see that there is none left
});

test('a letter that does not fit is rejected and changes nothing; a shorter one still fits', () => {
  const text = new Text(allocateTextBuffer(3));
  text.append(A);
  assert.is(text.append(EURO), FULL);
  assert.is(text.length, 1);
  text.append(A);
  assert.is(text.append(A), 3);
  assert.is(text.append(A), FULL);
  assert.is(Buffer.from(text.view(0, 3)).toString(), 'aaa');
});

test('the text accepts exactly its maximum length, and earlier views stay unchanged', () => {
  const longest = 200_001;
  const text = new Text(allocateTextBuffer(longest));
  text.append(A);
  const early = text.view(0, 1);
  let appended = 1;
  while (text.append(0x62) !== FULL) appended += 1;
  assert.is(appended, longest);
  assert.is(Buffer.from(early).toString(), 'a');
});

test('memory for a long text is not resident before it is used', () => {
  const before = process.memoryUsage.rss();
  const texts = [false, true].map((shared) => new Text(allocateTextBuffer(LENGTH_LIMIT, shared)));
  for (const text of texts) text.append(A);
  assert.ok(process.memoryUsage.rss() - before < 16 * 1024 * 1024);
});

test('an allocation that the system rejects is an error in one line', () => {
  const message = 'no memory for a text of 140,737,488,355,328 bytes; use a smaller maximum length';
  assert.throws(
    () => allocateTextBuffer(2 ** 47),
    (error: unknown) => error instanceof OperationalError && error.message === message,
  );
});

test('a view is not a copy', () => {
  const text = new Text(allocateTextBuffer(10));
  text.append(A);
  assert.is(text.view(0, 1).buffer, text.view(0, 1).buffer);
});

test('two texts over the same memory are one text', () => {
  const memory = allocateTextBuffer(10);
  const [one, other] = [new Text(memory), new Text(memory)];
  one.append(A);
  assert.is(other.append(EURO), 4);
  assert.is(Buffer.from(one.view(0, one.length)).toString(), 'a€');
});

test.run();
