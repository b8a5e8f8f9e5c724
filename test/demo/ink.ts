// Who typed which letter, as colours: in the clients' replies and in the server's story every letter has the colour of
// the client that it came from, so that the shared string shows how it grew.

import { type ClientNumber, FINAL_VALUE, PROMPT, TRANSCRIPT } from './transcript.js';

export type Ink = 'plain' | 'prompt' | 'client1' | 'client2';

export interface Span {
  readonly text: string;
  readonly ink: Ink;
}

const INK_OF_CLIENT = { 1: 'client1', 2: 'client2' } as const satisfies Record<ClientNumber, Ink>;
/** The tutorial's two clients have no letter in common. */
const INK_OF_LETTER = new Map(TRANSCRIPT.map(({ client, letter }) => [letter, INK_OF_CLIENT[client]]));
const LETTERS = `[${[...INK_OF_LETTER.keys()].join('')}]+`;

const BY_A_CLIENT = /^client ([12])\b/;
/** A line that is a reply, or a part of a line that names letters. */
const WITH_LETTERS = new RegExp(`^(${PROMPT}|${FINAL_VALUE}|.*, letter |)(${LETTERS})(, LF)?$`);

/** Cuts a line of a terminal into its colours. */
export function inked(line: string): readonly Span[] {
  const [, before = line, letters = '', after = ''] = WITH_LETTERS.exec(line) ?? [];
  return [
    ...inkedWords(before),
    ...[...letters].map(inkedLetter),
    { text: after, ink: 'plain' } as const,
  ].filter(({ text }) => text !== '');
}

function inkedWords(words: string): readonly Span[] {
  if (words === PROMPT) return [{ text: words, ink: 'prompt' }];
  const [who = '', client] = BY_A_CLIENT.exec(words) ?? [];
  const rest: Span = { text: words.slice(who.length), ink: 'plain' };
  return [{ text: who, ink: client === '1' ? 'client1' : 'client2' }, rest];
}

function inkedLetter(letter: string): Span {
  return { text: letter, ink: INK_OF_LETTER.get(letter) ?? 'plain' };
}
