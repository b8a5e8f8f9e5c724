// Splits a stream of bytes into lines, independent of how TCP cut it. The tutorial's makefile() does this for a Python
// program (section 4.5.2).

import { BoundedBuffer } from './bounded-buffer.js';
import { tooLongError } from './errors.js';
import { LF } from './utf8.js';

export interface LineOptions {
  /** Whether a non-empty rest after the last LF is a line; if not, it is discarded. */
  readonly unfinished?: boolean;
  /** In bytes; without limit by default, for trusted streams. */
  readonly maxLength?: number;
}

/**
 * Yields each line of a UTF-8 stream, without its LF, as soon as it is complete. Passes on errors of the stream.
 * @throws OperationalError if a line is too long; the stream is then closed
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  { unfinished = true, maxLength = Number.POSITIVE_INFINITY }: LineOptions = {},
): AsyncGenerator<string, void, void> {
  const begun = new BoundedBuffer(maxLength);
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; ) {
      const end = chunk.indexOf(LF, start);
      if (!begun.append(chunk.subarray(start, end < 0 ? undefined : end))) throw tooLongError(maxLength);
      if (end < 0) break;
      yield begun.take().toString();
      start = end + 1;
    }
  }
  if (unfinished && begun.length > 0) yield begun.take().toString();
}
