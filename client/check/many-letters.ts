// Letters whose replies together are more than the kernel's buffers hold.

import type { CheckContext } from './check-context.js';
import type { WireClient } from './wire-client.js';

/** Their replies together are 12.5 MB. */
const LETTERS = 5_000;
/** At level tutorial the replies fit into the kernel's buffers: the tutorial's own server sends each with one send(). */
const TUTORIAL_LETTERS = 1_000;

export function manyLetters(context: CheckContext): string {
  return context.letters(context.level === 'tutorial' ? TUTORIAL_LETTERS : LETTERS);
}

/** Receives the reply to each of these letters. */
export async function receiveReplies(
  { text }: CheckContext,
  client: WireClient,
  letters: string,
): Promise<void> {
  const whole = Buffer.concat([text, Buffer.from(letters)]);
  for (let end = text.length + 1; end <= whole.length; end += 1) await client.receive(whole.subarray(0, end));
}
