// What strcheck says of replies to several clients that one shared string does not explain.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { explainReplies, requireShared } from '../../client/check/explain-replies.js';
import { fingerprint } from '../../shared/linearizability.js';

const EMPTY = Buffer.alloc(0);

/** Replies in the order of their letters: the number of the client, and what it received. */
function said(...received: ReadonlyArray<readonly [client: number, reply: string]>) {
  return received.map(([client, text], index) => {
    const reply = Buffer.from(text);
    return {
      ...{ client: client - 1, name: `client ${client}`, letter: text.slice(-1), sent: 2 * index, reply },
      answer: { at: 2 * index + 1, reply: fingerprint(reply) },
    };
  });
}

function message(check: () => void): string {
  try {
    check();
    return 'passes';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('replies from one string pass', () => {
  const good = said([1, 'a'], [2, 'ab'], [1, 'abc']);
  assert.is(
    message(() => requireShared(good, EMPTY)),
    'passes',
  );
  assert.is(
    message(() => explainReplies(good, EMPTY)),
    'passes',
  );
  assert.is(
    message(() => requireShared(said([1, 'xya'], [2, 'xyab']), Buffer.from('xy'))),
    'passes',
  );
});

test('replies that are sent to all clients', () => {
  for (const text of ['', 'xy'])
    assert.is(
      message(() =>
        requireShared(said([1, `${text}a`], [2, `${text}a${text}ab`], [1, 'unread']), Buffer.from(text)),
      ),
      `client 2: expected only the reply to its letter b, got "${text}a" before "${text}ab": are the replies sent to all clients?`,
    );
});

test('a string for each client', () => {
  assert.is(
    message(() => requireShared(said([1, 'a'], [2, 'b'], [1, 'ac']), EMPTY)),
    'expected the letters of all clients in one string, got client 1 "ac", client 2 "b": has each client a string of its own?',
  );
});

test('letters that are lost, or stand after the letter that is answered', () => {
  const got = (...received: ReadonlyArray<readonly [client: number, reply: string]>) =>
    message(() => explainReplies(said(...received), EMPTY)).replace(
      'expected replies that one shared string explains, got ',
      '',
    );
  assert.is(
    got([1, 'a'], [2, 'ab'], [1, 'ac'], [1, 'acd']),
    '"ab" to client 2 and "acd" to client 1, which differ at letter 2',
  );
  assert.is(
    got([1, 'a'], [2, 'ab'], [1, 'babc']),
    '"b" before the reply "abc" to client 1: a reply ends in the letter that it answers',
  );
  assert.is(got([1, 'a'], [2, 'aab']), 'the a that ends at 2 was never sent');
});

test.run();
