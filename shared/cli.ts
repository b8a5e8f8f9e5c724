// What all commands share: printing, signals, and the exit status: 0 done; 1 the system failed; 2 wrong usage. Every failure
// is one line on stderr. command-line.ts reads the command line.

import { writeFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Printed } from './command-line.js';
import { errorCode, OperationalError, stdoutError, UsageError } from './errors.js';
import { escapeUnprintable, visiblePieces } from './escape.js';
import { openNonblocking, stderr } from './line-writer.js';

/** The longest pause before the next attempt to write to a terminal that is slow or stopped; the first is 1 ms. */
const MAX_RETRY_MS = 50;
/** The descriptor for a terminal on stdout; opened by the first write. */
let terminal: number | undefined;

/**
 * Writes to stdout, with backpressure.
 * @throws OperationalError if it cannot be written, as on a full disk; EPIPE unchanged if the reader is gone
 */
export async function print(text: string | Uint8Array): Promise<void> {
  try {
    await writeToStdout(text);
  } catch (error) {
    if (errorCode(error) === 'EPIPE') throw error;
    throw stdoutError(error);
  }
}

async function writeToStdout(text: string | Uint8Array): Promise<void> {
  const { stdout } = process;
  if (stdout.isTTY) return writeToTerminal(Buffer.from(text));
  // For a file, Node's stream treats a short write(2) as complete.
  if (!(stdout instanceof Socket)) return writeFileSync(1, text);
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** While the terminal is stopped (Ctrl-S) signals are handled; Node's stream would block the process. */
async function writeToTerminal(bytes: Buffer): Promise<void> {
  terminal ??= openNonblocking('stdout');
  let retryMs = 1;
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(terminal, bytes, written);
      retryMs = 1;
    } catch (error) {
      /* c8 ignore next -- EIO: the terminal is gone, and coverage with it */
      if (errorCode(error) !== 'EAGAIN') throw error;
      await sleep(retryMs);
      retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
    }
  }
}

/** Prints a line of untrusted text, escaped. */
export async function printLine(line: string): Promise<void> {
  let last = '';
  for (const piece of visiblePieces(line)) {
    if (last !== '') await print(last);
    last = piece;
  }
  await print(`${last}\n`);
}

/** Writes an escaped line to stderr. */
export function logLine(line: string): void {
  stderr.write(escapeUnprintable(line));
}

/**
 * The first SIGINT, SIGTERM or SIGHUP (a closed terminal) calls `stop`, the second exits at once.
 * @param beforeExit called before that exit
 */
export function stopOnSignal(stop: () => void, beforeExit?: (signal: NodeJS.Signals) => void): void {
  ignoreDebuggerSignal();
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) {
        beforeExit?.(signal);
        /* c8 ignore next -- a process that kills itself reports no coverage */
        if (stderr.hung) killSelf(signal);
        process.exit(128 + constants.signals[signal]);
      }
      stopping = true;
      stop();
    });
  }
}

/**
 * For servers: without a handler, SIGUSR1 makes Node.js open its debugger on a TCP port to every user of the machine.
 * Node.js 22.14 and newer have --disable-sigusr1, but only on node's own command line.
 */
export function ignoreDebuggerSignal(): void {
  process.on('SIGUSR1', () => {});
}

/** Ends the process at once; process.exit would wait for the system calls of its threads. */
export function killSelf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

export interface CommandFailure {
  readonly status: 1 | 2;
  readonly message: string;
}

/**
 * Runs a command and turns an error into a line on stderr and an exit status.
 * @param failureLine formats that line
 */
export async function runCommand(
  name: string,
  main: () => Promise<void>,
  failureLine = ({ message }: CommandFailure) => escapeUnprintable(`${name}: ${message}`),
): Promise<void> {
  process.stdout.on('error', () => {}); // print() rejects
  process.stderr.on('error', () => {}); // Node.js itself writes its warnings there
  process.once('exit', () => stderr.flushSync());
  try {
    await main().catch((thrown: unknown) => {
      if (thrown instanceof Printed) return print(`${thrown.text}\n`);
      throw thrown;
    });
  } catch (error) {
    if (errorCode(error) === 'EPIPE') return; // a reader that has closed the pipe (`| head -1`) is no failure
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    stderr.write(failureLine(failure));
    process.exitCode = failure.status;
  } finally {
    await stderr.flush();
    /* c8 ignore next -- the same */
    if (stderr.hung) killSelf('SIGKILL');
  }
}

function failureOf(error: unknown): CommandFailure | undefined {
  if (error instanceof UsageError) return { status: 2, message: `${error.message} (see --help)` };
  if (error instanceof OperationalError) return { status: 1, message: error.message };
  return undefined;
}
