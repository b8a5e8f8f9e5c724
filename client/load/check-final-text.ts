// Whether the final text explains what the clients saw: every answered letter stands in it at its place, and every other
// letter in it is one that somebody sent. shared/linearizability.ts has the last word.

import { checkHistory, type Operation, type Violation } from '../../shared/linearizability.js';
import { lastLetter } from '../../shared/utf8.js';
import type { Faults } from './faults.js';
import { type LetterTable, NOWHERE } from './letter-table.js';
import type { Fault } from './plan.js';

const NAMES: Record<Violation['invariant'], Fault> = {
  I1: 'wrongLetter',
  I2: 'prefixMismatch',
  I3: 'lost',
  I4: 'notGrowing',
  I5: 'reordered',
  I7: 'duplicated',
  I8: 'reordered',
};

/**
 * Adds what is wrong with a final text to the faults.
 * @param base the text before the run
 * @param known the longest text that a reply has shown
 * @param text the final text; its last letter is that of who looked
 */
export function checkFinalText(
  operations: LetterTable,
  base: Buffer,
  known: Buffer,
  text: Buffer,
  faults: Faults,
): void {
  const last = Buffer.byteLength(lastLetter(text));
  const explained = new Uint8Array(text.length);
  explained.fill(1, 0, base.length).fill(1, text.length - last);
  const homeless = placeAnswered(operations, text, explained, faults);
  placeOthers(operations, text, explained, homeless, faults);
  if (!text.subarray(0, known.length).equals(known)) faults.add('prefixMismatch');
  if (!faults.none) return;
  const violation = checkHistory([...before(base), ...operations.history(text), looked(text)], text);
  if (violation !== undefined) faults.add(NAMES[violation.invariant]);
}

/** Explains the places that answers have named; how many answered letters, by value, are still without a place. */
function placeAnswered(
  { schedule, answered, places }: LetterTable,
  text: Buffer,
  explained: Uint8Array,
  faults: Faults,
): Int32Array {
  const homeless = new Int32Array(256);
  for (const [number, place] of places.entries()) {
    if (answered[number] === 0) continue;
    const letter = schedule.letter(number);
    if (place === NOWHERE) homeless[letter] = (homeless[letter] as number) + 1;
    else if (explained[place - 1] === 1 || text[place - 1] !== letter) faults.add('lost');
    else explained[place - 1] = 1;
  }
  return homeless;
}

/** Explains the other places: by answers that named none, then by letters that were sent and not answered. */
function placeOthers(
  { schedule, sent, answered }: LetterTable,
  text: Buffer,
  explained: Uint8Array,
  homeless: Int32Array,
  faults: Faults,
): void {
  const waiting = new Int32Array(256);
  for (const [number, at] of sent.entries()) {
    const letter = schedule.letter(number);
    if (at !== 0 && answered[number] === 0) waiting[letter] = (waiting[letter] as number) + 1;
  }
  for (const [at, letter] of text.entries()) {
    if (explained[at] === 1) continue;
    const from = (homeless[letter] as number) > 0 ? homeless : waiting;
    if (from[letter] === 0) faults.add('duplicated');
    else from[letter] = (from[letter] as number) - 1;
  }
  faults.add(
    'lost',
    homeless.reduce((sum, left) => sum + left, 0),
  );
}

/** What was there before the run, as if it had been sent and never answered. */
function* before(base: Buffer): Iterable<Operation> {
  for (const letter of base.toString()) yield { client: -1, letter, sent: Number.NEGATIVE_INFINITY };
}

/** The last look: it was sent when everything else was over. */
function looked(text: Buffer): Operation {
  return { client: -2, letter: lastLetter(text), sent: Number.POSITIVE_INFINITY };
}
