// What a journal's file may hold when a server starts: the bytes of a text, and at the end what a crash may have left.
// No I/O here: bytes in, letters out.

import { INCOMPLETE, isControl, Utf8Decoder } from '../../shared/utf8.js';
import { FULL, type Text } from '../core/text.js';

/** The most that a commit writes, in bytes. A power cut leaves no hole further than that from the end of the file. */
export const GROUP_BYTES = 64 * 1024;
/** What a disk keeps or loses as a whole. Where pages are larger, their edges are edges of these too. */
const PAGE_BYTES = 4096;

const NUL = 0;
const REPLACEMENT = 0xfffd;
const REPLACEMENT_BYTES = Buffer.from('\ufffd');

/** Where a file stops being a text of this server. */
export class CorruptJournalError extends Error {
  readonly position: number;
  readonly byte: number;

  constructor(position: number, byte: number) {
    super(`byte ${position} is 0x${byte.toString(16).padStart(2, '0')}`);
    this.position = position;
    this.byte = byte;
  }
}

/**
 * Appends the letters of a file to an empty text that has room for them. What it leaves out was never on disk as a
 * whole, and so never answered: an unfinished letter at the end, and everything from the start of a hole on.
 * @throws UnsoundByte when there is anything else that this server does not write
 */
export function recover(file: Uint8Array, text: Text): void {
  const decoder = new Utf8Decoder();
  decoder.feed(file.subarray(0, holeStart(file)));
  for (let letter = decoder.next(); letter !== INCOMPLETE; letter = decoder.next()) {
    const at = text.length;
    if (isControl(letter) || (letter === REPLACEMENT && !isWritten(file, at))) {
      throw new CorruptJournalError(at, file[at] as number);
    }
    if (text.append(letter) === FULL) throw new RangeError('the text has no room for what the file holds');
  }
}

/**
 * Where the hole that a power cut left begins; the file's length if there is none. No letter is NUL: the hole is the
 * pages of the last group that did not get to the disk, the first of them from where the group began. Other pages of
 * that group may lie between and behind them. Any other NUL means damage or some other file.
 */
function holeStart(file: Uint8Array): number {
  const hole = file.indexOf(NUL);
  if (hole < file.length - GROUP_BYTES || hole < 0) return file.length;
  for (let at = hole; at < file.length; at = pageEnd(at)) {
    const page = file.subarray(at, pageEnd(at));
    const sound = page[0] === NUL ? page.every((byte) => byte === NUL) : !page.some(isForeign);
    if (!sound) return file.length;
  }
  return hole;
}

function pageEnd(at: number): number {
  return at - (at % PAGE_BYTES) + PAGE_BYTES;
}

/** Whether a byte is a control character, which no text holds. */
function isForeign(byte: number): boolean {
  return byte < 0x80 && isControl(byte);
}

/** Whether U+FFFD stands in the file, and does not stand for bytes that are no UTF-8. */
function isWritten(file: Uint8Array, at: number): boolean {
  return REPLACEMENT_BYTES.equals(file.subarray(at, at + REPLACEMENT_BYTES.length));
}
