// V8 compiles well what has been used often. So that the first clients do not wait for that, sessions are played for
// nobody: a paste of 1,000 letters into a new server is then answered in about half the time. It does no I/O, and
// what it appends goes to texts that are thrown away.

import { ReplyCoalescer } from '../models/reply-coalescer.js';
import { Session } from './session.js';
import { Text } from './text.js';
import { allocateTextBuffer } from './text-buffer.js';

const SESSIONS = 20;
const LETTERS = 250;

/** Begins when the event loop has nothing else to do, and goes on one session a turn: some 10 ms in all. */
export function warmUp(): void {
  const gather = new ReplyCoalescer(false);
  const letters = Buffer.alloc(LETTERS, 'a');
  const play = (left: number): void => {
    const session = new Session(new Text(allocateTextBuffer(LETTERS)));
    session.receive(letters);
    while (gather.next(session) !== undefined);
    if (left > 1) setImmediate(play, left - 1).unref();
  };
  setImmediate(play, SESSIONS).unref();
}
