import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkHistory,
  fingerprint,
  type Invariant,
  type Operation,
  violations,
} from '../../shared/linearizability.js';
import { prng } from '../../shared/prng.js';

/** A letter with its reply; times are given as sent and answered. */
function answered(client: number, sent: number, at: number, reply: string): Operation {
  const letter = [...reply].at(-1) ?? '';
  return { client, letter, sent, answer: { at, reply: fingerprint(Buffer.from(reply)) } };
}

function unanswered(client: number, sent: number, letter: string): Operation {
  return { client, letter, sent };
}

function verdict(text: string, ...history: Operation[]): Invariant | undefined {
  return checkHistory(history, Buffer.from(text))?.invariant;
}

test('a linearizable history passes, with unanswered letters stored or not', () => {
  const history = [
    answered(1, 0, 1, 'a'),
    answered(2, 2, 3, 'aé'),
    unanswered(1, 2, 'c'),
    unanswered(2, 4, 'd'),
  ];
  for (const text of ['aé', 'aéc', 'aéd', 'aédc']) assert.is(verdict(text, ...history), undefined, text);
});

test('each violation is named', () => {
  const wrongLetter = { ...answered(1, 0, 1, 'ab'), letter: 'x' };
  assert.is(verdict('ab', wrongLetter, unanswered(2, 0, 'a')), 'I1');
  assert.is(verdict('ba', answered(1, 0, 1, 'ab'), answered(2, 0, 1, 'a')), 'I2');
  assert.is(verdict('a', answered(1, 0, 1, 'a'), answered(2, 0, 1, 'ab')), 'I2', 'a letter is lost');
  assert.is(verdict('a', answered(1, 0, 1, 'a'), answered(2, 0, 1, 'a')), 'I3');
  assert.is(verdict('aa', answered(1, 0, 9, 'aa'), answered(1, 1, 9, 'a')), 'I4');
  assert.is(verdict('ab', answered(1, 0, 1, 'ab'), answered(2, 2, 3, 'a')), 'I5');
  assert.is(verdict('ab', answered(1, 0, 1, 'a')), 'I7', 'no client sent b');
  assert.is(verdict('abb', answered(1, 0, 1, 'a'), unanswered(2, 0, 'b')), 'I7', 'b is there twice');
  assert.is(
    verdict('ba', answered(1, 0, 1, 'ba'), unanswered(2, 2, 'b')),
    'I7',
    'b was sent after a was answered',
  );
  assert.is(verdict('ab', answered(1, 0, 5, 'a'), answered(1, 1, 4, 'ab')), 'I8', 'a client saw ab, then a');
  assert.is(
    verdict('ab', unanswered(1, 0, 'b'), answered(1, 1, 4, 'a')),
    'I8',
    'the first reply was skipped',
  );
  assert.is(verdict('ab', answered(1, 0, 5, 'a'), answered(1, 1, 5, 'ab')), undefined, 'both came at once');
});

test('all violations are found, each wrong reply once', () => {
  const all = (text: string, ...history: Operation[]) =>
    [...violations(history, Buffer.from(text))].map(({ invariant }) => invariant).join(' ');
  const wrongLetter = { ...answered(2, 2, 3, 'a'), letter: 'b' }; // also no longer than what was seen before it was sent
  assert.is(all('ab', answered(1, 0, 1, 'a'), wrongLetter), 'I1', 'b is in the text');
  assert.is(all('a', answered(1, 0, 1, 'a'), wrongLetter), 'I1 I6', 'b is lost');
  assert.is(all('aa', answered(1, 0, 1, 'a'), answered(1, 2, 3, 'a')), 'I4', 'the second a is in the text');
  assert.is(all('ab', answered(1, 0, 1, 'xa'), answered(2, 0, 1, 'xyb')), 'I2 I2');
  assert.is(all('xax', answered(1, 0, 1, 'xa')), 'I7 I7', 'x was never sent, twice');
  assert.is(all('ba', answered(1, 0, 1, 'ba'), unanswered(2, 2, 'b')), 'I7', 'b was sent too late');
  assert.is(all('abc', unanswered(1, 0, 'a'), answered(1, 1, 4, 'ab'), answered(1, 2, 4, 'abc')), 'I8 I8');
});

