#!/usr/bin/env node
// The command: options in, signals, exit status. stdout carries the listening line and the final value, for people
// and scripts; everything else goes to stderr.

import { StringDecoder } from 'node:string_decoder';
import { formatAddress } from '../shared/address.js';
import { type Failure, killSelf, print, readCommandLine, runCommand, stopOnSignal } from '../shared/cli.js';
import { errorCode, UsageError } from '../shared/errors.js';
import { escapeUnprintable } from '../shared/escape.js';
import { stderr } from '../shared/line-writer.js';
import {
  BACKLOG_LIMIT,
  CONNECTIONS_LIMIT,
  CPU_ROUNDS_LIMIT,
  choice,
  DEFAULT_BACKLOG,
  DEFAULT_HOST,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_LENGTH,
  DEFAULT_MAX_THREADS,
  DEFAULT_PORT,
  DEFAULT_STALL_TIMEOUT,
  IDLE_SLEEP_LIMIT,
  LENGTH_LIMIT,
  LISTEN_HOST,
  listenPort,
  nonEmpty,
  STALL_TIMEOUT_LIMIT,
  SYNCS,
  THREADS_LIMIT,
  wholeNumber,
} from '../shared/options.js';
import { parseNetworks } from './limits/ip-allow-list.js';
import type { ServerEvent } from './log/events.js';
import { formatJson } from './log/json-format.js';
import { entryOf } from './log/log.js';
import { formatText } from './log/text-format.js';
import { IO_MODELS, type IoModelName } from './models/model.js';
import { startStringServer } from './string-server.js';

const PIECE_BYTES = 64 * 1024;

/** Whether a call to the disk hangs. */
let stuck = false;

/** Known before the options are: what is wrong with them is JSON as well. */
const asJson = /(^|\0)--log(=|\0)json(\0|$)/.test(process.argv.slice(2).join('\0'));
const renderJson = (event: ServerEvent) => formatJson(entryOf(event), false);
if (asJson) stderr.notice = (dropped) => renderJson({ type: 'logDropped', ...dropped });
const failureLine = asJson ? (failure: Failure) => renderJson({ type: 'failed', ...failure }) : undefined;

const main = async () => {
  const { options, log, verbose } = readOptions();
  const server = await startStringServer({
    ...options,
    detailed: verbose && log !== 'silent',
    onEvent: (entry) => {
      if (log === 'silent') return;
      const line = log === 'json' ? formatJson(entry, verbose) : formatText(entry.event, verbose);
      if (line !== undefined) stderr.write(line);
    },
  });
  // A process cannot end while one of its threads sleeps in a call of the system.
  stopOnSignal(
    () => void server.stop(),
    (signal) => {
      server.abort();
      if (options.journal !== undefined) killSelf(signal); // the thread may be with the disk
    },
  );
  await print(`listening on ${formatAddress(server.address)} (${options.io})\n`).catch(
    async (error: unknown) => {
      await server.stop();
      throw error;
    },
  );
  const { text } = await server.closed.catch((error: unknown) => {
    stuck = errorCode(error) === 'HUNG';
    throw error;
  });
  await stderr.flush(); // on a terminal, the log and the final value are in order
  await print('the final value of v is ');
  await printText(text);
  await print('\n');
};

await runCommand('strsvr', main, failureLine);

// Not the signal that asked for the stop: whoever supervises the server must not take this for an orderly end.
if (stuck) killSelf('SIGKILL');

/** As it is; or made safe for a terminal, in pieces, because the longest text is longer than a string may be. */
async function printText(text: Buffer): Promise<void> {
  if (!process.stdout.isTTY) return print(text);
  const decoder = new StringDecoder();
  for (let start = 0; start < text.length; start += PIECE_BYTES) {
    await print(escapeUnprintable(decoder.write(text.subarray(start, start + PIECE_BYTES))));
  }
}

