// What clients saw, and whether one shared text explains all of it. A history is a list of letters sent, each with the
// time it was sent, the time its reply was there, and what the reply was; it is checked against the final text. I1 to I7
// together hold if and only if the history is linearizable: the server behaved as if each letter had been appended at one
// instant between sending and reply. I8 is about the replies alone: they come in the order of their letters. Nothing here
// does I/O or reads a clock.

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

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8';

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

type Answered = Operation & Required<Pick<Operation, 'answer'>>;

interface ReplyRule {
  readonly invariant: Invariant;
  /** The operations that break it. */
  readonly broken: (answered: readonly Answered[], text: Uint8Array) => Answered[];
  readonly what: (operation: Answered) => string;
}

const REPLY_RULES: readonly ReplyRule[] = [
  {
    invariant: 'I1',
    broken: wrongLetters,
    what: ({ answer }) => `was answered with a text that ends in ${answer.reply.last}`,
  },
  {
    invariant: 'I2',
    broken: notPrefixes,
    what: () => 'was answered with what is no prefix of the final text',
  },
  { invariant: 'I4', broken: notGrowing, what: () => 'stands before an earlier one of its client' },
  { invariant: 'I5', broken: stale, what: () => 'has a place that was taken before it was sent' },
  { invariant: 'I3', broken: samePlace, what: () => 'has the place of another letter' },
];

const FIRST_HASH = 17;

/** @param reply UTF-8, not empty */
export function fingerprint(reply: Uint8Array): Fingerprint {
  let hash = FIRST_HASH;
  for (const byte of reply) hash = hashOn(hash, byte);
  return { length: reply.length, hash, last: lastLetter(reply) };
}

/** The hash of each prefix of a text, by its length: for replies that are known to be such a prefix. */
export function prefixHashes(text: Uint8Array): Int32Array {
  const hashes = new Int32Array(text.length + 1);
  hashes[0] = FIRST_HASH;
  for (const [at, byte] of text.entries()) hashes[at + 1] = hashOn(hashes[at] as number, byte);
  return hashes;
}

/**
 * Checks a history against the final text; see `violations`.
 * @returns the first violation; undefined when all invariants hold
 */
export function checkHistory(history: readonly Operation[], text: Uint8Array): Violation | undefined {
  return violations(history, text).next().value ?? undefined;
}

/**
 * All that contradicts the final text. A reply is counted once, for the first of I1 to I5 that it breaks, and is not
 * compared with the others after that; its letter may then have any place in the text.
 * @param history the letters of each client in the order in which it sent them; clients in any order
 * @param text UTF-8
 */
export function* violations(history: readonly Operation[], text: Uint8Array): Generator<Violation, void> {
  let valid = history.filter((operation): operation is Answered => operation.answer !== undefined);
  for (const { invariant, broken, what } of REPLY_RULES) {
    const wrong = new Set(broken(valid, text));
    for (const operation of wrong) yield violation(invariant, operation, what(operation));
    if (wrong.size > 0) valid = valid.filter((operation) => !wrong.has(operation));
  }
  yield* misplaced(history, valid, text);
  for (const operation of reordered(history)) {
    yield violation('I8', operation, 'was answered before an earlier one');
  }
}

/** I1: a reply ends in the letter that it answers. */
function wrongLetters(answered: readonly Answered[]): Answered[] {
  return answered.filter(({ letter, answer }) => answer.reply.last !== letter);
}

/** I2: a reply is a prefix of the final text. */
function notPrefixes(answered: readonly Answered[], text: Uint8Array): Answered[] {
  const hashes = prefixHashes(text);
  return answered.filter(({ answer }) => hashes[answer.reply.length] !== answer.reply.hash);
}

/** I3: no two answered letters have the same place. */
function samePlace(answered: readonly Answered[]): Answered[] {
  const places = new Set<number>();
  return answered.filter(({ answer }) => {
    const { length } = answer.reply;
    if (places.has(length)) return true;
    places.add(length);
    return false;
  });
}

/** I4: on one connection, a later letter has a later place. */
function notGrowing(answered: readonly Answered[]): Answered[] {
  const longest = new Map<number, number>();
  return answered.filter(({ client, answer }) => {
    const { length } = answer.reply;
    if (length <= (longest.get(client) ?? 0)) return true;
    longest.set(client, length);
    return false;
  });
}

