#!/usr/bin/env node
// The tutorial's wps (sections 4.5.2 and 4.5.3): asks a svr to run w or ps and reads the answer as lines, which
// shared/line-splitter.ts assembles from chunks, as makefile() does. The answer ends when the server closes, so an answer
// that a killed server cut between two lines looks complete.

import { type Address, formatAddress } from '../../shared/address.js';
import { BoundedBuffer } from '../../shared/bounded-buffer.js';
import { printLine, runCommand } from '../../shared/cli.js';
import { readCommandLine } from '../../shared/command-line.js';
import { errorCode, FAILURE_MARK, OperationalError, tooLongError } from '../../shared/errors.js';
import { excerpt } from '../../shared/escape.js';
import { splitLines } from '../../shared/line-splitter.js';
import { oneOf, replyLimit, SERVER_HOST, SERVER_PORT } from '../../shared/options.js';
import { receiveChunks } from '../socket.js';

await runCommand('wps', async () => {
  const options = readOptions();
  const { socket, chunks } = await receiveChunks(options, 'node dist/server/tutorial/svr.js');
  socket.write(options.command);
  const received = options.buffered ? receiveAll(chunks, options.maxReply) : chunks;
  let answered = false;
  try {
    for await (const line of splitLines(received, { maxLength: options.maxReply })) {
      if (line.startsWith(FAILURE_MARK))
        throw failed(options, `says: ${excerpt(line.slice(FAILURE_MARK.length))}`);
      await printLine(line);
      answered = true;
    }
  } catch (error) {
    const rejected = errorCode(error) === 'LOST' && socket.bytesRead === 0;
    if (!rejected) throw error;
  }
  if (!answered) throw failed(options, 'has closed the connection without an answer; its log says why');
});

/** Waits for everything before it yields, as readlines() does. */
async function* receiveAll(chunks: AsyncIterable<Buffer>, maxLength: number): AsyncGenerator<Buffer> {
  const received = new BoundedBuffer(maxLength);
  for await (const chunk of chunks) if (!received.append(chunk)) throw tooLongError(maxLength);
  yield received.bytes;
}

function failed(server: Address, what: string): OperationalError {
  return new OperationalError('NO_ANSWER', `${formatAddress(server)} ${what}`);
}

function readOptions() {
  return readCommandLine({
    name: 'wps-client', // as package.json calls it: many desktops have another wps
    usage: '<host> <port> <command>',
    summary: 'Ask a svr server to run w (logged-in users) or ps (processes) and print the output',
    positionals: {
      host: SERVER_HOST,
      port: SERVER_PORT,
      command: {
        describe: 'w or ps',
        demandOption: true,
        coerce: oneOf('command', ['w', 'ps']),
      },
    },
    options: {
      buffered: {
        describe: 'Print nothing until the last line has arrived, as readlines() does',
        boolean: true,
        default: false,
      },
      'max-reply': replyLimit('Maximum length of a line (with --buffered: of the output), in bytes'),
    },
    examples: [['wps-client 127.0.0.1 8888 ps', 'print each line when it arrives']],
  });
}
