// What clients saw, and whether one shared text explains all of it. A history is a list of letters sent, each with the
// time it was sent, the time its reply was there, and what the reply was; with the final text it is checked against the
// promises of the server. I1 to I7 together hold if and only if the history is linearizable: the server behaved as if
// each letter had been appended at one instant between sending and reply. I8 is about the replies alone: they come in the
// order of their letters. Nothing here does I/O or reads a clock.

import { lastLetter } from './utf8.js';

/** A reply, small enough to keep a million of them. */
export interface Fingerprint {
  /** In bytes: the place of the letter that it answers. */
  readonly length: number;
  readonly hash: number;
  readonly last: string;
}

export interface Operation {
  readonly client: number;
  readonly letter: string;
  /** When it was sent, by any clock that is the same for all. */
  readonly sent: number;
  /** When its reply was there, and the reply. Without: not known, so it may be in the text once, or not. */
  readonly answer?: { readonly at: number; readonly reply: Fingerprint };
}

export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I7' | 'I8';
  readonly what: string;
}

type Answered = Operation & Required<Pick<Operation, 'answer'>>;

const FIRST_HASH = 17;

/** @param reply UTF-8, not empty */
export function fingerprint(reply: Uint8Array): Fingerprint {
  let hash = FIRST_HASH;
  for (const byte of reply) hash = hashOn(hash, byte);
  return { length: reply.length, hash, last: lastLetter(reply) };
}

/** The hash of each prefix of a text, by its length: for whoever knows already that a reply is such a prefix. */
export function prefixHashes(text: Uint8Array): Int32Array {
  const hashes = new Int32Array(text.length + 1);
  hashes[0] = FIRST_HASH;
  for (const [at, byte] of text.entries()) hashes[at + 1] = hashOn(hashes[at] as number, byte);
  return hashes;
}

/**
 * Checks a history against the final text.
 * @param history the letters of each client in the order in which it sent them; clients in any order
 * @param text UTF-8
 * @returns the first promise that is found broken; undefined when all hold
 */
export function checkHistory(history: readonly Operation[], text: Uint8Array): Violation | undefined {
  const answered = history.filter((operation): operation is Answered => operation.answer !== undefined);
  return (
    ownLetters(answered) ??
    prefixes(answered, text) ??
    uniquePlaces(answered) ??
    sessionOrder(answered) ??
    realTime(answered) ??
    noInventions(history, answered, text) ??
    growing(answered)
  );
}

/** I1: a reply ends in the letter that it answers. */
function ownLetters(answered: readonly Answered[]): Violation | undefined {
  const wrong = answered.find(({ letter, answer }) => answer.reply.last !== letter);
  return wrong && violation('I1', wrong, `was answered with a text that ends in ${wrong.answer.reply.last}`);
}

/** I2: a reply is a prefix of the final text; with I1, so is I6: no answered letter is lost. */
function prefixes(answered: readonly Answered[], text: Uint8Array): Violation | undefined {
  const hashes = prefixHashes(text);
  const wrong = answered.find(({ answer }) => hashes[answer.reply.length] !== answer.reply.hash);
  return wrong && violation('I2', wrong, 'was answered with what is no prefix of the final text');
}

/** I3: no two answered letters have the same place. */
function uniquePlaces(answered: readonly Answered[]): Violation | undefined {
  const places = new Set<number>();
  for (const operation of answered) {
    const { length } = operation.answer.reply;
    if (places.has(length)) return violation('I3', operation, 'has the place of another letter');
    places.add(length);
  }
  return undefined;
}

/** I4: on one connection, a later letter has a later place. */
function sessionOrder(answered: readonly Answered[]): Violation | undefined {
  const last = new Map<number, number>();
  for (const operation of answered) {
    const { length } = operation.answer.reply;
    if (length <= (last.get(operation.client) ?? 0))
      return violation('I4', operation, 'stands before an earlier one');
    last.set(operation.client, length);
  }
  return undefined;
}

/** I5: a letter sent after the reply to another was there stands behind it. */
function realTime(answered: readonly Answered[]): Violation | undefined {
  const bySending = [...answered].sort((one, other) => one.sent - other.sent);
  const byAnswer = [...answered].sort((one, other) => one.answer.at - other.answer.at);
  let [done, longest] = [0, 0];
  for (const operation of bySending) {
    for (
      let next = byAnswer[done];
      next !== undefined && next.answer.at < operation.sent;
      next = byAnswer[done]
    ) {
      longest = Math.max(longest, next.answer.reply.length);
      done += 1;
    }
    if (operation.answer.reply.length < longest)
      return violation('I5', operation, 'stands before one answered earlier');
  }
  return undefined;
}

/**
 * I7: every letter in the text that no answer claims is a letter that somebody sent, not answered, and sent early
 * enough: before the reply to anything behind it was there. For each letter value, the earlier place goes to the one
 * sent earlier; if that fails, everything fails.
 */
function noInventions(
  history: readonly Operation[],
  answered: readonly Answered[],
  text: Uint8Array,
): Violation | undefined {
  const claimed = new Map(answered.map(({ answer }) => [answer.reply.length, answer.at]));
  const waiting = new Map<string, number[]>();
  for (const { letter, sent, answer } of history) {
    if (answer !== undefined) continue;
    const times = waiting.get(letter) ?? [];
    waiting.set(letter, times);
    times.push(sent);
  }
  for (const times of waiting.values()) times.sort((one, other) => other - one); // the earliest comes last

  // From the end: for each unclaimed place, when the first reply to something behind it was there.
  const unclaimed: Array<{ letter: string; end: number; before: number }> = [];
  const letters = [...Buffer.from(text).toString()];
  let end = text.length;
  let before = Number.POSITIVE_INFINITY;
  for (const letter of letters.reverse()) {
    const answeredAt = claimed.get(end);
    if (answeredAt === undefined) unclaimed.push({ letter, end, before });
    else before = Math.min(before, answeredAt);
    end -= Buffer.byteLength(letter);
  }
  for (const { letter, end: place, before: latest } of unclaimed.reverse()) {
    const sent = waiting.get(letter)?.pop();
    if (sent === undefined)
      return { invariant: 'I7', what: `nobody sent the ${letter} that ends at ${place}` };
    if (sent > latest)
      return { invariant: 'I7', what: `the ${letter} that ends at ${place} was sent too late` };
  }
  return undefined;
}

/** I8: what one client sees never shrinks. With I4, that is: its replies come in the order of its letters. */
function growing(answered: readonly Answered[]): Violation | undefined {
  const last = new Map<number, number>();
  for (const operation of answered) {
    const { at } = operation.answer;
    if (at < (last.get(operation.client) ?? at))
      return violation('I8', operation, 'was answered before an earlier one');
    last.set(operation.client, at);
  }
  return undefined;
}

function violation(
  invariant: Violation['invariant'],
  { client, letter }: Operation,
  what: string,
): Violation {
  return { invariant, what: `${letter} of client ${client} ${what}` };
}

/** FNV-1a on 32 bits. */
function hashOn(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 16_777_619);
}
