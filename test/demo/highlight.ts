// Who typed which letter, as colours: in the clients' replies and in the server's story every letter has the colour of
// the client that it came from, so that the shared string shows how it grew. And what to look at in act two: who waits,
// who has been answered, what burns.

import { BURNING_PERCENT, WORD } from './expectations.js';
import { type ClientNumber, FINAL_VALUE, PROMPT, TRANSCRIPT } from './transcript.js';

export type Highlight = 'plain' | 'prompt' | 'client1' | 'client2' | 'good' | 'bad';

export interface Span {
  readonly text: string;
  readonly ink: Highlight;
}

const INK_OF_CLIENT = { 1: 'client1', 2: 'client2' } as const satisfies Record<ClientNumber, Highlight>;
/** The two clients have no letter in common, in neither act. */
const INK_OF_LETTER = new Map<string, Highlight>([
  ...TRANSCRIPT.map(({ client, letter }) => [letter, INK_OF_CLIENT[client]] as const),
  ...[...WORD].map((letter) => [letter, 'client2'] as const),
]);
const LETTERS = `[${[...INK_OF_LETTER.keys()].join('')}]+`;

const BY_A_CLIENT = /^client ([12])\b/;
/** A line that is a reply, or a part of a line that names letters. */
const WITH_LETTERS = new RegExp(`^(${PROMPT}|${FINAL_VALUE}|.*, letter |)(${LETTERS})(, LF)?$`);
/** Stands between two terminals in one pane. */
const RULE = /( *│ )/;
const WAITING = /^everybody waits for .*/;
const ANSWERED = /^answered (\d+) of (\d+)/;
const CPU = /^CPU (\d+) %/;
const MARKED = /(everybody waits for .*|answered \d+ of \d+|CPU \d+ %)/;

/** Cuts a line of a pane into its colours. */
export function highlight(line: string): readonly Span[] {
  return line
    .split(RULE)
    .flatMap(inkedTerminal)
    .filter(({ text }) => text !== '');
}

function inkedTerminal(line: string): readonly Span[] {
  const [, before = line, letters = '', after = ''] = WITH_LETTERS.exec(line) ?? [];
  return [...inkedWords(before), ...[...letters].map(inkedLetter), { text: after, ink: 'plain' }];
}

function inkedWords(words: string): readonly Span[] {
  if (words.trimEnd() === PROMPT || RULE.test(words)) return [{ text: words, ink: 'prompt' }];
  const [who = '', client] = BY_A_CLIENT.exec(words) ?? [];
  const rest = words.slice(who.length).split(MARKED).map(inkedMark);
  return [{ text: who, ink: client === '1' ? 'client1' : 'client2' }, ...rest];
}

function inkedMark(text: string): Span {
  const [, answered, typed] = ANSWERED.exec(text) ?? [];
  if (answered !== undefined) return { text, ink: answered === typed ? 'good' : 'bad' };
  const [, percent = 0] = CPU.exec(text) ?? [];
  const bad = WAITING.test(text) || Number(percent) > BURNING_PERCENT;
  return { text, ink: bad ? 'bad' : 'plain' };
}

function inkedLetter(letter: string): Span {
  return { text: letter, ink: INK_OF_LETTER.get(letter) ?? 'plain' };
}
