// The options of strcheck, and which server or class a command line means.

import { statSync } from 'node:fs';
import { isLoopback } from '../../shared/address.js';
import { readCommandLine } from '../../shared/command-line.js';
import { OperationalError, UsageError } from '../../shared/errors.js';
import {
  choice,
  DEFAULT_HOST,
  MAX_PORT,
  nonEmpty,
  oneOf,
  optional,
  optionalNumber,
  wholeNumber,
} from '../../shared/options.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { CHECKS } from './all-checks.js';
import type { Target } from './checked-server.js';
import { LEVELS } from './protocol-level.js';
import { REPORTS, type ReportName } from './report/all.js';

const REPORT_NAMES = Object.keys(REPORTS) as ReportName[];

export type StrcheckOptions = ReturnType<typeof readOptions>;

/** @throws UsageError, OperationalError */
export function readTarget(command: readonly string[] | undefined, options: StrcheckOptions): Target {
  const { host, port, csv, yesRemote } = options;
  if (csv !== undefined) throw new UsageError('expected --csv together with --class');
  if (command !== undefined) {
    if (host !== undefined) throw new UsageError('expected either a host and a port or -- COMMAND, got both');
    return { command: startable(command) };
  }
  if (host === undefined) throw new UsageError('expected a port or -- COMMAND, got neither');
  const portAlone = port === undefined;
  const address = portAlone
    ? { host: DEFAULT_HOST, port: wholeNumber('port', 1, MAX_PORT)(host) }
    : { host: host === 'localhost' ? DEFAULT_HOST : host, port };
  if (!isLoopback(address) && !yesRemote)
    throw new UsageError(
      `${address.host} is another machine; --yes-remote says that you may check its server`,
    );
  return { address };
}

/**
 * The folder of a class, and how to start each server if not as its files say.
 * @throws UsageError, OperationalError
 */
export function readClass(
  command: readonly string[] | undefined,
  folder: string,
  { host, report }: StrcheckOptions,
): { readonly folder: string; readonly command?: readonly string[] } {
  if (host !== undefined) throw new UsageError('expected either --class or a host and a port, got both');
  if (report !== undefined) throw new UsageError('expected --csv for a class, got --report');
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`--class: expected a folder, got ${JSON.stringify(folder)}`);
  requireProc();
  return { folder, ...(command !== undefined && { command: startable(command) }) };
}

function startable(command: readonly string[]): readonly string[] {
  if (command.length === 0) throw new UsageError('expected a command after --, got nothing');
  if (!command.some((word) => word.includes('{port}')))
    throw new UsageError('expected {port} in the command, in place of the port');
  requireProc();
  return command;
}

function requireProc(): void {
  if (!HAS_PROC)
    throw new OperationalError(
      'NO_PROC',
      'a command can be checked on Linux only; start it, and give its port',
    );
}

export function readOptions() {
  const ids = CHECKS.map(({ id }) => id);
  return readCommandLine({
    name: 'strcheck',
    usage: '[host] [port]',
    summary:
      'Check a server of this protocol, in whatever language it is written, and say what is wrong and why. Either a server ' +
      'that runs, or, after --, the command that starts one, with {port} in place of the port; then all checks can be made. ' +
      'No other client may send meanwhile. For its speed, load it with strlab drive',
    positionals: {
      host: {
        describe: `Host of the server (${DEFAULT_HOST}); a single number is the port`,
        coerce: optional(nonEmpty('host')),
      },
      port: {
        describe: 'TCP port of the server',
        coerce: optional(wholeNumber('port', 1, MAX_PORT)),
      },
    },
    options: {
      list: { describe: 'List the checks and exit', boolean: true, default: false },
      only: {
        requiresArg: true,
        describe: 'Only these checks, with commas between them',
        coerce: optional((value) => nonEmpty('--only')(value).split(',').map(only(ids))),
      },
      level: {
        ...choice('--level', LEVELS),
        describe: 'Judge the server by the checks of this level',
        defaultDescription: 'what the server speaks',
        coerce: optional(oneOf('--level', LEVELS)),
      },
      report: {
        ...choice('--report', REPORT_NAMES),
        describe: 'Print a report for a program; the exit status is 0 if the server was graded',
        coerce: optional(oneOf('--report', REPORT_NAMES)),
      },
      class: {
        requiresArg: true,
        describe: 'Build and check each submission in this folder: a file or folder a student',
        coerce: optional(nonEmpty('--class')),
      },
      csv: {
        requiresArg: true,
        describe: 'With --class: write the grades to this file, one row a student',
        coerce: optional(nonEmpty('--csv')),
      },
      seed: optionalNumber('--seed', 0, 2 ** 31 - 1, 'The same seed sends the same letters', 'random'),
      'yes-remote': {
        describe: 'Check a server on another machine',
        boolean: true,
        default: false,
      },
    },
    examples: [
      ['strcheck -- python3 server.py {port}', 'start the server and make all checks'],
      ['strcheck 2000', 'check a server that runs on this machine'],
      ['strcheck --only lunch -- ./server {port}', 'one check'],
      ['strcheck --class submissions --csv grades.csv', 'grade a class'],
    ],
  });
}

function only(ids: readonly string[]) {
  return (id: string): string => {
    if (ids.includes(id)) return id;
    throw new UsageError(`--only: expected names that --list prints, got ${JSON.stringify(id)}`);
  };
}
