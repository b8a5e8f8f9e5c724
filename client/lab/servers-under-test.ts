// Which servers can be measured here: ours, one for each I/O model, and the yardsticks, which speak the same wire in C,
// in Python and on one page of JavaScript. C is compiled when it is asked for. A tool that is missing is said, not hidden.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ServerUnderTest, Unavailable } from './server-under-test.js';

type Model = ServerUnderTest['model'];

/** What a class can be asked to bring together; more than the machine allows is lowered by the server itself. */
const MAX_CONNECTIONS = 12_000;
const MAX_THREADS = 1_100;
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const STEP_DEADLINE_MS = 60_000;

const run = promisify(execFile);

/** strsvr with each of these I/O models. */
export function ourServers(models: readonly Model[]): ServerUnderTest[] {
  return models.map(ourServer);
}

export function ourServer(model: Model): ServerUnderTest {
  return {
    name: model,
    runtime: 'Node.js',
    model,
    command: [process.execPath, built('server/strsvr.js'), '0', '--io', model, ...ourOptions(model)],
  };
}

function ourOptions(model: Model): string[] {
  return [
    ...['--log', 'silent'],
    ...['--max-connections', String(MAX_CONNECTIONS)],
    ...['--max-length', String(MAX_TEXT_BYTES)],
    ...['--backlog', '4096'], // the yardsticks' own; at full queues a client waits a second for its next try
    ...(model === 'threads' ? ['--max-threads', String(MAX_THREADS)] : []),
  ];
}

/** All yardsticks that can run here, and for each other one what it lacks. */
export async function baselines(): Promise<{
  readonly targets: ServerUnderTest[];
  readonly missing: Unavailable[];
}> {
  const targets: ServerUnderTest[] = [plain()];
  const missing: Unavailable[] = [];
  for (const part of await Promise.all([inC(), inPython()])) {
    if ('why' in part) missing.push(...part.names.map((name) => ({ name, why: part.why })));
    else targets.push(...part.targets);
  }
  return { targets, missing };
}

type Part =
  | { readonly targets: ServerUnderTest[] }
  | { readonly names: readonly string[]; readonly why: string };

/** The server on one page; it needs nothing but Node.js. */
export function plain(): ServerUnderTest {
  return {
    name: 'plain',
    runtime: 'Node.js',
    model: 'events',
    command: [process.execPath, built('server/plain.js'), '0'],
  };
}

async function inC(): Promise<Part> {
  const servers = [
    { name: 'C epoll', source: 'epoll.c', model: 'events' },
    { name: 'C threads', source: 'threads.c', model: 'threads' },
  ] as const;
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-lab-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const compile = async ({ name, source, model }: (typeof servers)[number]): Promise<ServerUnderTest> => {
    const program = join(folder, source.replace('.c', ''));
    await run('cc', ['-O2', '-pthread', '-o', program, baseline(source)], { timeout: STEP_DEADLINE_MS });
    return { name, runtime: 'C', model, command: [program, '0'] };
  };
  try {
    return { targets: await Promise.all(servers.map(compile)) };
  } catch (error) {
    return { names: servers.map(({ name }) => name), why: reason('cc', error) };
  }
}

async function inPython(): Promise<Part> {
  const servers = [
    { name: 'Python asyncio', source: 'asyncio_server.py', model: 'events' },
    { name: 'Python nonblocking loop', source: 'nonblocking_loop.py', model: 'nonblocking' },
    { name: 'Python threads', source: 'threads.py', model: 'threads' },
  ] as const;
  try {
    // Asked for its own path: python3 may be a script that looks for the real one, which would count as start-up time.
    const { stdout } = await run('python3', ['-c', 'import sys; print(sys.executable)'], {
      timeout: STEP_DEADLINE_MS,
    });
    const python = stdout.trim();
    await run(python, ['--version']);
    return {
      targets: servers.map(({ name, source, model }) => ({
        name,
        runtime: 'Python',
        model,
        command: [python, baseline(source), '0'],
      })),
    };
  } catch (error) {
    return { names: servers.map(({ name }) => name), why: reason('python3', error) };
  }
}

function reason(tool: string, error: unknown): string {
  if (!(error instanceof Error)) return `${tool} does not work here`;
  if ('code' in error && error.code === 'ENOENT') return `there is no ${tool} on this machine`;
  const [line = ''] = error.message.split('\n').filter((text) => !text.startsWith('Command failed'));
  return `${tool} does not work here: ${line || error.message}`;
}

function baseline(file: string): string {
  return fileURLToPath(new URL(`./baselines/${file}`, import.meta.url));
}

function built(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
