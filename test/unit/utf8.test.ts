import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode, encodedLength, INCOMPLETE, isControl, lastLetter, Utf8Decoder } from '../../shared/utf8.js';
import { anyLetter } from '../support/letters.js';

/** 1 to 4 bytes a letter, the borders of each length, a byte order mark, a joined emoji. */
const MIXED = 'aé€😀\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}\ufeff👨‍👩‍👧z';

function decodeAll(chunks: Uint8Array[]): string {
  const decoder = new Utf8Decoder();
  let text = '';
  for (const chunk of chunks) {
    decoder.feed(chunk);
    for (let letter = decoder.next(); letter !== INCOMPLETE; letter = decoder.next()) {
      text += String.fromCodePoint(letter);
    }
  }
  return text;
}

/** The platform's decoder as reference. Its stream is not ended, because an incomplete letter is not decoded. */
function platform(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true });
}

test('a text is decoded whole at every chunk boundary', () => {
  const bytes = Buffer.from(MIXED);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    assert.is(decodeAll([bytes.subarray(0, cut), bytes.subarray(cut)]), MIXED);
  }
});

test('a text is decoded whole byte by byte', () => {
  assert.is(decodeAll([...Buffer.from(MIXED)].map((byte) => Uint8Array.of(byte))), MIXED);
});

test('every byte pair, and every lead byte with boundary continuations, decodes as WHATWG specifies', () => {
  const borders = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf4, 0xff];
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const check = (sequence: readonly number[]) => {
    const input = Uint8Array.from(sequence);
    assert.is(decodeAll([input]), platform(input));
  };
  for (const first of bytes) {
    check(bytes.flatMap((second) => [first, second, 0x41]));
    if (first < 0xbf) continue; // below, no byte begins a letter of several bytes
    for (const second of bytes) check([first, second]); // the end of the input
    for (const second of borders) {
      const fours = (third: number) => borders.flatMap((fourth) => [first, second, third, fourth, 0x41]);
      check(borders.flatMap(fours));
      for (const third of borders) check([first, second, third]);
    }
  }
});

test('any bytes in any chunks decode as WHATWG specifies', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 12 }), (chunks) => {
      assert.is(decodeAll(chunks), platform(Buffer.concat(chunks)));
    }),
    { numRuns: 2_000 },
  );
});

test('a letter encodes as the platform encodes it', () => {
  fc.assert(
    fc.property(anyLetter, (letter) => {
      const codePoint = letter.codePointAt(0) ?? 0;
      const bytes = new Uint8Array(encodedLength(codePoint));
      encode(codePoint, bytes, 0);
      assert.equal(Buffer.from(bytes), Buffer.from(letter));
      assert.is(lastLetter(Buffer.from(`x${letter}`)), letter);
    }),
  );
});

test('unread bytes are counted, survive the reuse of their chunk, and can be discarded', () => {
  const decoder = new Utf8Decoder();
  const chunk = Buffer.from('ab€');
  decoder.feed(chunk);
  assert.is(decoder.next(), 0x61);
  assert.is(decoder.unread, 4);
  decoder.hold();
  chunk.fill(0);
  assert.is(decoder.next(), 0x62);
  decoder.discard();
  assert.is(decoder.unread, 0);
  assert.is(decoder.next(), INCOMPLETE);
});

test('an incomplete letter is reported, and discarded on request', () => {
  const decoder = new Utf8Decoder();
  decoder.feed(Buffer.from('😀').subarray(0, 3));
  assert.is(decoder.next(), INCOMPLETE);
  assert.ok(decoder.midLetter);
  decoder.discard();
  assert.not(decoder.midLetter);
  decoder.feed(Buffer.from('a'));
  assert.is(decoder.next(), 0x61);
});

test('control characters are exactly those of category Cc', () => {
  for (let letter = 0; letter < 0x3000; letter += 1) {
    assert.is(isControl(letter), /\p{Cc}/u.test(String.fromCodePoint(letter)), `U+${letter.toString(16)}`);
  }
});

test.run();
