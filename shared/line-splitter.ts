// Incremental lines: chunks of bytes in, whole lines out, however TCP cut them. This is what the tutorial's
// makefile() does for a Python program (section 4.5.2).

import { BoundedBuffer } from './bounded-buffer.js';
import { tooLongError } from './errors.js';
import { LF } from './utf8.js';

export interface LineOptions {
  /** Whether what follows the last LF is a line too, unless it is empty; or the stream was cut off there. */
  readonly unfinished?: boolean;
  /** How long a line may be, in bytes. Without: for streams that this program itself or its user writes. */
  readonly maxLength?: number;
}

/**
 * The lines of a stream of UTF-8, each without its LF, as soon as it is whole. Errors of the stream pass through.
 * @throws OperationalError when a line is too long; the stream is then closed
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
