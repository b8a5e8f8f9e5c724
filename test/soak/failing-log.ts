// A log that cannot be written, with each I/O model: stderr is on a full disk, its reader has exited, or its terminal or
// pipe is not read. Clients must be served, dropped lines counted, the count logged once writing works again, and SIGTERM
// must end the server in order in all cases.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { spawn as spawnTerminal } from '@lydell/node-pty';
import { errorCode } from '../../shared/errors.js';
import type { IoModelName } from '../../shared/options.js';
import { ByteClient } from '../support/byte-client.js';
import { built, ended, Program } from '../support/program.js';
import { RUNNABLE_MODELS } from '../support/runnable-models.js';
import { modelArgs } from '../support/servers.js';
import { onPath } from '../support/skipping.js';
import { until } from '../support/waiting.js';
import { inFolder, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const ROUND_TRIPS = 1_000;
/** With two lines each, these overflow a pipe and the queue of the server's log. */
const OVERFLOWING = 5_000;
/** Ends a server that hangs. */
const DEADLINE_MS = 240_000;

/** A server's stderr. It works until `fail` is called, and again after `repair`. */
interface Sink {
  readonly fd: number;
  /** @param pid of the server */
  fail(pid: number): void;
  repair(pid: number): void;
  /** What was written to it since the last call. */
  read(): string;
  close(): void;
}

interface Fault {
  readonly what: string;
  /** The reason to skip it on this machine. */
  readonly missing: string | undefined;
  /** Whether lines wait until a queue is full, instead of failing at once. */
  readonly queues: boolean;
  readonly open: (folder: string) => Promise<Sink>;
}

const FAULTS: readonly Fault[] = [
  {
    what: 'on a disk without room',
    missing: onPath('prlimit') ? undefined : 'there is no prlimit',
    queues: false,
    open: openLimitedFile,
  },
  { what: 'whose reader ends', missing: undefined, queues: false, open: openAbandonedPipe },
  { what: 'to a pipe that is not read', missing: undefined, queues: true, open: openUnreadPipe },
  { what: 'to a stopped terminal', missing: undefined, queues: true, open: openTerminal },
];

export async function failingLog(
  scope: Scope,
  models: readonly IoModelName[] = RUNNABLE_MODELS,
): Promise<ResultRow[]> {
  return inFolder(async (folder) => {
    const rows: ResultRow[] = [];
    for (const [done, { what, missing, queues, open }] of FAULTS.entries()) {
      scope.progress(done, FAULTS.length);
      const title = `round trips with a log ${what}, ${models.length} I/O models`;
      if (missing !== undefined) {
        rows.push(info(title, `skipped: ${missing}`));
        continue;
      }
      const trips = queues ? OVERFLOWING : scaled(ROUND_TRIPS, scope, 20);
      const results = models.map(async (io) => {
        const sink = await open(join(folder, `${done}-${io}`));
        const found = await violation(io, sink, trips).finally(() => sink.close());
        return found === undefined ? [] : [`${io}: ${found}`];
      });
      rows.push(info(title, trips), nothing('  violations', (await Promise.all(results)).flat()));
    }
    return rows;
  });
}

/** @returns the violations */
async function violation(io: IoModelName, sink: Sink, trips: number): Promise<string | undefined> {
  const args = ['0', ...modelArgs(io), '--verbose', '--log', 'json'];
  const server = new Program(
    spawn(process.execPath, [built('server/strsvr.js'), ...args], { stdio: ['ignore', 'pipe', sink.fd] }),
  );
  const { pid = 0 } = server.child;
  const deadline = setTimeout(() => server.kill(), DEADLINE_MS); // the pending waits then fail
  try {
    const [, host = '', port] = await server.waitFor('stdout', /listening on (.+):(\d+) /);
    const client = await ByteClient.connect({ host, port: Number(port) });
    const log = new LineCounter();
    let sent = 0;
    do {
      sink.fail(pid);
      await exchange(client, '\n', trips);
      sink.repair(pid);
      await exchange(client, '\n', 1);
      sent += trips + 1;
      const allLogged = () => log.add(sink.read()) >= 2 * sent;
      await until(allLogged, 'each line is written or counted as dropped');
    } while (log.dropped === 0); // a busy server may not have written yet
    sink.fail(pid);
    await exchange(client, '\n', Math.ceil(trips / 6)); // more than a pipe holds
    await exchange(client, 'a', 1);
    server.child.kill('SIGTERM');
    const { status, stdout } = await ended(server);
    if (status !== 0) return `exit ${status} after SIGTERM`;
    return /^the final value of v is a\n$/m.test(stdout) ? undefined : `printed ${stdout}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(deadline);
    server.kill();
    await server.finished;
  }
}

async function exchange(client: ByteClient, bytes: string, times: number): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    client.send(bytes);
    await client.receive(bytes.length);
  }
}

/** Counts the lines of round trips that are in the log, and those that it reports as dropped. */
class LineCounter {
  dropped = 0;
  #written = 0;
  #partial = '';

  /** @returns their sum */
  add(text: string): number {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      if (/"type":"(read|wrote)",.*\}/.test(line)) this.#written += 1;
      else this.dropped += Number(/"type":"logDropped","lines":(\d+)/.exec(line)?.[1] ?? 0);
    }
    return this.#written + this.dropped;
  }
}

/** EFBIG instead of ENOSPC: a full disk would need its own file system. */
async function openLimitedFile(path: string): Promise<Sink> {
  const fd = openSync(path, 'a');
  const reader = openSync(path, 'r');
  const limit = (pid: number, bytes: string) =>
    spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
  return {
    fd,
    fail: (pid) => limit(pid, '2000'), // so that a line is written in part
    repair: (pid) => limit(pid, 'unlimited'),
    read: () => drain(reader),
    close: () => {
      closeSync(reader);
      closeSync(fd);
    },
  };
}

/** While it fails there is no reader: EPIPE. */
async function openAbandonedPipe(path: string): Promise<Sink> {
  const { fd, openReader } = openPipe(path);
  let reader: number | undefined = openReader();
  const end = () => {
    if (reader !== undefined) closeSync(reader);
    reader = undefined;
  };
  return {
    fd,
    fail: end,
    repair: () => {
      reader = openReader();
    },
    read: () => (reader === undefined ? '' : drain(reader)),
    close: () => {
      end();
      closeSync(fd);
    },
  };
}

/** While it fails it is full: EAGAIN. */
async function openUnreadPipe(path: string): Promise<Sink> {
  const { fd, openReader } = openPipe(path);
  const reader = openReader();
  let reading = true;
  return {
    fd,
    fail: () => {
      reading = false;
    },
    repair: () => {
      reading = true;
    },
    read: () => (reading ? drain(reader) : ''),
    close: () => {
      closeSync(reader);
      closeSync(fd);
    },
  };
}

function openPipe(path: string): { fd: number; openReader: () => number } {
  spawnSync('mkfifo', [path]);
  const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const first = openReader(); // without a reader it cannot be opened for writing
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  closeSync(first);
  return { fd, openReader };
}

function drain(reader: number): string {
  const buffer = Buffer.alloc(64 * 1024);
  let text = '';
  try {
    for (let bytes = readSync(reader, buffer); bytes > 0; bytes = readSync(reader, buffer)) {
      text += buffer.toString('latin1', 0, bytes);
    }
  } catch (error) {
    if (errorCode(error) !== 'EAGAIN') throw error;
  }
  return text;
}

/** A terminal whose program only waits; Ctrl-S and Ctrl-Q are typed there. */
async function openTerminal(): Promise<Sink> {
  const terminal = spawnTerminal('sh', ['-c', 'tty; exec cat'], {});
  let shown = '';
  terminal.onData((data) => {
    shown += data;
  });
  const name = () => /^\/dev\/\S+(?=\r?\n)/.exec(shown)?.[0];
  await until(() => name() !== undefined, 'the terminal has a name');
  const fd = openSync(name() ?? '', constants.O_WRONLY | constants.O_NOCTTY);
  return {
    fd,
    fail: () => terminal.write('\x13'),
    repair: () => terminal.write('\x11'),
    read: () => {
      const read = shown;
      shown = '';
      return read;
    },
    close: () => {
      closeSync(fd);
      terminal.kill('SIGKILL');
    },
  };
}
