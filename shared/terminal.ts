// Text made safe and visible for a terminal. Letters come from strangers: printed as they are, some would move the
// cursor, ring, change colours, or reverse the order in which the rest of the line is read.

/**
 * Control (Cc) and format (Cf) characters, and the two separators that break a line. U+200D (zero width joiner) is
 * a format character that emoji are joined with; the variation selectors U+FE0E and U+FE0F are marks, not format.
 */
const UNSAFE = /(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The same text with every unsafe character as `\u{HEX}`. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (letter) => `\\u{${letter.codePointAt(0)?.toString(16).toUpperCase()}}`);
}
