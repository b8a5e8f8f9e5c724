// Text made safe and visible for a terminal. Letters come from strangers: printed as they are, some would move the
// cursor, ring, change colours, or reverse the order in which the rest of the line is read.

/**
 * Control (Cc) and format (Cf) characters, and the two separators that break a line. U+200D (zero width joiner) is
 * a format character that emoji are joined with; the variation selectors U+FE0E and U+FE0F are marks, not format.
 */
const UNSAFE = /(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The same text with every unsafe character as `\u{HEX}`. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNSAFE, (letter) => `\\u{${letter.codePointAt(0)?.toString(16).toUpperCase()}}`);
}

/** Code units. Made visible, text becomes up to ten times as long. */
const PIECE_LENGTH = 65_536;

/** The same as `visible`, in pieces: a text of any length costs no more memory than a piece. */
export function* visiblePieces(text: string): Generator<string> {
  for (const piece of pieces(text, PIECE_LENGTH)) yield escapeUnprintable(piece);
}

/** The beginning of a text from a stranger, for a message of one line. */
export function excerpt(text: string, length = 200): string {
  const [beginning = ''] = pieces(text, length);
  return beginning.length < text.length ? `${beginning}…` : text;
}

/** Cuts a text into pieces of about this many code units; none ends within a character. */
function* pieces(text: string, length: number): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = start + length;
    if ((text.codePointAt(end - 1) ?? 0) > 0xffff) end += 1;
    yield text.slice(start, end);
    start = end;
  }
}
