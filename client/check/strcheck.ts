#!/usr/bin/env node
// The command: which server, which checks, which report; progress while it runs.
// Exit status: 0 all passed (with --report: graded), 1 a check failed, 2 wrong usage, 3 the server could not be judged.

import { constants } from 'node:os';
import { isLoopback } from '../../shared/address.js';
import { logLine, print, runCommand } from '../../shared/cli.js';
import { readCommandLine } from '../../shared/command-line.js';
import { OperationalError, UsageError } from '../../shared/errors.js';
import { choice, DEFAULT_HOST, MAX_PORT, nonEmpty, wholeNumber } from '../../shared/options.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { Progress } from '../progress.js';
import { CHECKS } from './all-checks.js';
import type { Grade } from './check.js';
import type { Target } from './checked-server.js';
import { LEVELS } from './protocol-level.js';
import { REPORTS, type ReportName } from './report/all.js';
import { terminalReport } from './report/terminal.js';
import { gradeServer, TOO_BUSY } from './run-checks.js';

const NOT_JUDGED = 3;
const REPORT_NAMES = Object.keys(REPORTS) as ReportName[];

/** Without a handler a signal would end this process without its 'exit', and so leave servers behind. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(128 + constants.signals[signal]));

await runCommand('strcheck', async () => {
  const command = takeCommand();
  const options = readOptions();
  if (options.list) return print(list());
  const target = readTarget(command, options);
  const progress = new Progress('{value} of {total} checks: {what}');
  try {
    const grade = await gradeServer(target, {
      ...(options.level !== undefined && { level: options.level }),
      ...(options.only !== undefined && { only: options.only }),
      seed: options.seed ?? Math.floor(Math.random() * 2 ** 31),
      onResult: (done, total, { id }) => progress.show(done, total, id),
    }).finally(() => progress.stop());
    await printGrade(grade, options.report, command ?? process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    logLine(`strcheck: ${error.message}`);
    process.exitCode = NOT_JUDGED;
  }
});

async function printGrade(
  grade: Grade,
  report: ReportName | undefined,
  target: readonly string[],
): Promise<void> {
  const counted = grade.results.filter(({ counts }) => counts);
  if (report === undefined) {
    await print(terminalReport(grade, `strcheck --only ID ${'--'} ${target.join(' ')}`));
    if (counted.some(({ status }) => status !== 'passed')) process.exitCode = 1;
  } else {
    await print(REPORTS[report](grade));
  }
  const busy = grade.results.some(({ why }) => why === TOO_BUSY);
  if (counted.length === 0 || busy) process.exitCode = NOT_JUDGED;
}

/** Removes `-- COMMAND …` from the command line, for the options are read without it. */
function takeCommand(): string[] | undefined {
  const start = process.argv.indexOf('--', 2);
  return start < 0 ? undefined : process.argv.splice(start).slice(1);
}

type Options = ReturnType<typeof readOptions>;

function readTarget(command: readonly string[] | undefined, { host, port, yesRemote }: Options): Target {
  if (command !== undefined) {
    if (host !== undefined) throw new UsageError('expected either a host and a port or -- COMMAND, got both');
    if (command.length === 0) throw new UsageError('expected a command after --, got nothing');
    if (!command.some((word) => word.includes('{port}')))
      throw new UsageError('expected {port} in the command, in place of the port');
    if (!HAS_PROC)
      throw new OperationalError(
        'NO_PROC',
        'a command can be checked on Linux only; start it, and give its port',
      );
    return { command };
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

function list(): string {
  const rows = CHECKS.map(
    ({ id, level, points, title }) =>
      `${id.padEnd(13)}${level.padEnd(10)}${String(points).padStart(2)}  ${title}`,
  );
  return `${rows.join('\n')}\n`;
}

function readOptions() {
  const ids = CHECKS.map(({ id }) => id);
  return readCommandLine({
    name: 'strcheck',
    usage: '[host] [port]',
    summary:
      'Check a server of this protocol, in whatever language it is written, and say what is wrong and why. Either a server ' +
      'that runs, or, after --, the command that starts one, with {port} in place of the port; then all checks can be made. ' +
      'No other client may send meanwhile. For its speed: strlab drive',
    positionals: {
      host: {
        describe: `Host of the server (${DEFAULT_HOST}); a single number is the port`,
        coerce: (value: unknown) => (value === undefined ? undefined : nonEmpty('host')(value)),
      },
      port: {
        describe: 'TCP port of the server',
        coerce: (value: unknown) =>
          value === undefined ? undefined : wholeNumber('port', 1, MAX_PORT)(value),
      },
    },
    options: {
      list: { describe: 'List the checks and exit', boolean: true, default: false },
      only: {
        requiresArg: true,
        describe: 'Only these checks, with commas between them',
        coerce: (value: unknown) => {
          if (value === undefined) return undefined;
          return nonEmpty('--only')(value).split(',').map(only(ids));
        },
      },
      level: {
        ...choice('--level', LEVELS),
        describe: 'Judge the server by the checks of this level',
        defaultDescription: 'what the server speaks',
        coerce: (value: unknown) =>
          value === undefined ? undefined : choice('--level', LEVELS).coerce(value),
      },
      report: {
        ...choice('--report', REPORT_NAMES),
        describe: 'Print a report for a program; the exit status is 0 if the server was graded',
        coerce: (value: unknown) =>
          value === undefined ? undefined : choice('--report', REPORT_NAMES).coerce(value),
      },
      seed: {
        requiresArg: true,
        describe: 'The same seed sends the same letters',
        defaultDescription: 'random',
        coerce: (value: unknown) =>
          value === undefined ? undefined : wholeNumber('--seed', 0, 2 ** 31 - 1)(value),
      },
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
    ],
  });
}

function only(ids: readonly string[]) {
  return (id: string): string => {
    if (ids.includes(id)) return id;
    throw new UsageError(`--only: expected names that --list prints, got ${JSON.stringify(id)}`);
  };
}
