// Incremental lines: chunks of bytes in, whole lines out, however TCP cut them. This is what the tutorial's
// makefile() does for a Python program (section 4.5.2).

import { LF } from './letters.js';

/**
 * The lines of a stream of UTF-8, each without its LF, as soon as it is whole. Errors of the stream pass through.
 * @param unfinished whether what follows the last LF is a line too, unless it is empty; or the stream was cut off there
 */
export async function* lines(
  chunks: AsyncIterable<Uint8Array>,
  unfinished = true,
): AsyncGenerator<string, void, void> {
  let begun: Uint8Array[] = []; // joined once, at the LF: a long line costs no more than its length
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      begun.push(chunk.subarray(start, end));
      yield Buffer.concat(begun).toString();
      begun = [];
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (unfinished && begun.length > 0) yield Buffer.concat(begun).toString();
}
