// Defaults and limits of options with their units, and the checks for command lines and libraries.

import { constants } from 'node:buffer';
import type { Address } from './address.js';
import { UsageError } from './errors.js';

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 2000;
/** Bytes. A reply is the whole text, so at this length every letter costs its sender 1 MiB. */
export const DEFAULT_MAX_LENGTH = 1024 * 1024;
export const DEFAULT_MAX_CONNECTIONS = 10_000;
/** Clients of the I/O model threads: a worker thread takes 7 to 8 MB of memory and some 35 ms to start. */
export const DEFAULT_MAX_THREADS = 100;
/** Seconds in which a client must take something of its replies; 0: it need not. */
export const DEFAULT_STALL_TIMEOUT = 30;
/** Bytes that a client receives as one reply before it gives up: 64 times the text that a server holds by default. */
export const DEFAULT_MAX_REPLY = 64 * 1024 * 1024;
/** Connections that may wait to be accepted, as in Node. */
export const DEFAULT_BACKLOG = 511;

export const MAX_PORT = 65_535;
/** The longest that a timer can wait. */
export const MAX_WAIT_MS = 2 ** 31 - 1;
/** Bytes. */
export const LENGTH_LIMIT = 1024 * 1024 * 1024;
/** Bytes: a reply becomes a string. */
export const MAX_REPLY_LIMIT = constants.MAX_STRING_LENGTH;
export const CONNECTIONS_LIMIT = 1_000_000;
export const THREADS_LIMIT = 10_000;
export const BACKLOG_LIMIT = 65_535;
/** Seconds. */
export const STALL_TIMEOUT_LIMIT = 86_400;
/** Rounds of a few nanoseconds. */
export const CPU_ROUNDS_LIMIT = 1_000_000_000;
/** Milliseconds. */
export const IDLE_SLEEP_LIMIT = 60_000;

/** How bytes move between sockets and sessions (server/models). */
export const IO_MODELS = ['events', 'poll', 'uring', 'nonblocking', 'blocking', 'threads'] as const;
export type IoModelName = (typeof IO_MODELS)[number];

/** When letters are synced to disk: before they are answered, or when the system decides. */
export const SYNCS = ['always', 'never'] as const;
export type Sync = (typeof SYNCS)[number];

/**
 * Reads a whole number as yargs hands it over.
 * @param name as the user knows the option: `--clients`, or `port` for a positional
 * @throws UsageError that says expected and got
 */
export function wholeNumber(name: string, min: number, max: number): (value: unknown) => number {
  return (value) => {
    const text = String(value);
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new UsageError(`${name}: expected a whole number from ${min} to ${max}, got ${quote(value)}`);
  };
}

/** Reads a value that may be missing. */
export function optional<T>(read: (value: unknown) => T): (value: unknown) => T | undefined {
  return (value) => (value === undefined ? undefined : read(value));
}

/** An option with a whole number, for yargs. */
export function numberOption(name: string, min: number, max: number, byDefault: number, describe: string) {
  return { requiresArg: true, describe, default: byDefault, coerce: wholeNumber(name, min, max) } as const;
}

/** An option with a whole number and without a default, for yargs. */
export function optionalNumber(
  name: string,
  min: number,
  max: number,
  describe: string,
  defaultDescription?: string,
) {
  const coerce = optional(wholeNumber(name, min, max));
  return { requiresArg: true, describe, ...(defaultDescription && { defaultDescription }), coerce } as const;
}

/** Reads one of a few words as yargs hands it over. Throws UsageError. */
export function oneOf<T extends string>(name: string, words: readonly T[]): (value: unknown) => T {
  return (value) => {
    const text = String(value);
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw new UsageError(`${name}: expected ${words.join(', ')}, got ${quote(text)}`);
  };
}

/** One of a few words, for yargs: --help and the shell's completion have them, and what is none of them is a UsageError. */
export function choice<T extends string>(name: string, words: readonly T[]) {
  return { requiresArg: true, choices: words, coerce: oneOf(name, words) } as const;
}

