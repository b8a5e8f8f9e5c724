// Where letters come from: a person at a terminal, asked through readline-sync, or a pipe. Either way they come in
// groups, and for each group one reply is printed: what was typed before Enter is a group, and each letter of a pipe.

import { INCOMPLETE, isControl, LF, Utf8Decoder } from '../shared/utf8.js';
import { EscapeFilter } from './escape-filter.js';

const CR = 0x0d;

/** The note about what cannot be sent. */
export const DROPPED =
  'control characters and escape sequences (arrow keys) are not letters and were left out';

/**
 * Asks for letters until Enter alone or Ctrl-D. While it asks, this process's event loop stands still: what the
 * server does meanwhile shows only after Enter, exactly as in the tutorial's client, which waits in raw_input().
 * @param dropped called when something typed cannot be sent
 */
export async function* typedLetters(dropped: () => void): AsyncGenerator<string[]> {
  const { default: readlineSync } = await import('readline-sync'); // takes long to load, and a pipe does without
  for (;;) {
    // The answer itself is of no use: control characters have been taken out of it, ESC without what belongs to it, and
    // a letter may be cut where a read ended. In Latin-1 the raw input is what was typed, byte by byte. Without `history`
    // being false, `!!` would be replaced by the last input.
    readlineSync.question('enter a letter:', { encoding: 'latin1', history: false });
    const input = readlineSync.getRawInput();
    const line = input.replace(/[\n\0]$/, ''); // NUL stands for Ctrl-D
    if (line === '') {
      if (!input.endsWith('\n')) process.stdout.write('\n'); // Ctrl-D leaves the cursor behind the prompt
      return;
    }
    const letters = [...new LetterInput(dropped).letters(Buffer.from(line, 'latin1'))];
    if (letters.length > 0) yield letters;
  }
}

/** The letters of a stream of UTF-8, one by one. Line ends are skipped; for other control characters see typedLetters. */
export async function* pipedLetters(
  chunks: AsyncIterable<Uint8Array>,
  dropped: () => void,
): AsyncGenerator<string[]> {
  const input = new LetterInput(dropped);
  for await (const chunk of chunks) {
    for (const letter of input.letters(chunk)) yield [letter];
  }
}

/** Bytes in, letters that can be sent out, however the bytes are cut. */
class LetterInput {
  readonly #decoder = new Utf8Decoder();
  readonly #escapes = new EscapeFilter();
  readonly #dropped: () => void;

  constructor(dropped: () => void) {
    this.#dropped = dropped;
  }

  *letters(chunk: Uint8Array): Generator<string> {
    this.#decoder.feed(chunk);
    for (let letter = this.#decoder.next(); letter !== INCOMPLETE; letter = this.#decoder.next()) {
      if (this.#escapes.consumes(letter)) this.#dropped();
      else if (!isControl(letter)) yield String.fromCodePoint(letter);
      else if (letter !== LF && letter !== CR) this.#dropped();
    }
  }
}
