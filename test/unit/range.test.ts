import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isHostAllowed } from '../../server/http/host-check.js';
import { entityTag, isEarlierState, parseRange } from '../../server/http/range.js';

test('one range of bytes is understood, whatever its form', () => {
  assert.equal(parseRange('bytes=0-4', 10), { from: 0, to: 5 });
  assert.equal(parseRange('bytes=3-', 10), { from: 3, to: 10 });
  assert.equal(parseRange('bytes=-3', 10), { from: 7, to: 10 });
  assert.equal(parseRange('bytes=-30', 10), { from: 0, to: 10 });
  assert.equal(parseRange('bytes=9-99', 10), { from: 9, to: 10 });
  assert.equal(parseRange(' Bytes = 1 - 1 ', 10), { from: 1, to: 2 });
});

test('a range beyond the end cannot be satisfied', () => {
  for (const header of ['bytes=10-', 'bytes=10-11', 'bytes=-0', `bytes=${'9'.repeat(400)}-`])
    assert.is(parseRange(header, 10), 'unsatisfiable', header);
  assert.is(parseRange('bytes=0-', 0), 'unsatisfiable');
  assert.is(parseRange('bytes=-1', 0), 'unsatisfiable');
});

test('a header that is no single range is ignored', () => {
  for (const header of [
    '',
    'bytes=',
    'bytes=-',
    'bytes=5-4',
    'bytes=0-1,3-4',
    'lines=0-1',
    'bytes=a-b',
    '0-1',
  ])
    assert.is(parseRange(header, 10), 'whole', header);
});

test('the tag of an earlier state of the same text is good for a range, no other', () => {
  assert.ok(isEarlierState(entityTag('id-1', 4), 'id-1', 10));
  assert.ok(isEarlierState(entityTag('id-1', 10), 'id-1', 10));
  assert.not(isEarlierState(entityTag('id-1', 11), 'id-1', 10));
  assert.not(isEarlierState(entityTag('id-2', 4), 'id-1', 10));
  for (const tag of ['', '"id-1"', 'id-1-4', 'W/"id-1-4"', 'Thu, 26 Nov 2026 10:00:00 GMT'])
    assert.not(isEarlierState(tag, 'id-1', 10), tag);
});

test('a Host is answered if it is an address, localhost or one of the names', () => {
  for (const host of [
    '127.0.0.1',
    '127.0.0.1:2001',
    '[::1]:2001',
    'localhost:2001',
    'LOCALHOST',
    'text.lan.',
    undefined,
  ])
    assert.ok(isHostAllowed(host, ['text.lan']), host);
  for (const host of [
    'evil.example',
    'evil.example:2001',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '',
  ])
    assert.not(isHostAllowed(host, ['text.lan']), host);
});

test.run();
