// Bytes that were expected or received, as messages show them: quoted, escaped, and not longer than a line.

import { escapeUnprintable, excerpt } from '../../shared/escape.js';
import { plural } from '../../shared/numbers.js';

/** Longer bytes are shown in part. */
export const SHOWN = 60;
/** On both sides of a place. */
const AROUND = 12;

export function quote(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing';
  const text = escapeUnprintable(excerpt(Buffer.from(bytes.subarray(0, SHOWN)).toString(), SHOWN));
  return bytes.length > SHOWN ? `${plural(bytes.length, 'byte')} that begin with ${text}` : `"${text}"`;
}

/** For bytes whose end matters. */
export function quoteEnd(bytes: Uint8Array): string {
  return bytes.length > SHOWN ? quoteAround(bytes, bytes.length) : quote(bytes);
}

/** The bytes around a place. @param end of what is shown */
export function quoteAround(bytes: Uint8Array, at: number, end = bytes.length): string {
  const [from, to] = [Math.max(0, at - AROUND), Math.min(end, at + AROUND)];
  const shown = escapeUnprintable(Buffer.from(bytes.subarray(from, to)).toString());
  return `"${from > 0 ? '…' : ''}${shown}${to < end ? '…' : ''}"`;
}