/** I5: a letter sent after the reply to another was there stands behind it. */
function stale(answered: readonly Answered[]): Answered[] {
  const bySending = [...answered].sort((one, other) => one.sent - other.sent);
  const byAnswer = [...answered].sort((one, other) => one.answer.at - other.answer.at);
  let [next, longest] = [0, 0];
  return bySending.filter(({ sent, answer }) => {
    for (let seen = byAnswer[next]; seen !== undefined && seen.answer.at < sent; seen = byAnswer[next]) {
      longest = Math.max(longest, seen.answer.reply.length);
      next += 1;
    }
    return answer.reply.length <= longest;
  });
}

/**
 * I6: every answered letter is in the text. I7: every place in the text that no valid reply claims has a letter that was
 * sent, not answered, and sent early enough: before the reply to anything behind it was there. For each letter value,
 * the earlier place goes to the one sent earlier; if that fails, everything fails. Letters whose replies were wrong take
 * such places first; then, or after another violation, times are not compared.
 */
function* misplaced(
  history: readonly Operation[],
  valid: readonly Answered[],
  text: Uint8Array,
): Generator<Violation, void> {
  const unplaced = unplacedByLetter(history, valid);
  let exact = valid.length === history.filter(({ answer }) => answer !== undefined).length;
  for (const { letter, end, before } of unclaimed(valid, text)) {
    const operation = unplaced.get(letter)?.pop();
    if (operation === undefined) {
      exact = false;
      yield { invariant: 'I7', what: `the ${letter} that ends at ${end} was never sent` };
    } else if (exact && operation.sent > before) {
      exact = false;
      yield { invariant: 'I7', what: `the ${letter} that ends at ${end} was sent too late` };
    }
  }
  for (const operation of [...unplaced.values()].flat()) {
    if (operation.answer !== undefined)
      yield violation('I6', operation, 'was answered and is not in the text');
  }
}

/** Operations without a valid reply, by letter; the one that takes the next place comes last. */
function unplacedByLetter(
  history: readonly Operation[],
  valid: readonly Answered[],
): Map<string, Operation[]> {
  const placed = new Set<Operation>(valid);
  const unplaced = new Map<string, Operation[]>();
  for (const operation of history) {
    if (placed.has(operation)) continue;
    const same = unplaced.get(operation.letter);
    if (same === undefined) unplaced.set(operation.letter, [operation]);
    else same.push(operation);
  }
  const isAnswered = ({ answer }: Operation) => Number(answer !== undefined);
  for (const same of unplaced.values()) {
    same.sort((one, other) => isAnswered(one) - isAnswered(other) || other.sent - one.sent);
  }
  return unplaced;
}

interface Place {
  readonly letter: string;
  /** Where it ends, in bytes. */
  readonly end: number;
  /** When the first reply to something behind it was there. */
  readonly before: number;
}

/** The places that no reply claims, in the order of the text. */
function unclaimed(answered: readonly Answered[], text: Uint8Array): Place[] {
  const claimed = new Map(answered.map(({ answer }) => [answer.reply.length, answer.at]));
  const places: Place[] = [];
  let end = text.length;
  let before = Number.POSITIVE_INFINITY;
  for (const letter of [...Buffer.from(text).toString()].reverse()) {
    const at = claimed.get(end);
    if (at === undefined) places.push({ letter, end, before });
    else before = Math.min(before, at);
    end -= Buffer.byteLength(letter);
  }
  return places.reverse();
}

/**
 * I8: replies come in the order of their letters: none before that to an earlier letter of its client, or although that
 * one never came.
 */
function reordered(history: readonly Operation[]): Operation[] {
  const latest = new Map<number, number>();
  return history.filter(({ client, answer }) => {
    const at = answer?.at ?? Number.POSITIVE_INFINITY;
    if (at < (latest.get(client) ?? at)) return true;
    latest.set(client, at);
    return false;
  });
}

function violation(invariant: Invariant, { client, letter }: Operation, what: string): Violation {
  return { invariant, what: `${letter} of client ${client} ${what}` };
}

/** FNV-1a on 32 bits. */
function hashOn(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 16_777_619);
}
