// Errors of usage and of the system, as types. A misbehaving peer is no error: its connection is closed, and that is logged.
// A bug is an assertion, and ends the process with its stack.

import { constants } from 'node:os';
import { type Address, formatAddress } from './address.js';
import { plural } from './numbers.js';

/**
 * A command line or an option of the library is wrong: exit status 2, or a TypeError. The message is one line that says what
 * was expected and what was given.
 */
export class UsageError extends TypeError {
  override readonly name = 'UsageError';
}

/** The system failed (a port taken, a connection lost): exit status 1. The message says what failed and what to do. */
export class OperationalError extends Error {
  override readonly name = 'OperationalError';
  /** A system error code such as EADDRINUSE, or one of ours. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The prefix of svr's error lines; no line of w or ps begins with it. */
export const FAILURE_MARK = 'svr: ';

/** How libuv, and therefore Node.js, reports an errno without a name, such as EDQUOT. */
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

/** Why a server could not listen, in one line for its operator. */
export function listenError(cause: unknown, address: Address): OperationalError {
  const code = errorCode(cause) ?? 'UNKNOWN';
  const where = formatAddress(address);
  const known: Record<string, string> = {
    EADDRINUSE: `port ${address.port} is taken on ${address.host}; lsof -i :${address.port} shows by whom`,
    EACCES: `not allowed to listen on ${where}; ports below 1024 are for privileged programs, take a higher one`,
    EADDRNOTAVAIL: `${address.host} is not an address of this machine; use 127.0.0.1, or 0.0.0.0 for all its addresses`,
    ENOTFOUND: `cannot find the host ${address.host}`,
    ENODEV: `${address.host} names an interface that this machine does not have`,
  };
  return new OperationalError(code, known[code] ?? `cannot listen on ${where}: ${describe(cause)}`, cause);
}

/**
 * Why a client could not connect, in one line for its user.
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

/** Why a connection was lost. */
export function lostError(cause: unknown, address: Address): OperationalError {
  const known: Record<string, string> = {
    EPIPE: 'the server has closed it', // node:net itself says "This socket has been ended by the other party"
  };
  const why = known[errorCode(cause) ?? ''] ?? describe(cause);
  return new OperationalError('LOST', `lost the connection to ${formatAddress(address)}: ${why}`, cause);
}

/** A reply exceeds the client's limit. */
export function tooLongError(maxReply: number): OperationalError {
  const message = `the reply is longer than the maximum of ${plural(maxReply, 'byte')}`;
  return new OperationalError('TOO_LONG', message);
}

/** The message of an error, in one line. */
export function describe(error: unknown): string {
  return named(error instanceof Error ? error.message : String(error));
}

function named(message: string): string {
  return message.replace(UNNAMED, (_all, errno: string) => errnoName(Number(errno)));
}
