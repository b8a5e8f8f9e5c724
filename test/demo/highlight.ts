// Colours. In replies and in the server's log every letter has the colour of the client that typed it, so that the shared
// string shows how it grew. In act two also waiting, answers and a busy CPU.

import { BUSY_PERCENT, WORD } from './expectations.js';
import { type ClientNumber, FINAL_VALUE, PROMPT, TRANSCRIPT } from './transcript.js';

export type Highlight = 'plain' | 'prompt' | 'client1' | 'client2' | 'good' | 'bad';

export interface Span {
  readonly text: string;
  readonly highlight: Highlight;
}

const CLIENT_HIGHLIGHTS = { 1: 'client1', 2: 'client2' } as const satisfies Record<ClientNumber, Highlight>;
/** In both acts the two clients have no letter in common. */
const LETTER_HIGHLIGHTS = new Map<string, Highlight>([
  ...TRANSCRIPT.map(({ client, letter }) => [letter, CLIENT_HIGHLIGHTS[client]] as const),
  ...[...WORD].map((letter) => [letter, 'client2'] as const),
]);
const LETTERS = `[${[...LETTER_HIGHLIGHTS.keys()].join('')}]+`;

const BY_A_CLIENT = /^client ([12])\b/;
/** A line that is a reply, or a part of a line that names letters. */
const WITH_LETTERS = new RegExp(`^(${PROMPT}|${FINAL_VALUE}|.*, letter |)(${LETTERS})(, LF)?$`);
/** Between two terminals in one pane. */
const SEPARATOR = /( *│ )/;
/** In a narrow pane it is wrapped after the comma. */
const WAITING = /^(all clients wait for|blocked in) .*/;
const ANSWERED = /^answered (\d+) of (\d+)/;
const CPU = /^CPU (\d+) %/;
const STATUS = /(all clients wait for .*|^blocked in .*|answered \d+ of \d+|CPU \d+ %)/;

/** Splits a line of a pane into spans of one colour. */
export function highlight(line: string): readonly Span[] {
  return line
    .split(SEPARATOR)
    .flatMap(terminalSpans)
    .filter(({ text }) => text !== '');
}

function terminalSpans(line: string): readonly Span[] {
  const [, before = line, letters = '', after = ''] = WITH_LETTERS.exec(line) ?? [];
  return [...wordSpans(before), ...[...letters].map(letterSpan), { text: after, highlight: 'plain' }];
}

function wordSpans(words: string): readonly Span[] {
  if (words.trimEnd() === PROMPT || SEPARATOR.test(words)) return [{ text: words, highlight: 'prompt' }];
  const [subject = '', client] = BY_A_CLIENT.exec(words) ?? [];
  const rest = words.slice(subject.length).split(STATUS).map(statusSpan);
  return [{ text: subject, highlight: client === '1' ? 'client1' : 'client2' }, ...rest];
}

function statusSpan(text: string): Span {
  const [, answered, typed] = ANSWERED.exec(text) ?? [];
  if (answered !== undefined) return { text, highlight: answered === typed ? 'good' : 'bad' };
  const [, percent = 0] = CPU.exec(text) ?? [];
  const bad = WAITING.test(text) || Number(percent) > BUSY_PERCENT;
  return { text, highlight: bad ? 'bad' : 'plain' };
}

function letterSpan(letter: string): Span {
  return { text: letter, highlight: LETTER_HIGHLIGHTS.get(letter) ?? 'plain' };
}
