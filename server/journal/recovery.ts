// What a journal file may contain at a start: the bytes of a text, followed by what a crash can leave. Does no I/O: bytes in,
// letters out.

import { INCOMPLETE, isControl, Utf8Decoder } from '../../shared/utf8.js';
import { FULL, type Text } from '../core/text.js';

/** The most that a commit writes, in bytes. A power cut leaves no hole further than that from the end of the file. */
export const GROUP_BYTES = 64 * 1024;
/** The unit that a disk keeps or loses as a whole. Larger pages consist of these. */
const PAGE_BYTES = 4096;

const NUL = 0;
const REPLACEMENT = 0xfffd;
const REPLACEMENT_BYTES = Buffer.from('\ufffd');

/** A file contains a byte that this server does not write there. */
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
 * Appends the letters of a file to an empty text that has room for them. It omits an unfinished letter at the end and
 * everything from the start of a hole: those letters were never synced, so never answered.
 * @throws CorruptJournalError at any other byte that this server does not write
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
 * Where the hole that a power failure left begins; the file's length if there is none. No letter is NUL: a hole consists of
 * the pages of the last group that did not reach the disk, the first one from the start of the group. Other pages of the
 * group may lie between and after them. Any other NUL means a damaged or foreign file.
 */
function holeStart(file: Uint8Array): number {
  const hole = file.indexOf(NUL);
  if (hole < file.length - GROUP_BYTES || hole < 0) return file.length;
  for (let at = hole; at < file.length; at = pageEnd(at)) {
    const page = file.subarray(at, pageEnd(at));
    const intact = page[0] === NUL ? page.every((byte) => byte === NUL) : !page.some(isControlByte);
    if (!intact) return file.length;
  }
  return hole;
}

function pageEnd(at: number): number {
  return at - (at % PAGE_BYTES) + PAGE_BYTES;
}

/** Whether a byte is a control character, which no text holds. */
function isControlByte(byte: number): boolean {
  return byte < 0x80 && isControl(byte);
}

/** Whether the file has U+FFFD itself at this place, and not invalid UTF-8 that decodes to it. */
function isWritten(file: Uint8Array, at: number): boolean {
  return REPLACEMENT_BYTES.equals(file.subarray(at, at + REPLACEMENT_BYTES.length));
}