/** Reads a text that is not empty as yargs hands it over. Throws UsageError. */
export function nonEmpty(name: string): (value: unknown) => string {
  return (value) => {
    if (typeof value === 'string' && value !== '') return value;
    throw new UsageError(`${name}: expected a text, got ${quote(value)}`);
  };
}

/** Reads a boolean of a program. Throws UsageError. */
export function flag(name: string): (value: unknown) => boolean {
  return (value) => {
    if (typeof value === 'boolean') return value;
    throw new UsageError(`${name}: expected true or false, got ${quote(value)}`);
  };
}

/** What each option of a program may be: reads a value, or throws a UsageError. */
export type Checks = ReadonlyMap<string, (value: unknown) => unknown>;

/**
 * Checks a program's options; one that is undefined is left out.
 * @throws UsageError that names the option which is misspelt, or is not what it may be
 */
export function checkOptions(options: object, checks: Checks): Record<string, unknown> {
  const given = Object.entries(options).flatMap(([name, value]) => {
    const check = checks.get(name);
    if (check === undefined)
      throw new UsageError(`${name}: no such option, expected ${[...checks.keys()].join(', ')}`);
    return value === undefined ? [] : [[name, check(value)] as const];
  });
  return Object.fromEntries(given);
}

/**
 * Reads where to listen: `[HOST:]PORT`, an IPv6 address in brackets. Without a host: on loopback alone.
 * @param name as the user knows the option
 * @throws UsageError that says expected and got
 */
export function listenAddress(name: string): (value: unknown) => Address {
  return (value) => {
    const text = String(value);
    const [, bracketed, plain = bracketed ?? DEFAULT_HOST, port = ''] =
      /^(?:(?:\[([\da-fA-F:.%\w]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
    if (port !== '' && Number(port) <= MAX_PORT) return { host: plain, port: Number(port) };
    throw new UsageError(`${name}: expected [HOST:]PORT, got ${quote(value)}`);
  };
}

/** Reads one host name or several as yargs and programs hand them over. Throws UsageError. */
export function hostNames(name: string): (value: unknown) => readonly string[] {
  return (value) => {
    const names = Array.isArray(value) ? value : [value];
    return names.map((one: unknown) => {
      if (typeof one === 'string' && /^[\w.-]+$/.test(one)) return one.toLowerCase();
      throw new UsageError(`${name}: expected a host name, got ${quote(one)}`);
    });
  };
}

/** The address that a server listens on, for yargs. */
export const LISTEN_HOST = {
  requiresArg: true,
  describe: 'Address to listen on; 0.0.0.0 accepts connections from other machines',
  default: DEFAULT_HOST,
  coerce: nonEmpty('--host'),
} as const;

/** The port that a server listens on, for yargs. */
export function listenPort(byDefault: number) {
  return {
    describe: 'TCP port; 0 chooses a free port',
    default: byDefault,
    coerce: wholeNumber('port', 0, MAX_PORT),
  } as const;
}

/** Where a client finds its server, for yargs; both must be given. */
export const SERVER_HOST = {
  describe: 'Host of the server',
  demandOption: true,
  coerce: nonEmpty('host'),
} as const;
export const SERVER_PORT = {
  describe: 'TCP port of the server',
  demandOption: true,
  coerce: wholeNumber('port', 1, MAX_PORT),
} as const;

/** How long a reply may be for a client, for yargs. */
export function replyLimit(describe: string) {
  return {
    requiresArg: true,
    describe,
    default: DEFAULT_MAX_REPLY,
    coerce: wholeNumber('--max-reply', 1, MAX_REPLY_LIMIT),
  } as const;
}

/** What was given instead: yargs hands over texts, a program anything. */
function quote(value: unknown): string {
  if (value === '') return 'nothing';
  return typeof value === 'number' ? String(value) : JSON.stringify(String(value));
}
