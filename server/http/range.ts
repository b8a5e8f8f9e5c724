// Byte ranges of a text that only grows (RFC 9110, sections 13.1.5 and 14). What was at an offset stays there, so an entity
// tag is the text's id and a length, and a range of an earlier state is still right.

/** From `from` up to but without `to`, in bytes. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The range that a request wants.
 * @param header a Range header
 * @returns `whole` for a header to be ignored: another unit, several ranges, no range at all; `unsatisfiable`: status 416
 */
export function parseRange(header: string, length: number): ByteRange | 'whole' | 'unsatisfiable' {
  const [, first = '', last = ''] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header) ?? [];
  if (first === '') {
    if (last === '') return 'whole';
    const suffix = Number(last);
    return suffix === 0 || length === 0
      ? 'unsatisfiable'
      : { from: Math.max(0, length - suffix), to: length };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return 'whole'; // no range, says section 14.1.1
  if (from >= length) return 'unsatisfiable';
  return { from, to: last === '' ? length : Math.min(length, Number(last) + 1) };
}

/** The strong entity tag of a text of this length. */
export function entityTag(id: string, length: number): string {
  return `"${id}-${length}"`;
}

/** Whether a tag is of an earlier state of this text, or of the present one: then every byte of that state is still there. */
export function isEarlierState(tag: string, id: string, length: number): boolean {
  const [, tagId, tagLength] = /^"(.+)-(\d+)"$/.exec(tag.trim()) ?? [];
  return tagId === id && Number(tagLength) <= length;
}
