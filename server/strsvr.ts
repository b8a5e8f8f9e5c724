#!/usr/bin/env node
// The command: options in, signals, exit status. stdout carries the listening line and the final value, for people
// and scripts; everything else goes to stderr.

import { formatAddress } from '../shared/address.js';
import { logLine, print, readCommandLine, runCommand, stopOnSignal } from '../shared/command.js';
import { errorCode, UsageError } from '../shared/errors.js';
import {
  DEFAULT_BACKLOG,
  DEFAULT_HOST,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_LENGTH,
  DEFAULT_MAX_THREADS,
  DEFAULT_PORT,
  DEFAULT_STALL_TIMEOUT,
  LISTEN_HOST,
  listenPort,
  MAX_BACKLOG,
  MAX_MAX_CONNECTIONS,
  MAX_MAX_LENGTH,
  MAX_MAX_THREADS,
  MAX_NAP,
  MAX_STALL_TIMEOUT,
  MAX_WORK,
  nonEmpty,
  oneOf,
  SYNCS,
  wholeNumber,
} from '../shared/options.js';
import { IO_MODELS, type IoModelName } from './io/model.js';
import { networks } from './io/networks.js';
import { type LogFormat, render } from './log.js';
import { type StringServerOptions, startStringServer } from './string-server.js';

const FINAL_VALUE = Buffer.from('the final value of v is ');

/** Whether a call to the disk hangs. */
let stuck = false;

await runCommand('strsvr', async () => {
  const { log, show, ...options } = readOptions();
  const server = await startStringServer({
    ...options,
    detailed: show && log !== 'silent',
    onEvent: (entry) => {
      const line = render(entry, log, show);
      if (line !== undefined) logLine(line);
    },
  });
  // A process cannot end while one of its threads sleeps in a call of the system.
  stopOnSignal(
    () => void server.stop(),
    (signal) => {
      server.cutOff();
      if (options.journal !== undefined) endBy(signal); // the thread may be with the disk
    },
  );
  await print(`listening on ${formatAddress(server.address)} (${options.io})\n`);
  const { text } = await server.closed.catch((error: unknown) => {
    stuck = errorCode(error) === 'HUNG';
    throw error;
  });
  await print(Buffer.concat([FINAL_VALUE, text, Buffer.from('\n')]));
});

// Not the signal that asked for the stop: whoever supervises the server must not take this for an orderly end.
if (stuck) endBy('SIGKILL');

