// Whether one shared text explains what the clients saw. shared/linearizability.ts decides; here its violations get the
// load's names.

import { fingerprint, type Invariant, type Operation, violations } from '../../shared/linearizability.js';
import { lastLetter } from '../../shared/utf8.js';
import type { LoadContext } from './load-client.js';
import type { Fault } from './plan.js';

const FAULTS_BY_INVARIANT: Record<Invariant, Fault> = {
  I1: 'wrongLetter',
  I2: 'prefixMismatch',
  I3: 'wrongLetter',
  I4: 'notGrowing',
  I5: 'wrongLetter',
  I6: 'lost',
  I7: 'duplicated',
  I8: 'reordered',
};
/** Pseudo-clients in the history: the one that sent the text before the run, and the one that reads the text. */
const EARLIER = -1;
const READER = -2;

/**
 * Adds what is wrong to the faults.
 * @param base the text before the run
 * @param text the final text; without, nothing is known to be lost
 */
export function checkFinalText(context: LoadContext, base: Buffer, text: Buffer | undefined): void {
  const { table, faults } = context;
  const known = context.known.bytes;
  const history = [...earlier(base), readingOf(base, Number.NEGATIVE_INFINITY), ...table.history(known)];
  if (text !== undefined) history.push(readingOf(text, Number.POSITIVE_INFINITY));
  for (const { invariant } of violations(history, text ?? known)) {
    if (text !== undefined || invariant !== 'I6') context.addFault(FAULTS_BY_INVARIANT[invariant]);
  }
  const shown = text?.subarray(0, known.length).equals(known) ?? true; // also the part of a reply that was truncated
  if (!shown && faults.prefixMismatch === undefined) context.addFault('prefixMismatch');
}

/** The letters before the first reading, as if they had been sent and never answered. */
function earlier(base: Buffer): Operation[] {
  const letters = [...base.toString()].slice(0, -1);
  return letters.map((letter) => ({ client: EARLIER, letter, sent: Number.NEGATIVE_INFINITY }));
}

function readingOf(text: Buffer, at: number): Operation {
  return { client: READER, letter: lastLetter(text), sent: at, answer: { at, reply: fingerprint(text) } };
}
