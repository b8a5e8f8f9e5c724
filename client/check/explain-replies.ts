// What the replies to several clients say of a server: whether one shared string explains them all, and if not, what is wrong
// with them, in words that a student understands who has not read linearizability.ts.

import { checkHistory } from '../../shared/linearizability.js';
import { CheckFailure } from './check-failure.js';
import { quoteAround } from './quote.js';
import type { Said } from './speaker.js';

/**
 * The clients have one string, and each gets the replies to its own letters alone.
 * @throws CheckFailure
 */
export function requireShared(said: readonly Said[], text: Buffer): void {
  for (const one of said) {
    const start = afterOthersReplies(one.reply, text);
    if (start > 0)
      throw new CheckFailure(
        `${one.name}: expected only the reply to its letter ${one.letter}, got ${quoteAround(one.reply, 0, start)} before ${quoteAround(one.reply.subarray(start), 0)}: are the replies sent to all clients?`,
      );
  }
  if (said.some(({ name, reply }) => hasForeignLetter(reply.subarray(text.length), name, said))) return;
  const last = new Map(said.map(({ name, reply }) => [name, `${name} ${quoteAround(reply, 0)}`]));
  throw new CheckFailure(
    `expected the letters of all clients in one string, got ${[...last.values()].join(', ')}: has each client a string of its own?`,
  );
}

/**
 * One shared string must explain all replies.
 * @throws CheckFailure
 */
export function explainReplies(said: readonly Said[], text: Buffer): void {
  const longest = said.reduce((best, { reply }) => (reply.length > best.length ? reply : best), text);
  const before = [...text.toString()].map((letter) => ({
    client: -1,
    letter,
    sent: Number.NEGATIVE_INFINITY,
  }));
  const found = checkHistory([...before, ...said], longest);
  if (found === undefined) return;
  const what =
    strayLetters(said) ??
    difference(said) ??
    found.what.replace(/client (\d+)/g, (_, index) => `client ${Number(index) + 1}`);
  throw new CheckFailure(`expected replies that one shared string explains, got ${what}`);
}

/**
 * Where the reply to the last letter begins, if replies to other clients stand before it: each is the beginning of the next.
 * @param text with which all replies begin; if it is empty, they begin with the same letter, which occurs once
 * @returns 0 if it is one reply
 */
function afterOthersReplies(received: Buffer, text: Buffer): number {
  const beginning = text.length > 0 ? text : received.subarray(0, 1);
  let [from, last] = [0, 0];
  for (let to = received.indexOf(beginning, 1); to > 0; to = received.indexOf(beginning, to + 1)) {
    const reply = received.subarray(from, to);
    if (!reply.equals(received.subarray(to, to + reply.length))) return 0;
    [from, last] = [to, to];
  }
  return last;
}

function hasForeignLetter(reply: Buffer, speaker: string, said: readonly Said[]): boolean {
  return said.some(({ name, letter }) => name !== speaker && reply.includes(letter));
}

/** What stands before a reply: the reply before has gone on after its letter. */
function strayLetters(said: readonly Said[]): string | undefined {
  const first = commonest(said.map(({ reply }) => reply[0] ?? 0));
  for (const { name, reply } of said) {
    const start = reply.indexOf(first);
    if (start > 0)
      return `${quoteAround(reply, 0, start)} before the reply ${quoteAround(reply.subarray(start), 0)} to ${name}: a reply ends in the letter that it answers`;
  }
  return undefined;
}

/** Two replies of which neither is the beginning of the other. */
function difference(said: readonly Said[]): string | undefined {
  const [longest, ...others] = [...said].sort((one, other) => other.reply.length - one.reply.length);
  for (const other of others) {
    const at = other.reply.findIndex((byte, index) => byte !== longest?.reply[index]);
    if (longest === undefined || at < 0) continue;
    const replies = [other, longest].map(({ name, reply }) => `${quoteAround(reply, at)} to ${name}`);
    return `${replies.join(' and ')}, which differ at letter ${at + 1}`;
  }
  return undefined;
}

function commonest(values: readonly number[]): number {
  const count = (value: number) => values.filter((one) => one === value).length;
  return values.reduce((best, value) => (count(value) > count(best) ? value : best), values[0] ?? 0);
}
