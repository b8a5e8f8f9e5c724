// Reads letters from a terminal, through readline-sync, or from a pipe. They come in groups, and one reply is printed per
// group: at a terminal a group is what was typed before Enter, in a pipe each letter is one.

import { INCOMPLETE, isControl, LF, Utf8Decoder } from '../shared/utf8.js';
import { EscapeFilter } from './escape-filter.js';

const CR = 0x0d;

/** The note about input that cannot be sent. */
export const DROPPED =
  'control characters and escape sequences (arrow keys) are not letters and were left out';

/**
 * Prompts for letters until Enter alone or Ctrl-D. The prompt blocks this process's event loop, so what the server does
 * meanwhile is noticed only after Enter, exactly as in the tutorial's client, which waits in raw_input().
 * @param dropped called if some of the input cannot be sent
 */
export async function* typedLetters(dropped: () => void): AsyncGenerator<string[]> {
  const { default: readlineSync } = await import('readline-sync'); // slow to load, and a pipe does not need it
  for (;;) {
    // The return value is unusable: control characters are removed from it, of an escape sequence ESC alone, and a letter
    // may be cut where a read ended. The raw input, as Latin-1, has every byte. `history: true` would replace `!!` by the
    // last input.
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

/** The letters of a UTF-8 stream, one by one. Line ends are skipped; other control characters as in typedLetters. */
export async function* pipedLetters(
  chunks: AsyncIterable<Uint8Array>,
  dropped: () => void,
): AsyncGenerator<string[]> {
  const input = new LetterInput(dropped);
  for await (const chunk of chunks) {
    for (const letter of input.letters(chunk)) yield [letter];
  }
}

/** Turns bytes into letters that can be sent, whatever the chunks. */
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
