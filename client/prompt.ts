// Where letters come from: a person at a terminal, asked through readline-sync, or a pipe. Either way they come in
// groups, and for each group one reply is printed: what was typed before Enter is a group, and each letter of a pipe.

import { INCOMPLETE, isControl, LetterDecoder, LF } from '../shared/letters.js';

const CR = 0x0d;

/** What to tell about characters that cannot be sent. */
export const DROPPED = 'control characters are not letters and were left out';

/**
 * Asks for letters until Enter alone or Ctrl-D. While it asks, this process's event loop stands still: what the
 * server does meanwhile shows only after Enter, exactly as in the tutorial's client, which waits in raw_input().
 * @param dropped called when something typed cannot be sent
 */
export async function* typedLetters(dropped: () => void): AsyncGenerator<string[]> {
  const { default: readlineSync } = await import('readline-sync'); // takes long to load, and a pipe does without
  for (;;) {
    // Without these two a typed space would be trimmed away, and `!!` would be replaced by the last input.
    const typed = readlineSync.question('enter a letter:', { keepWhitespace: true, history: false });
    if (typed === '') {
      if (!readlineSync.getRawInput().endsWith('\n')) process.stdout.write('\n'); // Ctrl-D leaves the cursor behind the prompt
      return;
    }
    const letters = [...typed].filter((letter) => !isControl(letter.codePointAt(0) ?? 0));
    if (letters.length < [...typed].length) dropped();
    if (letters.length > 0) yield letters;
  }
}

/** The letters of a stream of UTF-8, one by one. Line ends are skipped; for other control characters see typedLetters. */
export async function* pipedLetters(
  chunks: AsyncIterable<Uint8Array>,
  dropped: () => void,
): AsyncGenerator<string[]> {
  const decoder = new LetterDecoder();
  for await (const chunk of chunks) {
    decoder.feed(chunk);
    for (let letter = decoder.next(); letter !== INCOMPLETE; letter = decoder.next()) {
      if (!isControl(letter)) yield [String.fromCodePoint(letter)];
      else if (letter !== LF && letter !== CR) dropped();
    }
  }
}
