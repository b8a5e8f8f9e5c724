// Another view of the text's memory, for one client, that reports each letter which this client appends.

import { FULL, Text } from '../core/text.js';

export class LoggedText extends Text {
  readonly #text: Text;
  readonly #onAppend: (offset: number, codePoint: number) => void;

  constructor(text: Text, onAppend: (offset: number, codePoint: number) => void) {
    super(text.memory);
    this.#text = text;
    this.#onAppend = onAppend;
  }

  override append(letter: number): number {
    const offset = this.#text.append(letter);
    if (offset !== FULL) this.#onAppend(offset, letter);
    return offset;
  }
}