function readOptions() {
  const options = readCommandLine({
    name: 'strsvr',
    usage: '[port]',
    summary: 'Keep one shared string: append each letter that a client sends, reply with the whole string',
    positionals: (yargs) => yargs.positional('port', listenPort(DEFAULT_PORT)),
    options: (yargs) =>
      yargs
        .option('host', LISTEN_HOST)
        .option('clients', {
          requiresArg: true,
          describe: 'Accept this many clients, then exit when the last one has disconnected',
          coerce: wholeNumber('--clients', 1, Number.MAX_SAFE_INTEGER),
        })
        .option('max-length', {
          requiresArg: true,
          describe: 'Maximum length of the text, in bytes',
          default: DEFAULT_MAX_LENGTH,
          coerce: wholeNumber('--max-length', 1, LENGTH_LIMIT),
        })
        .option('journal', {
          requiresArg: true,
          describe: 'events only: keep the text in this file; reply to a letter when it is on disk',
          coerce: nonEmpty('--journal'),
        })
        .option('sync', {
          ...choice('--sync', SYNCS),
          describe: 'With --journal: wait for the disk before each reply (always), or do not wait (never)',
          defaultDescription: '"always"',
        })
        .option('max-connections', {
          requiresArg: true,
          describe: 'Maximum number of connected clients; further clients are rejected',
          default: DEFAULT_MAX_CONNECTIONS,
          coerce: wholeNumber('--max-connections', 1, CONNECTIONS_LIMIT),
        })
        .option('allow', {
          requiresArg: true,
          describe: 'Accept only clients from this network, such as 10.0.0.0/8 or fd00::/8; may be repeated',
          coerce: parseNetworks('--allow'),
        })
        .option('stall-timeout', {
          requiresArg: true,
          describe:
            'Disconnect clients that read less than 1 KiB of pending replies in this many seconds; 0 disables it',
          default: DEFAULT_STALL_TIMEOUT,
          coerce: wholeNumber('--stall-timeout', 0, STALL_TIMEOUT_LIMIT),
        })
        .option('io', {
          ...choice('--io', IO_MODELS),
          describe: 'I/O model',
          default: IO_MODELS[0],
        })
        .option('idle-sleep', {
          requiresArg: true,
          describe: 'nonblocking only: sleep this many milliseconds after a round without input',
          defaultDescription: '0',
          coerce: wholeNumber('--idle-sleep', 0, IDLE_SLEEP_LIMIT),
        })
        .option('max-threads', {
          requiresArg: true,
          describe: 'threads only: maximum number of connected clients; further clients are rejected',
          defaultDescription: String(DEFAULT_MAX_THREADS),
          coerce: wholeNumber('--max-threads', 1, THREADS_LIMIT),
        })
        .option('no-lock', {
          describe: 'threads only: append without the lock, to demonstrate lost updates',
          boolean: true,
          default: false,
        })
        .option('cpu-rounds', {
          requiresArg: true,
          describe: 'Compute this many rounds before appending each letter, to simulate work',
          default: 0,
          coerce: wholeNumber('--cpu-rounds', 0, CPU_ROUNDS_LIMIT),
        })
        .option('backlog', {
          requiresArg: true,
          describe: 'Maximum number of connections that wait to be accepted',
          default: DEFAULT_BACKLOG,
          coerce: wholeNumber('--backlog', 0, BACKLOG_LIMIT),
        })
        .option('trace', {
          requiresArg: true,
          describe:
            'Write a trace of the events to this file at exit, for ui.perfetto.dev or chrome://tracing',
          coerce: nonEmpty('--trace'),
        })
        .option('verbose', {
          describe: 'Print everything that is read and written to stderr, letters included',
          boolean: true,
          default: false,
        })
        .option('nagle', {
          describe:
            "Leave Nagle's algorithm on (no TCP_NODELAY) and write a reply and its LF separately, which delays the LF",
          boolean: true,
          default: false,
        })
        .option('log', {
          ...choice('--log', ['text', 'json', 'silent']),
          describe: 'Format of the log on stderr',
          default: 'text' as const,
        }),
    repeatable: ['allow'],
    examples: [
      ['strsvr', `listen on ${DEFAULT_HOST}:${DEFAULT_PORT} until Ctrl-C`],
      ['strsvr 2000 --clients 2 --verbose', "the tutorial's session, with everything printed"],
      ['strsvr 0 --host 0.0.0.0', 'a free port, reachable from other machines'],
      ['strsvr 2000 --host 0.0.0.0 --allow 192.168.1.0/24', 'reachable from one network only'],
    ],
  });
  const {
    host,
    port,
    clients,
    maxLength,
    maxConnections,
    stallTimeout,
    backlog,
    cpuRounds,
    trace,
    log,
    verbose,
  } = options;
  const { io, nagle, noLock, idleSleep: idleSleepMs, maxThreads, journal, sync, allow } = options;
  if (idleSleepMs !== undefined && io !== 'nonblocking') throw wrongModel('--idle-sleep', 'nonblocking');
  if (maxThreads !== undefined && io !== 'threads') throw wrongModel('--max-threads', 'threads');
  if (noLock && io !== 'threads') throw wrongModel('--no-lock', 'threads');
  if (journal !== undefined && io !== 'events') throw wrongModel('--journal', 'events');
  if (journal === undefined && sync !== undefined) throw new UsageError('--sync wants a --journal');
  return {
    options: {
      ...{ host, port, clients, maxLength, maxConnections, allow, backlog, trace },
      ...{ io, nagle, idleSleepMs, maxThreads, lock: !noLock, cpuRounds, journal, sync },
      stallTimeoutMs: 1000 * stallTimeout,
    },
    log,
    verbose,
  };
}

function wrongModel(option: string, io: IoModelName): UsageError {
  return new UsageError(`${option} is for --io ${io} alone`);
}
