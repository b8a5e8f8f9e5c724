// What tests share: servers that are always closed, commands run to their end, and clients that send and receive
// literal bytes.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { IoModelName, StringServer, StringServerOptions } from 'strsvr';
import { startStringServer } from 'strsvr';
import type { Test } from 'uvu';

export type Address = StringServer['address'];

/** The path of a built file: `built('server/strsvr.js')`. */
export function built(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** An address as clients take it on their command lines. */
export function at({ host, port }: Address): string[] {
  return [host, String(port)];
}

/** Starts a server in this process on a free port and closes it whatever happens. */
export async function withServer(
  options: StringServerOptions,
  use: (server: StringServer) => Promise<void>,
): Promise<void> {
  const server = await startStringServer({ port: 0, ...options });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

/**
 * From now on, what the processes and threads that this file starts run of the code is not counted: for files that run
 * again what others have had counted, since counting takes a third of their time.
 */
export function skipChildCoverage(): void {
  delete process.env['NODE_V8_COVERAGE'];
}

/** Options that choose a model; where nobody looks at what asking in a circle costs, it naps and leaves the core alone. */
export function modelArgs(io: IoModelName): string[] {
  return ['--io', io, ...(io === 'nonblocking' ? ['--idle-sleep', '1'] : [])];
}

export interface Finished {
  /** Exit status, or the signal that ended it. */
  readonly status: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Only ends what hangs: nothing is judged by it. */
export const TIMEOUT_MS = 60_000;

/** A program in a process of its own: one of ours by its path, or any other that has been started. */
export class Program {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Whether it leads a group of processes: the command it runs through, and itself. */
  readonly #group: boolean;
  stdout = '';
  stderr = '';

  /**
   * @param program a built file, to be run with node; or a process that runs already
   * @param through a command that runs node, such as strace with its options
   */
  constructor(
    program: string | ChildProcess,
    args: readonly string[] = [],
    nodeArgs: readonly string[] = [],
    through: readonly string[] = [],
  ) {
    this.#group = through.length > 0;
    if (typeof program === 'string') {
      const [command = '', ...rest] = [...through, process.execPath, ...nodeArgs, built(program), ...args];
      this.child = spawn(command, rest, { stdio: 'pipe', detached: this.#group });
    } else {
      this.child = program;
    }
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.child.stdin?.on('error', () => {}); // it may end before it has read everything
    this.finished = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        resolve({ status: signal ?? code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Ends it and what it runs through; true if it was still there. */
  kill(): boolean {
    const { pid } = this.child;
    if (!this.#group || pid === undefined) return this.child.kill('SIGKILL');
    try {
      return process.kill(-pid, 'SIGKILL');
    } catch {
      return false; // it has ended
    }
  }

  /** Resolves to the match once stdout or stderr contains the pattern; rejects if the program ends before, or after a minute. */
  async waitFor(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    for (;;) {
      const match = pattern.exec(this[stream]);
      if (match !== null) return match;
      const over = await Promise.race([
        once(this.child[stream] as NodeJS.ReadableStream, 'data', { signal }).then(
          () => false,
          () => true,
        ),
        this.finished.then(() => true),
      ]);
      if (over && !pattern.test(this[stream])) {
        throw new Error(`${pattern} was never said on ${stream}, but:\n${this.stdout}\n${this.stderr}`);
      }
    }
  }
}

/** What a program said, once it has ended; never waits for ever. */
export async function ended(program: Program, withinMs = TIMEOUT_MS): Promise<Finished> {
  const finished = await Promise.race([program.finished, sleep(withinMs, undefined, { ref: false })]);
  if (finished === undefined) throw new Error(`it did not end within ${withinMs} ms:\n${program.stderr}`);
  return finished;
}

/** Runs a program of ours to its end, with `input` on stdin. */
export async function run(path: string, args: readonly string[] = [], input = ''): Promise<Finished> {
  const program = new Program(path, args);
  program.child.stdin?.end(input);
  return program.finished;
}

/** Starts strsvr, or another server of ours, in a process of its own, waits until it listens, and ends it whatever happens. */
export async function withStrsvr(
  args: readonly string[],
  use: (server: Program, address: Address) => Promise<void>,
  path = 'server/strsvr.js',
  through: readonly string[] = [],
): Promise<void> {
  const server = new Program(path, args, [], through);
  try {
    const [, host = '', port] = await server.waitFor('stdout', /listening on (.+):(\d+)[ \n]/);
    await use(server, { host, port: Number(port) });
  } finally {
    server.kill();
    await server.finished;
  }
}

/** A server in this process that does as it is told, closed whatever happens. */
export async function withNetServer(
  accept: (socket: Socket) => void,
  use: (address: Address) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.on('error', () => {}));
    accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** A client that knows nothing but bytes. */
export class ByteClient {
  readonly socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #arrived: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  static async connect({ host, port }: Address): Promise<ByteClient> {
    const socket = createConnection({ host, port, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    socket.on('error', () => {});
    return new ByteClient(socket);
  }

  /** Sends text as UTF-8, or bytes as they are. */
  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Resolves to exactly so many bytes; rejects if the stream ends before. */
  async receive(length: number): Promise<Buffer> {
    while (this.#arrived.length < length) {
      const { value, done } = await this.#chunks.next();
      if (done)
        throw new Error(`expected ${length} bytes, got ${this.#arrived.length} and the end of the stream`);
      this.#arrived = Buffer.concat([this.#arrived, value]);
    }
    const received = this.#arrived.subarray(0, length);
    this.#arrived = this.#arrived.subarray(length);
    return received;
  }

  /** Resolves to what comes next, however much that is; rejects at the end of the stream. */
  async receiveSome(): Promise<Buffer> {
    const received = this.#arrived;
    this.#arrived = Buffer.alloc(0);
    if (received.length > 0) return received;
    const { value, done } = await this.#chunks.next();
    if (done) throw new Error('expected more, got the end of the stream');
    return value;
  }

  /** Resolves to all that comes until the server ends the stream. */
  async receiveAll(): Promise<Buffer> {
    const parts: Buffer[] = [this.#arrived];
    for (;;) {
      const { value, done } = await this.#chunks.next();
      if (done) return Buffer.concat(parts);
      parts.push(value);
    }
  }

  /** Ends our side and resolves to all that the server still sends. */
  async endAndReceive(): Promise<Buffer> {
    this.socket.end();
    return this.receiveAll();
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Resolves once the condition holds. */
export async function until(condition: () => boolean, what = String(condition)): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await sleep(5);
  }
}

/**
 * Whether all threads of a program sleep at this moment, where there is a /proc: field 3 of proc_pid_stat(5). A program
 * that spins is never seen asleep, however little of a core it gets; false once it has ended.
 */
export function asleep({ child: { pid } }: Program): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((task) => {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
      return stat.charAt(stat.lastIndexOf(')') + 2) === 'S';
    });
  } catch {
    return false;
  }
}

/** A Python program in a process of its own. */
export function python(script: string, ...args: readonly string[]): Program {
  return new Program(spawn('python3', ['-c', script, ...args], { stdio: 'pipe' }));
}

/** Whether a program can be typed by its name. */
export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** A test that needs what not every machine has: where `missing` says what that is, it is skipped and says so. */
export function testWith(
  test: Test,
  missing: string | undefined,
  name: string,
  body: () => Promise<void>,
): void {
  if (missing === undefined) {
    test(name, body);
  } else {
    test.skip(name, body);
    process.stdout.write(`skipped: ${name}: ${missing}\n`);
  }
}

/**
 * Tests that mostly wait: each starts along with the few before it, and is judged in its own turn. What it does must not
 * depend on what the others leave.
 */
export function concurrent(test: Test, atOnce: number): (name: string, body: () => Promise<void>) => void {
  const bodies: Array<() => Promise<void>> = [];
  const outcomes = new Map<number, Promise<{ readonly error: unknown } | undefined>>();
  const start = (body: () => Promise<void>) =>
    body().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
  return (name, body) => {
    const turn = bodies.push(body) - 1;
    test(name, async () => {
      for (const [index, next] of bodies.entries()) {
        const near = index >= turn && index < turn + atOnce;
        if (near && !outcomes.has(index)) outcomes.set(index, start(next));
      }
      const outcome = await outcomes.get(turn);
      if (outcome !== undefined) throw outcome.error;
    });
  };
}