test('a violation names the client', () => {
  const wrong = checkHistory([{ ...answered(3, 0, 1, 'b'), letter: 'x' }], Buffer.from('b'));
  assert.is(wrong?.what, 'x of client 3 was answered with a text that ends in b');
});

test('the checker agrees with a brute-force search on 30,000 small histories', () => {
  const verdicts = { good: 0, bad: 0 };
  for (let seed = 1; seed <= 30_000; seed += 1) {
    const { history, text } = smallHistory(seed);
    const good = checkHistory(history, Buffer.from(text)) === undefined;
    assert.is(good, explainable(history, text), `seed ${seed}: ${text} ${JSON.stringify(history)}`);
    verdicts[good ? 'good' : 'bad'] += 1;
  }
  assert.ok(verdicts.good > 10_000 && verdicts.bad > 10_000, JSON.stringify(verdicts));
});

/** Up to five letters of two kinds by up to three clients, sometimes two of a client in flight, mostly almost linearizable. */
function smallHistory(seed: number): { history: Operation[]; text: string } {
  const { below, oneOf } = prng(seed);
  const history: Operation[] = [];
  const instants: Array<{ at: number; operation: number }> = [];
  for (let client = 0; client < 1 + below(3); client += 1) {
    let time = below(4);
    for (let i = 0; i < 1 + below(2) && history.length < 5; i += 1) {
      const end = time + 1 + below(6);
      instants.push({ at: time + below(end - time + 1), operation: history.length });
      const letter = oneOf(['a', 'b']);
      const lost = below(4) === 0;
      history.push(
        lost
          ? { client, letter, sent: time }
          : { client, letter, sent: time, answer: { at: end, reply: fingerprint(Buffer.of(0x61)) } },
      );
      if (lost) break;
      time = below(4) === 0 ? time + 1 : end + 1 + below(2);
    }
  }
  instants.sort((one, other) => one.at - other.at);
  let text = '';
  const letters = instants.filter(
    ({ operation }) => history[operation]?.answer !== undefined || below(2) === 0,
  );
  const replies = new Map<number, string>();
  for (const { operation } of letters) {
    text += history[operation]?.letter ?? '';
    replies.set(operation, text);
  }
  if (below(3) === 0)
    text = oneOf([`${text}a`, text.slice(0, -1), [...text].reverse().join(''), text.replace('a', 'b')]);
  const recorded = history.map((operation, index): Operation => {
    if (operation.answer === undefined) return operation;
    let reply = replies.get(index) ?? 'a';
    if (below(12) === 0)
      reply = oneOf([`${reply}b`, `${reply}${operation.letter}`, `a${reply}`, operation.letter]);
    return { ...operation, answer: { at: operation.answer.at, reply: fingerprint(Buffer.from(reply)) } };
  });
  return { history: recorded, text };
}

/**
 * Whether some order of the answered letters and some of the others, consistent with the times and with the order of each
 * client's letters, explains all replies and the text; and whether no client saw a longer text before a shorter one.
 */
function explainable(history: readonly Operation[], text: string): boolean {
  return !shrinks(history) && hasOrder(history, text);
}

function shrinks(history: readonly Operation[]): boolean {
  return history.some(({ client, answer: early }) =>
    history.some(
      ({ client: same, answer: late }) =>
        client === same && early && late && early.at < late.at && early.reply.length > late.reply.length,
    ),
  );
}

function hasOrder(history: readonly Operation[], text: string): boolean {
  const place = (appended: string, left: readonly Operation[]): boolean => {
    if (appended === text && left.every(({ answer }) => answer === undefined)) return true;
    if (!text.startsWith(appended) || appended.length > text.length) return false;
    const firstAnswer = Math.min(...left.map(({ answer }) => answer?.at ?? Number.POSITIVE_INFINITY));
    return left.some((next) => {
      if (next.sent > firstAnswer) return false; // another was answered before this one was sent
      const longer = appended + next.letter;
      if (next.answer !== undefined) {
        const [first] = left.filter(({ client, answer }) => client === next.client && answer !== undefined);
        if (first !== next) return false; // its client has sent another before
        const { length, hash, last } = next.answer.reply;
        const right = fingerprint(Buffer.from(longer));
        if (length !== right.length || hash !== right.hash || last !== right.last) return false;
      }
      return place(
        longer,
        left.filter((other) => other !== next),
      );
    });
  };
  return place('', history);
}

test.run();
