#!/usr/bin/env node
// The command: options in, signals, exit status. stdout carries the listening line and the final value, for people
// and scripts; everything else goes to stderr.

import { constants } from 'node:os';
import { formatAddress } from '../shared/address.js';
import { print, readCommandLine, runCommand } from '../shared/command.js';
import {
  DEFAULT_HOST,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_LENGTH,
  DEFAULT_PORT,
  MAX_MAX_CONNECTIONS,
  MAX_MAX_LENGTH,
  MAX_PORT,
  nonEmpty,
  oneOf,
  wholeNumber,
} from '../shared/options.js';
import { IO_MODELS } from './io/model.js';
import { type StringServer, startStringServer } from './string-server.js';

const FINAL_VALUE = Buffer.from('the final value of v is ');

await runCommand('strsvr', async () => {
  const options = readOptions();
  const server = await startStringServer(options);
  stopOnSignal(server);
  await print(`listening on ${formatAddress(server.address)} (${options.io})\n`);
  const { text } = await server.closed;
  await print(Buffer.concat([FINAL_VALUE, text, Buffer.from('\n')]));
});

function readOptions() {
  return readCommandLine({
    name: 'strsvr',
    usage: '[port]',
    summary:
      'Keep one string for everybody: append each letter that a client sends, send the whole string back',
    positionals: (yargs) =>
      yargs.positional('port', {
        describe: 'TCP port; 0 picks a free one',
        default: DEFAULT_PORT,
        coerce: wholeNumber('port', 0, MAX_PORT),
      }),
    options: (yargs) =>
      yargs
        .option('host', {
          requiresArg: true,
          describe: 'Address to listen on; 0.0.0.0 lets other machines in',
          default: DEFAULT_HOST,
          coerce: nonEmpty('--host'),
        })
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
        .option('max-connections', {
          requiresArg: true,
          describe: 'Most clients connected at the same time; more are refused',
          default: DEFAULT_MAX_CONNECTIONS,
          coerce: wholeNumber('--max-connections', 1, MAX_MAX_CONNECTIONS),
        })
        .option('io', {
          requiresArg: true,
          describe: `I/O model: ${IO_MODELS.join(', ')}`,
          default: IO_MODELS[0],
          coerce: oneOf('--io', IO_MODELS),
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
    examples: [
      ['strsvr', `listen on ${DEFAULT_HOST}:${DEFAULT_PORT} until Ctrl-C`],
      ['strsvr 2000 --clients 2 --show', "the tutorial's session, told as it happens"],
      ['strsvr 0 --host 0.0.0.0', 'a free port, open to other machines'],
    ],
  });
}

/** The first signal stops in order, the second at once and without the final value. */
function stopOnSignal(server: StringServer): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(128 + constants.signals[signal]);
      stopping = true;
      void server.stop();
    });
  }
}
