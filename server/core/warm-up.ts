// JIT warm-up: runs throw-away sessions after listen(), so that V8 has compiled the hot path before the first client comes.
// A paste of 1,000 letters into a new server is then answered in about half the time. No I/O, and texts of its own.

import { Session } from './session.js';
import { Text } from './text.js';
import { allocateTextBuffer } from './text-buffer.js';

const SESSIONS = 20;
const LETTERS = 250;

/**
 * Runs one session per iteration of the event loop, some 10 ms in all.
 * @param output what takes a session's output for sending; it is thrown away
 */
export function warmUp(output: { next(session: Session): Uint8Array | undefined }): void {
  const letters = Buffer.alloc(LETTERS, 'a');
  const play = (left: number): void => {
    const session = new Session(new Text(allocateTextBuffer(LETTERS)));
    session.receive(letters);
    while (output.next(session) !== undefined);
    if (left > 1) setImmediate(play, left - 1).unref();
  };
  setImmediate(play, SESSIONS).unref();
}
