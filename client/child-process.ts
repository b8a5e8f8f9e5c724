// A child process of the load or of the laboratory: its pipes, its end and why it failed. Every child is killed when this
// process exits.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { errorCode, OperationalError } from '../shared/errors.js';

/** Characters of stderr that are kept, the last ones. */
const STDERR_LENGTH = 1_000;

const running = new Set<ChildProcessWithoutNullStreams>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Child {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when it has ended and its pipes are closed: undefined for exit status 0, else why it failed. */
  readonly ended: Promise<OperationalError | undefined>;

  constructor([program = '', ...args]: readonly string[]) {
    const child = spawn(program, args);
    this.#child = child;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    running.add(child);
    let code: string | undefined;
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr = `${stderr}${chunk}`.slice(-STDERR_LENGTH);
    });
    child.on('error', (error) => {
      code = errorCode(error);
      stderr = error.message;
    });
    child.stdin.on('error', () => {}); // EPIPE: `ended` says why
    this.ended = new Promise((resolve) => {
      child.on('close', (status, signal) => {
        running.delete(child);
        const ending = signal ?? `exit ${status}`;
        resolve(status === 0 ? undefined : new OperationalError(code ?? 'FAILED', stderr.trim() || ending));
      });
    });
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    await this.ended;
  }
}

/**
 * Runs a command to its end.
 * @returns what it wrote to stdout
 * @throws OperationalError with the end of its stderr, or its exit status or signal; ENOENT when there is no such program
 */
export async function output(command: readonly string[], timeoutMs?: number): Promise<string> {
  const child = new Child(command);
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill(), timeoutMs);
  const [stdout, failure] = await Promise.all([text(child.stdout), child.ended]);
  clearTimeout(timer);
  if (failure !== undefined) throw failure;
  return stdout;
}