/** Ends the process whatever its threads do; process.exit would wait for them. */
function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function readOptions(): Partial<StringServerOptions> & { io: IoModelName; log: LogFormat; show: boolean } {
  const options = readCommandLine({
    name: 'strsvr',
    usage: '[port]',
    summary:
      'Keep one string for everybody: append each letter that a client sends, send the whole string back',
    positionals: (yargs) => yargs.positional('port', listenPort(DEFAULT_PORT)),
    options: (yargs) =>
      yargs
        .option('host', LISTEN_HOST)
        .option('clients', {
          requiresArg: true,
          describe: 'Take so many clients and end when all have gone',
          coerce: wholeNumber('--clients', 1, Number.MAX_SAFE_INTEGER),
        })
        .option('max-length', {
          requiresArg: true,
          describe: 'Longest text, in bytes',
          default: DEFAULT_MAX_LENGTH,
          coerce: wholeNumber('--max-length', 1, MAX_MAX_LENGTH),
        })
        .option('journal', {
          requiresArg: true,
          describe: 'events: keep the text in this file; a letter is answered when it is on disk',
          coerce: nonEmpty('--journal'),
        })
        .option('sync', {
          requiresArg: true,
          describe:
            'With --journal: always answers letters when they are on disk, never does not wait (always)',
          coerce: oneOf('--sync', SYNCS),
        })
        .option('max-connections', {
          requiresArg: true,
          describe: 'Most clients connected at the same time; more are refused',
          default: DEFAULT_MAX_CONNECTIONS,
          coerce: wholeNumber('--max-connections', 1, MAX_MAX_CONNECTIONS),
        })
        .option('allow', {
          requiresArg: true,
          describe: 'Let in addresses of this network alone, such as 10.0.0.0/8; may be given several times',
          coerce: networks('--allow'),
        })
        .option('stall-timeout', {
          requiresArg: true,
          describe: 'Close who takes next to nothing of its replies for so many seconds; 0: never',
          default: DEFAULT_STALL_TIMEOUT,
          coerce: wholeNumber('--stall-timeout', 0, MAX_STALL_TIMEOUT),
        })
        .option('io', {
          requiresArg: true,
          describe: `I/O model: ${IO_MODELS.join(', ')}`,
          default: IO_MODELS[0],
          coerce: oneOf('--io', IO_MODELS),
        })
        .option('nap', {
          requiresArg: true,
          describe: 'nonblocking: sleep so many ms when a whole round has found nothing',
          coerce: wholeNumber('--nap', 0, MAX_NAP),
        })
        .option('max-threads', {
          requiresArg: true,
          describe: `threads: most clients at the same time; more are refused (${DEFAULT_MAX_THREADS})`,
          coerce: wholeNumber('--max-threads', 1, MAX_MAX_THREADS),
        })
        .option('lock', {
          describe: 'threads: lock the text while a letter is appended; --no-lock shows why',
          boolean: true,
          default: true,
        })
        .option('work', {
          requiresArg: true,
          describe: 'Compute so many rounds before each letter is appended; for the laboratory',
          coerce: wholeNumber('--work', 0, MAX_WORK),
        })
        .option('backlog', {
          requiresArg: true,
          describe: `How many connections may wait to be accepted (${DEFAULT_BACKLOG})`,
          coerce: wholeNumber('--backlog', 0, MAX_BACKLOG),
        })
        .option('trace', {
          requiresArg: true,
          describe: 'At the end, write what happened to a file for ui.perfetto.dev or chrome://tracing',
          coerce: nonEmpty('--trace'),
        })
        .option('show', {
          describe: 'Tell on stderr what is read and written, letters included',
          boolean: true,
          default: false,
        })
        .option('nagle', {
          describe: "Leave Nagle's algorithm on, and a reply and its line end to two writes: see the delay",
          boolean: true,
          default: false,
        })
        .option('log', {
          requiresArg: true,
          describe: 'How to tell what happens, on stderr: text, json or silent',
          default: 'text' as const,
          coerce: oneOf('--log', ['text', 'json', 'silent']),
        }),
    repeatable: ['allow'],
    examples: [
      ['strsvr', `listen on ${DEFAULT_HOST}:${DEFAULT_PORT} until Ctrl-C`],
      ['strsvr 2000 --clients 2 --show', "the tutorial's session, told as it happens"],
      ['strsvr 0 --host 0.0.0.0', 'a free port, open to other machines'],
      ['strsvr 2000 --host 0.0.0.0 --allow 192.168.1.0/24', 'open to those of one network'],
    ],
  });
  const { io, lock, nap: napMs = 0, maxThreads = DEFAULT_MAX_THREADS, backlog = DEFAULT_BACKLOG } = options;
  const { journal, sync = 'always', allow = [], stallTimeout, work = 0 } = options;
  if (options.nap !== undefined && io !== 'nonblocking') throw misplaced('--nap', 'nonblocking');
  if (options.maxThreads !== undefined && io !== 'threads') throw misplaced('--max-threads', 'threads');
  if (!lock && io !== 'threads') throw misplaced('--no-lock', 'threads');
  if (journal !== undefined && io !== 'events') throw misplaced('--journal', 'events');
  if (journal === undefined && options.sync !== undefined) throw new UsageError('--sync wants a --journal');
  return {
    ...options,
    napMs,
    maxThreads,
    backlog,
    journal,
    sync,
    allow,
    work,
    stallTimeoutMs: 1000 * stallTimeout,
  };
}

function misplaced(option: string, io: IoModelName): UsageError {
  return new UsageError(`${option} is for --io ${io} alone`);
}
