// Defaults with their units and limits, and the checks that the words of every command line go through.

import { UsageError } from './errors.js';

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 2000;
/** Bytes. A reply is the whole text, so at this length every letter costs its sender 1 MiB. */
export const DEFAULT_MAX_LENGTH = 1024 * 1024;
export const DEFAULT_MAX_CONNECTIONS = 10_000;
/** Clients of the I/O model threads: a worker thread takes 7 to 8 MB of memory and some 35 ms to start. */
export const DEFAULT_MAX_THREADS = 100;
/** Connections that may wait to be accepted, as in Node. */
export const DEFAULT_BACKLOG = 511;

export const MAX_PORT = 65_535;
/** Bytes. */
export const MAX_MAX_LENGTH = 1024 * 1024 * 1024;
export const MAX_MAX_CONNECTIONS = 1_000_000;
export const MAX_MAX_THREADS = 10_000;
export const MAX_BACKLOG = 65_535;
/** Milliseconds. */
export const MAX_NAP = 60_000;

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
    throw new UsageError(`${name}: expected a whole number from ${min} to ${max}, got ${quote(text)}`);
  };
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

/** Reads a text that is not empty as yargs hands it over. Throws UsageError. */
export function nonEmpty(name: string): (value: unknown) => string {
  return (value) => {
    const text = String(value);
    if (text !== '') return text;
    throw new UsageError(`${name}: expected a text, got nothing`);
  };
}

function quote(text: string): string {
  return text === '' ? 'nothing' : JSON.stringify(text);
}
