// The tutorial's sample run as data: what each client types, every reply, and so what the terminals must show in the end.
// The replies are literal, not computed: the programs are compared with them.

import type { Pane } from './pane-layout.js';

export const PROMPT = 'enter a letter:';
export const FINAL_VALUE = 'the final value of v is ';
export const ENDED_WELL = 'ended, exit status 0';

export type ClientNumber = 1 | 2;

export interface Turn {
  readonly client: ClientNumber;
  /** Typed before Enter. */
  readonly letter: string;
  /** None if Enter alone is pressed and the client leaves. */
  readonly reply?: string;
}

export const TRANSCRIPT: readonly Turn[] = [
  { client: 1, letter: 'a', reply: 'a' },
  { client: 1, letter: 'b', reply: 'ab' },
  { client: 1, letter: 'c', reply: 'abc' },
  { client: 2, letter: 'u', reply: 'abcu' },
  { client: 2, letter: 'u', reply: 'abcuu' },
  { client: 2, letter: 'v', reply: 'abcuuv' },
  { client: 2, letter: 'v', reply: 'abcuuvv' },
  { client: 1, letter: 'd', reply: 'abcuuvvd' },
  { client: 2, letter: 'w', reply: 'abcuuvvdw' },
  { client: 2, letter: 'w', reply: 'abcuuvvdww' },
  { client: 1, letter: 'e', reply: 'abcuuvvdwwe' },
  { client: 1, letter: '' },
  { client: 2, letter: '' },
];
const LAST_LINE = `${FINAL_VALUE}abcuuvvdwwe`;

/** The three terminals at one moment. */
export type Frame = readonly [client1: Pane, client2: Pane, server: Pane];

/** A line for each difference between the last frame of a session and the tutorial. */
export function differences([client1, client2, server]: Frame): string[] {
  const lastLines = server.lines.filter((line) => line.startsWith(FINAL_VALUE));
  return [
    ...compare('client 1', screenOf(1), client1.lines),
    ...compare('client 2', screenOf(2), client2.lines),
    ...compare('server, final value', [LAST_LINE], lastLines),
    ...[client1, client2, server].flatMap(({ title, status }) =>
      compare(`${title}, its end`, [ENDED_WELL], status === undefined ? [] : [status]),
    ),
  ];
}

function screenOf(client: ClientNumber): string[] {
  return TRANSCRIPT.filter((turn) => turn.client === client).flatMap(({ letter, reply }) =>
    reply === undefined ? [PROMPT] : [PROMPT + letter, reply],
  );
}

function compare(where: string, expected: readonly string[], got: readonly string[]): string[] {
  const quote = (line: string | undefined) => (line === undefined ? 'nothing' : JSON.stringify(line));
  return Array.from({ length: Math.max(expected.length, got.length) }, (_, index) => index)
    .filter((index) => expected[index] !== got[index])
    .map((i) => `${where}, line ${i + 1}: expected ${quote(expected[i])}, got ${quote(got[i])}`);
}
