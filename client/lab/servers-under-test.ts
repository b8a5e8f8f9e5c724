// Which servers can be measured here: strsvr with each I/O model, and the baselines, which speak the same wire in C, in
// Python and on one page of JavaScript. C is compiled when the program starts. If `cc` or `python3` is missing, it says so.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperationalError } from '../../shared/errors.js';
import { checkUring, uringProblem } from '../../shared/libc/uring-setup.js';
import type { IoModelName } from '../../shared/options.js';
import { output } from '../child-process.js';

export interface ServerUnderTest {
  /** Unique and short: `events`, `threads`, `C epoll`, `Python asyncio`. */
  readonly name: string;
  /** The command that starts it on a free port of 127.0.0.1; it prints `… listening on HOST:PORT …` on stdout. */
  readonly command: readonly string[];
}

/** A server that cannot run here. */
interface Missing {
  readonly name: string;
  readonly why: string;
}

/** More than the machine allows is lowered by the server itself. */
const MAX_CONNECTIONS = 12_000;
const MAX_THREADS = 1_100;
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const TOOL_TIMEOUT_MS = 60_000;

/** The sources of those that are not JavaScript. */
const BASELINES = {
  'C epoll': 'epoll.c',
  'C threads': 'threads.c',
  'C io_uring': 'uring.c',
  'Python asyncio': 'asyncio_server.py',
  'Python nonblocking loop': 'nonblocking_loop.py',
  'Python threads': 'threads.py',
};

/** strsvr with each of these I/O models. */
export function ourServers(models: readonly IoModelName[]): ServerUnderTest[] {
  return models.map(ourServer);
}

export function ourServer(model: IoModelName): ServerUnderTest {
  const options = [
    ...['--io', model, '--log', 'silent'],
    ...['--max-connections', String(MAX_CONNECTIONS)],
    ...['--max-length', String(MAX_TEXT_BYTES)],
    ...['--backlog', '4096'], // as the baselines: when the queue is full, a client retries only after a second
    ...(model === 'threads' ? ['--max-threads', String(MAX_THREADS)] : []),
  ];
  return { name: model, command: [process.execPath, built('server/strsvr.js'), '0', ...options] };
}

/** The I/O models that can run on this machine, and the reason for each that cannot. */
export function runnable(models: readonly IoModelName[]) {
  const why = models.includes('uring') ? uringProblem() : undefined;
  if (why === undefined) return { models, missing: [] };
  return { models: models.filter((model) => model !== 'uring'), missing: [{ name: 'uring', why }] };
}

/** The baselines that can run on this machine, and the reason for each that cannot. */
export async function baselines() {
  const found = await Promise.all(Object.entries(BASELINES).map(([name, file]) => baseline(name, file)));
  return {
    targets: [plain(), ...found.filter((one) => 'command' in one)],
    missing: found.filter((one) => 'why' in one),
  };
}

/** The server on one page; it needs only Node.js. */
export function plain(): ServerUnderTest {
  return { name: 'plain', command: [process.execPath, built('server/plain.js'), '0'] };
}

async function baseline(name: string, file: string): Promise<ServerUnderTest | Missing> {
  const source = built(`client/lab/baselines/${file}`);
  const [tool, prepare] = file.endsWith('.c')
    ? (['cc', compile] as const)
    : (['python3', interpret] as const);
  try {
    return { name, command: [...(await prepare(source)), '0'] };
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return { name, why: reason(tool, error) };
  }
}

async function compile(source: string): Promise<string[]> {
  const uring = source.endsWith('uring.c');
  if (uring) checkUring();
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-lab-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'server');
  const command = ['cc', '-O2', '-pthread', '-o', program, source, ...(uring ? ['-luring'] : [])];
  try {
    await output(command, TOOL_TIMEOUT_MS);
    return [program];
  } catch (error) {
    if (!uring || !(error instanceof OperationalError) || error.code === 'ENOENT') throw error;
    throw new OperationalError('NO_LIBURING', 'it needs liburing (liburing-dev)', error);
  }
}

async function interpret(source: string): Promise<string[]> {
  // python3 may be a wrapper script, whose time would count as start-up time.
  const command = ['python3', '-c', 'import sys; print(sys.executable)'];
  const python = (await output(command, TOOL_TIMEOUT_MS)).trim();
  await output([python, '--version']);
  return [python, source];
}

function reason(tool: string, error: OperationalError): string {
  if (error.code === 'ENOENT') return `there is no ${tool} on this machine`;
  return `${tool} does not work here: ${error.message.split('\n')[0]}`;
}

function built(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
