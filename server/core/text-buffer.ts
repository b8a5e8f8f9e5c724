// The memory that a text lives in, made here because threads want another kind than one thread alone.

import { OperationalError } from '../../shared/errors.js';
import { plural } from '../../shared/numbers.js';
import { LF } from '../../shared/utf8.js';

/** At the front is the text's length: threads that share the memory share the length. The byte before the text is an LF. */
export const HEADER_BYTES = 8;

export type TextBuffer = ArrayBuffer | SharedArrayBuffer;

/**
 * Memory for a text of at most `maxLength` bytes, all of it at once: untouched pages cost nothing, and views
 * stay valid. Memory that grows would cost more: for each write from it Node.js makes a Buffer, and V8 a hidden class for
 * that Buffer. And copies out of shared memory take four times as long.
 * @throws OperationalError when the system does not give it
 */
export function allocateTextBuffer(maxLength: number, shared = false): TextBuffer {
  const bytes = HEADER_BYTES + maxLength;
  try {
    const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    new Uint8Array(buffer)[HEADER_BYTES - 1] = LF;
    return buffer;
  } catch (cause) {
    const message = `no memory for a text of ${plural(maxLength, 'byte')}; use a smaller maximum length`;
    throw new OperationalError('ENOMEM', message, cause);
  }
}
