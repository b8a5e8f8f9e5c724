// JIT warm-up: runs throw-away sessions after listen(), so that V8 has compiled the hot path before the first client comes.
// A paste of 1,000 letters into a new server is then answered in about half the time. No I/O, and texts of its own.

import { Session } from './session.js';
import { Text } from './text.js';
import { allocateTextBuffer } from './text-buffer.js';

const SESSIONS = 20;
const LETTERS = 250;

/**
 * Runs one session per iteration of the event loop, some 10 ms in all.
 * @param output creates the output of a text for its sessions; the bytes are discarded
 */
export function warmUp(output: (text: Text) => { next(session: Session): Uint8Array | undefined }): void {
  const letters = Buffer.alloc(LETTERS, 'a');
  const play = (left: number): void => {
    const text = new Text(allocateTextBuffer(LETTERS));
    const [session, sessionOutput] = [new Session(text), output(text)];
    session.receive(letters);
    while (sessionOutput.next(session) !== undefined);
    if (left > 1) setImmediate(play, left - 1).unref();
  };
  setImmediate(play, SESSIONS).unref();
}
