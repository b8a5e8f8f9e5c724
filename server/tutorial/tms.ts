#!/usr/bin/env node
// The tutorial's tms (sections 4.2 and 4.3.1): receives a string, waits for a line on its own keyboard, and sends
// 10,000 copies, so that the client has to receive in a loop. It serves one client after another and writes the next
// copies when the kernel has taken the last ones, so a slow client costs no memory. It does not limit how many clients
// wait, nor how long.

import { on } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { formatAddress } from '../../shared/address.js';
import { ignoreDebuggerSignal, logLine, print, runCommand } from '../../shared/cli.js';
import { readCommandLine } from '../../shared/command-line.js';
import { errorCode } from '../../shared/errors.js';
import { escapeUnprintable } from '../../shared/escape.js';
import { splitLines } from '../../shared/line-splitter.js';
import { clientAddress, listen } from '../../shared/listen.js';
import { plural } from '../../shared/numbers.js';
import { DEFAULT_PORT, LISTEN_HOST, listenPort, numberOption } from '../../shared/options.js';
import { closeLingering } from '../limits/lingering-close.js';

const MAX_STRING_BYTES = 1_000_000;
const STRING_END_MS = 100;
/** Copies of a short string are written in blocks of this many bytes. */
const BLOCK_BYTES = 64 * 1024;
const SHOWN_BYTES = 60;

await runCommand('tms', async () => {
  const options = readOptions();
  ignoreDebuggerSignal();
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
  let accepted = 0;
  server.on('connection', (socket) => {
    socket.on('error', ({ message }) => logLine(`client lost: ${message}`));
    accepted += 1;
    if (accepted === options.clients) server.close();
  });
  const connections = on(server, 'connection'); // clients wait here while another is served
  await say(`listening on ${formatAddress(await listen(server, options))}`);

  const keyboard = splitLines(process.stdin);
  for (let served = 0; served < options.clients; served += 1) {
    const socket: Socket = (await connections.next()).value[0];
    await say(`client accepted from ${clientAddress(socket)}`);
    const { string, receives } = await receiveString(socket);
    const shown = string.subarray(0, SHOWN_BYTES).toString() + (string.length > SHOWN_BYTES ? '…' : '');
    await say(
      `received ${escapeUnprintable(shown)}: ${plural(string.length, 'byte')} in ${plural(receives, 'receive')}`,
    );
    if (!options.noWait) {
      await say(`press Enter to send ${plural(options.copies, 'copy', 'copies')}`);
      await keyboard.next();
    }
    await sendCopies(socket, string, options.copies);
    closeLingering(socket);
  }
  await keyboard.return();
});

// Otherwise it would end only after the waiting clients have left.
if (process.exitCode === 1) process.exit();

/**
 * The tutorial receives once and takes the result for the whole string. That is wrong: TCP may have cut it (section
 * 4.2.1), and nothing in the stream marks its end. So this receives until the client ends its side, has sent the maximum,
 * or has sent nothing for a while. The last is a guess: on a slow network only a part may have arrived by then.
 */
function receiveString(socket: Socket): Promise<{ string: Buffer; receives: number }> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve) => {
    const done = () => {
      socket.setTimeout(0);
      socket.off('data', receive).resume(); // later input is discarded
      resolve({ string: Buffer.concat(chunks).subarray(0, MAX_STRING_BYTES), receives: chunks.length });
    };
    const receive = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      socket.setTimeout(STRING_END_MS);
      if (length >= MAX_STRING_BYTES) done();
    };
    socket.on('data', receive).once('end', done).once('timeout', done).once('close', done);
    socket.resume();
  });
}

/** Sends all copies, one block in memory at a time. */
async function sendCopies(socket: Socket, string: Buffer, copies: number): Promise<void> {
  if (string.length === 0) return;
  const perBlock = Math.min(copies, Math.max(1, Math.floor(BLOCK_BYTES / string.length)));
  const block = Buffer.alloc(perBlock * string.length, string);
  const started = performance.now();
  for (let left = copies; left > 0 && !socket.destroyed; left -= perBlock) {
    const next = block.subarray(0, left * string.length);
    await new Promise((taken) => socket.write(next, taken));
  }
  if (socket.destroyed) return;
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  await say(`the kernel has taken all ${plural(copies * string.length, 'byte')} after ${seconds} s`);
}

/** A closed stdout is no reason to stop. */
function say(line: string): Promise<void> {
  return print(`${line}\n`).catch((error: unknown) => {
    if (errorCode(error) !== 'EPIPE') throw error;
  });
}

function readOptions() {
  return readCommandLine({
    name: 'tms',
    usage: '[port]',
    summary: 'Receive a string from a client, wait for Enter, then send many copies back',
    positionals: { port: listenPort(DEFAULT_PORT) },
    options: {
      host: LISTEN_HOST,
      copies: numberOption('--copies', 1, 1_000_000_000, 10_000, 'Number of copies to send'),
      clients: numberOption(
        '--clients',
        1,
        Number.MAX_SAFE_INTEGER,
        1,
        'Serve this many clients, one after another, then exit',
      ),
      'no-wait': {
        describe: 'Send immediately, without waiting for Enter',
        boolean: true,
        default: false,
      },
    },
    examples: [
      ['tms 2000', "the tutorial's server: press Enter to send"],
      ['tms 2000 --clients 5 --no-wait', 'the same, for five runs of the client'],
    ],
  });
}
