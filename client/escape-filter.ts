// Removes escape sequences from a stream of code points: arrow and function keys at a terminal, colours in a pipe. It
// keeps its state between calls, so it does not matter where a chunk ends. The grammar is that of ECMA-48 (section 5)
// and of ISO 2022, with what xterm and the Linux console add for their keys.

const BEL = 0x07;
const ESC = 0x1b;
/** A C1 control U+0080 to U+009F stands for ESC and a character of the range 0x40 to 0x5F. */
const C1_OFFSET = 0x40;

/**
 * `escape`: after ESC. `control sequence`: after ESC [ (CSI), until a final byte. `single`: one more character belongs to
 * it, as after ESC O (SS3). `string`: after ESC ] (OSC) and the like, until ST or BEL.
 */
type State = 'text' | 'escape' | 'control sequence' | 'single' | 'string';

export class EscapeFilter {
  #state: State = 'text';
  /** Whether the code point before this one was CSI itself. */
  #afterCsi = false;

  /** Whether a code point is part of an escape sequence. Call it for each one, in order. */
  consumes(letter: number): boolean {
    const afterCsi = this.#afterCsi;
    this.#afterCsi = false;
    if (letter === ESC) return this.#enter('escape');
    if (letter >= 0x80 && letter <= 0x9f) return this.#introduce(letter - C1_OFFSET);
    if (letter < 0x20) return this.#control(letter);
    switch (this.#state) {
      case 'text':
        return false;
      case 'escape':
        return this.#introduce(letter);
      case 'single':
        return this.#enter(isParameter(letter) ? 'single' : 'text'); // ESC O 5 A is Ctrl and an arrow in some terminals
      case 'string':
        return true;
      case 'control sequence':
        if (afterCsi && letter === at('[')) return this.#enter('single'); // ESC [ [ A is F1 in the Linux console
        if (letter < 0x40) return true;
        this.#state = 'text';
        return letter < 0x7f;
    }
  }

  /** The character after ESC. */
  #introduce(letter: number): boolean {
    if (letter === at('[')) {
      this.#afterCsi = true;
      return this.#enter('control sequence');
    }
    if (letter === at('N') || letter === at('O')) return this.#enter('single');
    if ([...']PX^_'].some((introducer) => letter === at(introducer))) return this.#enter('string');
    return this.#enter(letter < 0x30 ? 'escape' : 'text'); // intermediate bytes, as in ESC ( B, or the last character
  }

  /** A control character cancels the sequence: an escape sequence never extends beyond its line. */
  #control(letter: number): boolean {
    const ends = this.#state === 'string' && letter === BEL;
    this.#state = 'text';
    return ends;
  }

  #enter(state: State): true {
    this.#state = state;
    return true;
  }
}

function isParameter(letter: number): boolean {
  return letter >= 0x30 && letter <= 0x3b;
}

function at(character: string): number {
  return character.charCodeAt(0);
}
