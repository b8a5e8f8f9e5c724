#!/usr/bin/env node
// The command: options, signals, exit status. stdout has the listening line and the final value, for people and scripts;
// everything else goes to stderr.

import { StringDecoder } from 'node:string_decoder';
import { formatAddress } from '../shared/address.js';
import { type Failure, killSelf, print, runCommand, stopOnSignal } from '../shared/cli.js';
import { errorCode } from '../shared/errors.js';
import { escapeUnprintable } from '../shared/escape.js';
import { stderr } from '../shared/line-writer.js';
import type { ServerEvent } from './log/events.js';
import { formatJson } from './log/json-format.js';
import { entryOf } from './log/log.js';
import { formatText } from './log/text-format.js';
import { readServerCommand } from './options/command-options.js';
import { startStringServer } from './string-server.js';

const PIECE_BYTES = 64 * 1024;

/** A call to the disk hangs, so the process cannot exit. */
let stuck = false;

/** Known before the options are read, so that a usage error is JSON too. */
const asJson =
  /(^|\0)--log(=|\0)json(\0|$)/.test(process.argv.slice(2).join('\0')) ||
  process.env['STRSVR_LOG'] === 'json';
const renderJson = (event: ServerEvent) => formatJson(entryOf(event), false);
if (asJson) stderr.notice = (dropped) => renderJson({ type: 'logDropped', ...dropped });
const failureLine = asJson ? (failure: Failure) => renderJson({ type: 'failed', ...failure }) : undefined;

const main = async () => {
  const { options, log, verbose } = readServerCommand();
  const server = await startStringServer({
    ...options,
    detailed: verbose && log !== 'silent',
    onEvent: (entry) => {
      if (log === 'silent') return;
      const line = log === 'json' ? formatJson(entry, verbose) : formatText(entry.event, verbose);
      if (line !== undefined) stderr.write(line);
    },
  });
  // A process cannot exit while one of its threads sleeps in a system call.
  stopOnSignal(
    () => void server.stop(),
    (signal) => {
      server.abort();
      if (options.journal !== undefined) killSelf(signal); // a thread may wait for the disk
    },
  );
  await print(`listening on ${formatAddress(server.address)} (${options.io})\n`).catch(
    async (error: unknown) => {
      await server.stop();
      throw error;
    },
  );
  const { text, traceError } = await server.closed.catch((error: unknown) => {
    stuck = errorCode(error) === 'HUNG';
    throw error;
  });
  await stderr.flush(); // on a terminal, the log and the final value are in order
  await print('the final value of v is ');
  await printText(text);
  await print('\n');
  if (traceError !== undefined) throw traceError;
};

await runCommand('strsvr', main, failureLine);

// Not with the signal that asked for the stop: a supervisor must not take this for an orderly end.
if (stuck) killSelf('SIGKILL');

/** Escaped on a terminal; in pieces, because the longest text exceeds the maximum string length. */
async function printText(text: Buffer): Promise<void> {
  if (!process.stdout.isTTY) return print(text);
  const decoder = new StringDecoder();
  for (let start = 0; start < text.length; start += PIECE_BYTES) {
    await print(escapeUnprintable(decoder.write(text.subarray(start, start + PIECE_BYTES))));
  }
}
