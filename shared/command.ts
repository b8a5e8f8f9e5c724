// What all commands have in common: how a command line is read, and how a command ends.
// Exit status: 0 done; 1 the world failed; 2 wrong usage. Every failure is one line on stderr.

import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type { ArgumentsCamelCase, Argv, default as Yargs } from 'yargs';
import { errorCode, OperationalError, UsageError } from './errors.js';
import { visible } from './terminal.js';

const require = createRequire(import.meta.url);
/** As CommonJS: loaded as an ES module, yargs 17 breaks its help in the middle of words. */
const yargs = require('yargs') as typeof Yargs;
const { version } = require('../../package.json') as { version: string };

export interface CommandLine<Positionals extends object, Options extends object> {
  readonly name: string;
  /** As yargs writes them: `[host] [port]`. */
  readonly usage: string;
  readonly summary: string;
  readonly positionals: (yargs: Argv) => Argv<Positionals>;
  readonly options: (yargs: Argv) => Argv<Options>;
  /** The options that may be given several times. */
  readonly repeatable?: readonly string[];
  /** Pairs of a command and what it does. */
  readonly examples: ReadonlyArray<readonly [command: string, what: string]>;
}

/**
 * Reads the process's command line. --help, --version and completion print and end the process.
 * @throws UsageError
 */
export function readCommandLine<Positionals extends object, Options extends object>(
  spec: CommandLine<Positionals, Options>,
): ArgumentsCamelCase<Positionals & Options> {
  const args = process.argv.slice(2);
  // The options stand outside the command: there alone the shell's completion finds them.
  const command = spec.options(yargs(args)) as unknown as Argv;
  const parsed = command
    .scriptName(spec.name)
    .usage(`$0 ${spec.usage}\n\n${spec.summary}`)
    .parserConfiguration({ 'parse-numbers': false, 'parse-positional-numbers': false })
    .command(`$0 ${spec.usage}`.trimEnd(), false, spec.positionals)
    .example(spec.examples as Array<[string, string]>)
    .completion('completion', 'Print a script for the shell that completes options')
    .version(version)
    .updateStrings({ 'Not enough arguments following: %s': '--%s: expected a value, got nothing' })
    .strict()
    .wrap(100)
    .fail((message) => {
      throw new UsageError(message);
    })
    .parseSync() as unknown as ArgumentsCamelCase<Positionals & Options>;
  checkWritten(args, parsed, spec);
  return parsed;
}

/** What yargs swallows: words after --, --port for port, all but the last of an option's values, the 7 of --show=7. */
function checkWritten(
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
    const [, name, value] = /^--(?:no-)?([^=]+)=?(.*)$/.exec(arg) ?? [];
    if (name === undefined) continue;
    if (positionals.includes(name)) throw new UsageError(`${name}: expected without --, got --${name}`);
    if (seen.has(name) && !repeatable.includes(name))
      throw new UsageError(`--${name}: expected once, got it again`);
    if (typeof values.get(name) === 'boolean' && value)
      throw new UsageError(`--${name}: expected no value, got ${value}`);
    seen.add(name);
  }
}

/** Writes to stdout, no faster than its reader reads. Rejects when the reader has gone (EPIPE). */
export function print(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes a line to stderr, made safe for a terminal. */
export function tell(line: string): void {
  logLine(visible(line));
}

/** Writes a line to stderr that is safe for a terminal. */
export function logLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * The first SIGINT or SIGTERM stops in order, the second ends the process at once.
 * @param cutOff what has to be done before the process can end
 */
export function stopOnSignal(stop: () => void, cutOff?: (signal: NodeJS.Signals) => void): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) {
        cutOff?.(signal);
        process.exit(128 + constants.signals[signal]);
      }
      stopping = true;
      stop();
    });
  }
}

/** Runs a command to its end and turns what went wrong into a line on stderr and an exit status. */
export async function runCommand(name: string, main: () => Promise<void>): Promise<void> {
  process.stdout.on('error', () => {}); // whoever prints is told
  try {
    await main();
  } catch (error) {
    if (errorCode(error) === 'EPIPE') return; // a reader that has seen enough (`| head -1`) is no failure
    if (error instanceof UsageError) fail(2, `${name}: ${error.message} (see --help)`);
    else if (error instanceof OperationalError) fail(1, `${name}: ${error.message}`);
    else throw error;
  }
}

function fail(status: number, line: string): void {
  tell(line);
  process.exitCode = status;
}
