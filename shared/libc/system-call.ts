// How a call of libc ends: with a result, with an outcome that callers must expect ("not now"), or with a SystemError.

import { constants } from 'node:os';
import { errnoName } from '../errors.js';
import { bindings } from './bindings.js';

/** The outcome "not now": nothing to read or to accept, no room to write (EAGAIN; Python raises an exception). */
export const EAGAIN = -1;

/** A system call failed. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  /** ECONNRESET and the like. */
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call} ${code}`);
    this.code = code;
  }
}

/** Repeats a call that a signal interrupts. @returns its result, or EAGAIN. @throws SystemError */
export function attempt(name: string, call: () => number): number {
  for (;;) {
    const result = call();
    if (result >= 0) return result;
    if (wouldBlock(name)) return EAGAIN;
  }
}

/** Whether a call that failed would have had to wait; false: a signal interrupted it. @throws SystemError for all else */
export function wouldBlock(name: string): boolean {
  const errno = bindings().errno();
  const { EINTR, EAGAIN } = constants.errno;
  if (errno !== EAGAIN && errno !== EINTR) throw new SystemError(name, errno);
  return errno === EAGAIN;
}
