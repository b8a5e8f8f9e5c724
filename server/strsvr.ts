#!/usr/bin/env node
// The command: options, signals, exit status. stdout has the listening line and the final value, for people and scripts;
// everything else goes to stderr.

import { StringDecoder } from 'node:string_decoder';
import { formatAddress } from '../shared/address.js';
import { type CommandFailure, killSelf, logLine, print, runCommand, stopOnSignal } from '../shared/cli.js';
import { errorCode } from '../shared/errors.js';
import { escapeUnprintable } from '../shared/escape.js';
import { stderr } from '../shared/line-writer.js';
import { plural } from '../shared/numbers.js';
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
const failureLine = asJson
  ? (failure: CommandFailure) => renderJson({ type: 'failed', ...failure })
  : undefined;

const main = async () => {
  const { options, log, verbose } = readServerCommand();
  const systemd = await openSystemd(options.http);
  let connected = 0;
  const server = await startStringServer({
    ...options,
    ...systemd?.sockets,
    detailed: verbose && log !== 'silent',
    onEvent: (entry) => {
      connected += Number(entry.event.type === 'accepted') - Number(entry.event.type === 'closed');
      if (log === 'silent') return;
      const line = log === 'json' ? formatJson(entry, verbose) : formatText(entry.event, verbose);
      if (line !== undefined) stderr.write(line);
    },
  });
  // A process cannot exit while one of its threads sleeps in a system call.
  stopOnSignal(
    () => {
      systemd?.notifier?.stopping();
      void server.stop();
    },
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
  systemd?.notifier?.ready(
    () => `${plural(server.text.length, 'byte')} of text, ${plural(connected, 'client')}`,
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

/** undefined where systemd has not started this process. */
async function openSystemd(http: string | undefined) {
  const { NOTIFY_SOCKET, LISTEN_FDS } = process.env;
  if (NOTIFY_SOCKET === undefined && LISTEN_FDS === undefined) return undefined;
  const { inheritedSockets, SystemdNotifier } = await import('./log/systemd.js');
  const sockets = inheritedSockets(process.env);
  const notifier = NOTIFY_SOCKET ? new SystemdNotifier(process.env, logLine) : undefined;
  return { sockets: { ...sockets, http: sockets.httpFd === undefined ? http : (http ?? '0') }, notifier };
}

/** Escaped on a terminal; in pieces, because the longest text exceeds the maximum string length. */
async function printText(text: Buffer): Promise<void> {
  if (!process.stdout.isTTY) return print(text);
  const decoder = new StringDecoder();
  for (let start = 0; start < text.length; start += PIECE_BYTES) {
    await print(escapeUnprintable(decoder.write(text.subarray(start, start + PIECE_BYTES))));
  }
}
