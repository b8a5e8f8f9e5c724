// Text for a terminal.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatTable, wrap } from '../../shared/table.js';

test('columns are as wide as their widest cells; numbers are aligned right', () => {
  const rows = [
    ['server', 'letters/s'],
    ['C', '7'],
  ];
  assert.equal(
    formatTable(rows, (column) => column === 1),
    ['server  letters/s', 'C               7'],
  );
  assert.equal(formatTable([]), []);
});

test('a line is cut between words, and later rows are indented', () => {
  assert.equal(wrap('> one two three', 80), ['> one two three']);
  assert.equal(wrap('> one two three', 9, '  '), ['> one two', '  three']);
  assert.equal(wrap('', 5), ['']);
});

test('a word that is longer than a row is cut', () => {
  assert.equal(wrap('abcdefgh', 5), ['abcde', 'fgh']);
  assert.equal(wrap('> abcdefgh', 5, '  '), ['> abc', '  def', '  gh']);
});

test.run();
