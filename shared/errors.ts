// What can go wrong, as types. A peer's misbehaviour is not here: it closes that connection and is logged.
// Nor is a programmer's mistake: that is an assertion, and ends the process with its stack.

import { constants } from 'node:os';
import { type Address, formatAddress } from './address.js';
import { plural } from './numbers.js';

/**
 * The command line, or a program's options, are wrong: exit status 2, or a TypeError for the program. The message is one
 * line that says expected and got.
 */
export class UsageError extends TypeError {
  override readonly name = 'UsageError';
}

/** The world failed (a port taken, a connection lost): exit status 1. The message says what, and what to do. */
export class OperationalError extends Error {
  override readonly name = 'OperationalError';
  /** A system error code such as EADDRINUSE, or one of ours. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** How svr begins a line that tells what went wrong; w and ps print none that begins so. */
export const FAILURE_MARK = 'svr: ';

/** How libuv, and so Node.js, reports an errno that it has no name for, such as EDQUOT. */
const UNNAMED = /Unknown system error -(\d+)/g;

/** The code of a system error; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? named(error.code) : undefined;
}

/** The name of an errno of this system, such as EDQUOT. */
export function errnoName(errno: number): string {
  return Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}

/** Why a server could not listen, in a line for the person who started it. */
export function listenError(cause: unknown, address: Address): OperationalError {
  const code = errorCode(cause) ?? 'UNKNOWN';
  const where = formatAddress(address);
  const known: Record<string, string> = {
    EADDRINUSE: `port ${address.port} is taken on ${address.host}; lsof -i :${address.port} shows by whom`,
    EACCES: `not allowed to listen on ${where}; ports below 1024 are for privileged programs, take a higher one`,
    EADDRNOTAVAIL: `${address.host} is not an address of this machine; leave --host out, or use 0.0.0.0 for all of them`,
    ENOTFOUND: `cannot find the host ${address.host}`,
    ENODEV: `${address.host} names an interface that this machine has not`,
  };
  return new OperationalError(code, known[code] ?? `cannot listen on ${where}: ${describe(cause)}`, cause);
}

/**
 * Why a client could not connect, in a line for the person who started it.
 * @param server the command that starts a server of the wanted kind
 */
export function connectError(cause: unknown, address: Address, server: string): OperationalError {
  const code = errorCode(cause) ?? 'UNKNOWN';
  const where = formatAddress(address);
  const known: Record<string, string> = {
    ECONNREFUSED: `no server at ${where}; start one first, with: ${server} ${address.port}`,
    ENOTFOUND: `cannot find the host ${address.host}`,
    ECONNRESET: `${where} has closed the connection at once; its log says why`,
  };
  return new OperationalError(code, known[code] ?? `cannot connect to ${where}: ${describe(cause)}`, cause);
}

/** Why a command could not print its results. */
export function stdoutError(cause: unknown): OperationalError {
  return new OperationalError(
    errorCode(cause) ?? 'UNKNOWN',
    `cannot write to stdout: ${describe(cause)}`,
    cause,
  );
}

/** Why a connection ended before its time. */
export function lostError(cause: unknown, address: Address): OperationalError {
  const known: Record<string, string> = {
    EPIPE: 'the server has closed it', // node:net itself says "This socket has been ended by the other party"
  };
  const why = known[errorCode(cause) ?? ''] ?? describe(cause);
  return new OperationalError('LOST', `lost the connection to ${formatAddress(address)}: ${why}`, cause);
}

/** A client has limited how many bytes it receives as one reply, and there were more. */
export function tooLongError(maxReply: number): OperationalError {
  const message = `the reply is longer than ${plural(maxReply, 'byte')}; --max-reply sets the limit`;
  return new OperationalError('TOO_LONG', message);
}

/** What an error says, in a line. */
export function describe(error: unknown): string {
  return named(error instanceof Error ? error.message : String(error));
}

function named(message: string): string {
  return message.replace(UNNAMED, (_all, errno: string) => errnoName(Number(errno)));
}
