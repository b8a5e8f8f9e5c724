// Escapes untrusted text for a terminal. Unescaped, control and format characters could move the cursor, ring the bell,
// change colours, or reverse the direction of the rest of the line.

/**
 * Control (Cc) and format (Cf) characters, and the line and paragraph separators. Not U+200D (zero width joiner), a format
 * character that joins emoji. The variation selectors U+FE0E and U+FE0F are marks, not format characters.
 */
const UNSAFE = /(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Replaces each of these characters by `\u{HEX}`. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNSAFE, (letter) => `\\u{${letter.codePointAt(0)?.toString(16).toUpperCase()}}`);
}

/** In code units. Escaped text is up to ten times as long. */
const PIECE_LENGTH = 65_536;

/** As `escapeUnprintable`, in pieces, to bound the memory. */
export function* visiblePieces(text: string): Generator<string> {
  for (const piece of pieces(text, PIECE_LENGTH)) yield escapeUnprintable(piece);
}

/** The beginning of untrusted text, for a message of one line. */
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
