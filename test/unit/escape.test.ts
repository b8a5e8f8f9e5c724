import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { escapeUnprintable, excerpt, visiblePieces } from '../../shared/escape.js';

test('letters of any script, spaces and joined emoji are printed as they are', () => {
  for (const text of ['abc é€', '日本語', 'שלום', '👨‍👩‍👧 ❤️ ☺︎', 'e\u0301'])
    assert.is(escapeUnprintable(text), text);
});

test('control and escape characters are escaped', () => {
  assert.is(escapeUnprintable('\x1b[2J\x07\0\x7f\u009b'), '\\u{1B}[2J\\u{7}\\u{0}\\u{7F}\\u{9B}');
});

test('bidirectional and invisible characters are escaped', () => {
  assert.is(
    escapeUnprintable('a\u202eb\u2066c\u200f\u00ad\ufeff\u{e0041}'),
    'a\\u{202E}b\\u{2066}c\\u{200F}\\u{AD}\\u{FEFF}\\u{E0041}',
  );
});

test('line separators are escaped', () => {
  assert.is(escapeUnprintable('a\nb\u2028c\u2029\u0085'), 'a\\u{A}b\\u{2028}c\\u{2029}\\u{85}');
});

test('every control, format and separator character is escaped', () => {
  const BLOCK = 0x1000;
  for (let first = 0; first < 0x110000; first += BLOCK) {
    const block = Array.from({ length: BLOCK }, (_, nth) => first + nth);
    const letters = block.filter((letter) => letter !== 0x200d && (letter < 0xd800 || letter >= 0xe000));
    const shown = escapeUnprintable(String.fromCodePoint(...letters));
    assert.not(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(shown), shown);
  }
});

test('a long text is escaped in short pieces of whole letters', () => {
  for (const text of [
    '',
    'a',
    '\x07'.repeat(300_000),
    '😀'.repeat(100_000),
    `a${'😀\u202e'.repeat(100_000)}`,
  ]) {
    const pieces = [...visiblePieces(text)];
    assert.ok(pieces.join('') === escapeUnprintable(text));
    for (const piece of pieces) assert.ok(piece.isWellFormed() && piece.length < 1_000_000);
  }
});

test('a message shows the beginning of a long text', () => {
  assert.is(excerpt(''), '');
  assert.is(excerpt('a😀'), 'a😀');
  assert.is(excerpt('😀'.repeat(101)), `${'😀'.repeat(100)}…`);
  assert.is(excerpt(`a${'😀'.repeat(101)}`), `a${'😀'.repeat(100)}…`);
});

test.run();
