// Arbitrary letters for fast-check. fc.string({ unit: 'binary' }) draws the same, but takes a second to build its tables.

import * as fc from 'fast-check';

/** A string of one code point that is no surrogate. */
export const anyLetter: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((codePoint) => String.fromCodePoint(codePoint));
