#!/usr/bin/env node
// The tutorial's svr (sections 4.5.1 and 4.5.2): a client sends w or ps and receives the lines that the program prints.
// It runs only these two, without a shell, for any input. There is no authentication:
// any client that reaches the port sees the processes of this machine.

import { type ExecFileException, execFile } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress, isLoopback } from '../../shared/address.js';
import { logLine, print, runCommand, stopOnSignal } from '../../shared/cli.js';
import { readCommandLine } from '../../shared/command-line.js';
import { FAILURE_MARK } from '../../shared/errors.js';
import { clientAddress, listen } from '../../shared/listen.js';
import { plural } from '../../shared/numbers.js';
import { LISTEN_HOST, listenPort, MAX_WAIT_MS, numberOption, wholeNumber } from '../../shared/options.js';
import { serverFull } from '../limits/admission.js';
import { closeLingering } from '../limits/lingering-close.js';

type Options = ReturnType<typeof readOptions>;

interface Answer {
  readonly lines: readonly string[];
  /** An error message, sent as one more line. */
  readonly failure?: string;
}

const PROGRAMS = ['w', 'ps'] as const;
/** The whole environment of a program. */
const ENVIRONMENT = { PATH: process.env['PATH'], LC_ALL: 'C' };
const REJECTED: Answer = { lines: [], failure: 'rejected, expected w or ps' };
/** Each client may run one program at a time. */
const MAX_CLIENTS = 100;
/** Longest part of a client's input that is logged, in bytes. */
const LOGGED_BYTES = 60;

await runCommand('svr', async () => {
  const options = readOptions();
  const connected = new Set<Socket>();
  let clients = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    clients += 1;
    connected.add(socket.on('close', () => connected.delete(socket)));
    void serve(socket, `client ${clients}`, options);
  });
  server.maxConnections = MAX_CLIENTS;
  server.on('drop', (client) => logLine(`rejected ${clientAddress(client)}: ${serverFull(MAX_CLIENTS)}`));
  const address = await listen(server, options);
  const stop = () => {
    logLine(`stopping: ${plural(connected.size, 'client')} connected`);
    server.close();
    for (const socket of connected) socket.resetAndDestroy(); // a reset, so that a cut answer does not look complete
  };
  stopOnSignal(stop);
  if (!isLoopback(address))
    logLine(`warning: any client that reaches port ${address.port} sees the processes of this machine`);
  await print(`listening on ${formatAddress(address)}\n`).catch((error: unknown) => {
    stop();
    throw error;
  });
});

async function serve(socket: Socket, client: string, options: Options): Promise<void> {
  const gone = new AbortController();
  socket.on('error', ({ message }) => logLine(`${client} lost: ${message}`));
  socket.on('close', () => gone.abort());
  socket.setTimeout(options.timeout, () => {
    if (socket.writableLength > 0) socket.destroy(new Error('it does not read its lines'));
  });
  logLine(`${client} accepted from ${clientAddress(socket)}`);

  const sent = await receiveCommand(socket);
  const program = PROGRAMS.find((name) => sent.startsWith(name));
  const { lines, failure } = program === undefined ? REJECTED : await run(program, options, gone.signal);
  if (socket.destroyed) return;
  logLine(`${client} sent ${sent || 'nothing'}: ${failure ?? plural(lines.length, 'line')}`);
  const answer = failure === undefined ? lines : [...lines, FAILURE_MARK + failure];
  for (const [index, line] of answer.entries()) {
    if (index > 0 && options.lineDelay > 0) await sleep(options.lineDelay, undefined, gone).catch(() => {});
    if (socket.destroyed) return;
    await new Promise((taken) => socket.write(`${line}\n`, taken));
  }
  closeLingering(socket);
}

/**
 * Resolves to the client's input as soon as that is w, ps or neither: after a byte or two, whatever the chunks. Later
 * input is read and ignored, because closing with unread input would send a reset.
 */
function receiveCommand(socket: Socket): Promise<string> {
  let sent = '';
  return new Promise((resolve) => {
    const finish = () => resolve(sent);
    socket.on('data', (chunk) => {
      sent = (sent + chunk.toString('latin1', 0, LOGGED_BYTES)).slice(0, LOGGED_BYTES);
      if (sent !== 'p') finish();
    });
    socket.once('end', finish).once('timeout', finish).once('close', finish);
  });
}

/** Runs a program to its end, or to the limit of time or output. Kills it when its client disconnects. */
function run(program: string, { timeout, maxOutput }: Options, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const limits = { timeout, maxBuffer: maxOutput, killSignal: 'SIGKILL', signal } as const;
    const child = execFile(program, { ...limits, env: ENVIRONMENT }, (error, stdout) => {
      const lines = stdout.split('\n').slice(0, -1); // complete lines: the limit may have cut the last one
      resolve(error === null ? { lines } : { lines, failure: whyFailed(error) });
    });
    child.stdin?.end();
  });

  function whyFailed({ code, killed, signal: ended }: ExecFileException): string {
    if (code === 'ENOENT') return `${program} is not installed here`;
    if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
      return `${program} was cut at ${plural(maxOutput, 'byte')}`;
    if (killed) return `${program} was ended after ${timeout} ms`;
    return `${program} failed with ${ended ?? code}`;
  }
}

function readOptions() {
  return readCommandLine({
    name: 'svr',
    usage: '[port]',
    summary: 'Run w (logged-in users) or ps (processes) on request and send the output',
    positionals: { port: listenPort(8888) },
    options: {
      host: LISTEN_HOST,
      timeout: numberOption(
        '--timeout',
        1,
        MAX_WAIT_MS,
        10_000,
        'Time limit for a client and for a program, in milliseconds',
      ),
      'max-output': {
        requiresArg: true,
        describe: 'Maximum output of a program, in bytes',
        default: 1024 * 1024,
        coerce: wholeNumber('--max-output', 1, 1024 * 1024 * 1024),
      },
      'line-delay': numberOption(
        '--line-delay',
        0,
        MAX_WAIT_MS,
        0,
        'Delay between two lines, in milliseconds',
      ),
    },
    examples: [
      ['svr', "the tutorial's server, on port 8888, reachable from this machine only"],
      ['svr 2000 --line-delay 500', 'two lines a second'],
    ],
  });
}
