// The setup of io_uring(7), and whether it can be used here.

import { describe, errnoName, OperationalError } from '../errors.js';
import { bindings } from './bindings.js';
import { close } from './sockets.js';

const SETUP_CQSIZE = 1 << 3;
const SETUP_SUBMIT_ALL = 1 << 7;
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;
/** Of struct io_uring_params, in words of 32 bits. */
export const PARAMS_WORDS = 30;
/** Completions that fit for each submission; the kernel keeps further ones aside. */
const CQ_FACTOR = 4;

/** @throws OperationalError where the system has no io_uring, or an old one, or forbids it */
export function checkUring(): void {
  close(setup(1, new Uint32Array(PARAMS_WORDS)));
}

/** Why io_uring cannot be used here; undefined: it can. */
export function uringProblem(): string | undefined {
  try {
    checkUring();
    return undefined;
  } catch (error) {
    if (error instanceof OperationalError) return describe(error);
    throw error;
  }
}

/** @param params becomes what the kernel has set up. @returns the descriptor of the ring */
export function setup(entries: number, params: Uint32Array): number {
  params[1] = CQ_FACTOR * entries;
  params[2] = SETUP_CQSIZE | SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
  const fd = bindings().io_uring_setup?.(entries, params) ?? -1;
  if (fd < 0) throw unavailable();
  return fd;
}

export function unavailable(): OperationalError {
  const { io_uring_setup, errno } = bindings();
  if (io_uring_setup === undefined) return new OperationalError('ENOSYS', 'only Linux has io_uring');
  const code = errnoName(errno());
  const why =
    code === 'EPERM'
      ? 'the system or the container forbids it (see sysctl kernel.io_uring_disabled)'
      : 'it needs Linux 6.1 or newer';
  return new OperationalError(code, `io_uring does not work here: ${code}; ${why}`);
}
