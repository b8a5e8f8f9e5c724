// What all commands share: reading the command line, printing, signals, and the exit status: 0 done; 1 the system failed; 2
// wrong usage. Every failure is one line on stderr.

import { writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArgumentsCamelCase, Argv, default as Yargs } from 'yargs';
import { errorCode, OperationalError, stdoutError, UsageError } from './errors.js';
import { escapeUnprintable, visiblePieces } from './escape.js';
import { openNonblocking, stderr } from './line-writer.js';

const require = createRequire(import.meta.url);
/** As CommonJS: as an ES module, yargs 17 wraps its help within words. */
const yargs = require('yargs') as typeof Yargs;
const { version } = require('../../package.json') as { version: string };
/** The longest pause before the next attempt to write to a terminal that is slow or stopped; the first is 1 ms. */
const MAX_RETRY_MS = 50;
/** The descriptor for a terminal on stdout; opened by the first write. */
let terminal: number | undefined;

export interface CommandLine<Positionals extends object, Options extends object> {
  readonly name: string;
  /** As yargs writes them: `[host] [port]`. */
  readonly usage: string;
  readonly summary: string;
  readonly positionals: (yargs: Argv) => Argv<Positionals>;
  readonly options: (yargs: Argv) => Argv<Options>;
  /** Options that may be repeated. */
  readonly repeatable?: readonly string[];
  /** Pairs of a command and what it does. */
  readonly examples: ReadonlyArray<readonly [command: string, what: string]>;
}

/** Thrown for a command line that only asks for text, such as --help; `runCommand` prints it. */
class Printed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Reads the process's command line, for a main function of `runCommand`.
 * @throws UsageError; Printed for --help, --version and completion
 */
export function readCommandLine<Positionals extends object, Options extends object>(
  spec: CommandLine<Positionals, Options>,
): ArgumentsCamelCase<Positionals & Options> {
  const args = process.argv.slice(2);
  let output = '';
  // Options are declared outside the command: otherwise the shell's completion does not find them.
  const command = spec.options(yargs(args)) as unknown as Argv;
  const parsed = command
    .scriptName(spec.name)
    .usage(`$0 ${spec.usage}\n\n${spec.summary}`)
    .parserConfiguration({
      'boolean-negation': false, // --no-journal would be a journal named "false"
      'dot-notation': false, // --journal.a b would be one named "[object Object]"
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .command(`$0 ${spec.usage}`.trimEnd(), false, spec.positionals)
    .example(spec.examples as Array<[string, string]>)
    .command(
      'completion', // not that of yargs, which would also run the command
      'Print a shell script for option completion',
      {},
      () => void command.showCompletionScript(),
    )
    .version(version)
    .updateStrings({ 'Not enough arguments following: %s': '--%s: expected a value, got nothing' })
    .strict()
    .wrap(100)
    .fail((message) => {
      throw new UsageError(message);
    })
    .parse(args, {}, (_error: unknown, _parsed: unknown, text: string) => {
      output = text;
    }) as unknown as ArgumentsCamelCase<Positionals & Options>;
  if (output !== '') throw new Printed(output);
  rejectIgnoredArguments(args, parsed, spec);
  return parsed;
}

/** What yargs ignores: words after --, --port for port, all but the last value of an option, the 7 of --verbose=7. */
function rejectIgnoredArguments(
  args: readonly string[],
  parsed: object,
  { usage, repeatable = [] }: { readonly usage: string; readonly repeatable?: readonly string[] },
): void {
  const positionals = usage.split(/\W+/);
  const values = new Map<string, unknown>(Object.entries(parsed));
  const words = values.get('_');
  if (Array.isArray(words) && words.length > 0)
    throw new UsageError(`expected nothing after --, got ${words[0]}`);
  const seen = new Set<string>();
  for (const arg of args) {
    const [, name, value] = /^--([^=]+)=?(.*)$/.exec(arg) ?? [];
    if (name === undefined) continue;
    if (positionals.includes(name)) throw new UsageError(`${name}: expected without --, got --${name}`);
    if (seen.has(name) && !repeatable.includes(name))
      throw new UsageError(`--${name}: expected once, got it again`);
    if (typeof values.get(name) === 'boolean' && value)
      throw new UsageError(`--${name}: expected no value, got ${value}`);
    seen.add(name);
  }
}

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
  // For a file, Node's stream takes a short write(2) for a complete one.
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

export interface Failure {
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
  failureLine = ({ message }: Failure) => escapeUnprintable(`${name}: ${message}`),
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

function failureOf(error: unknown): Failure | undefined {
  if (error instanceof UsageError) return { status: 2, message: `${error.message} (see --help)` };
  if (error instanceof OperationalError) return { status: 1, message: error.message };
  return undefined;
}
