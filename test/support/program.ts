// Runs programs in processes of their own and collects what they print.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TIMEOUT_MS } from './waiting.js';

/** The path of a built file: `built('server/strsvr.js')`. */
export function built(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/**
 * Stops the coverage measurement of the processes and threads that this file starts. For files whose children run only
 * code that other files cover: measuring takes a third of their time.
 */
export function skipChildCoverage(): void {
  delete process.env['NODE_V8_COVERAGE'];
}

export interface Finished {
  /** Exit status, or the signal that ended it. */
  readonly status: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program in a process of its own: one of ours by its path, or another that was started elsewhere. */
export class Program {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Whether the process leads a process group: the wrapper command and the program. */
  readonly #group: boolean;
  stdout = '';
  stderr = '';

  /**
   * @param program a built file, to be run with node; or a running process
   * @param through a wrapper command that runs node, such as strace with its options
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
    this.child.stdin?.on('error', () => {}); // the program may exit before it has read everything
    this.finished = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        resolve({ status: signal ?? code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Kills the program and its wrapper; returns whether they were still running. */
  kill(): boolean {
    const { pid } = this.child;
    if (!this.#group || pid === undefined) return this.child.kill('SIGKILL');
    try {
      return process.kill(-pid, 'SIGKILL');
    } catch {
      return false; // it has exited
    }
  }

  /** Resolves to the match once the stream contains the pattern. Rejects at the timeout, or when the program exits before. */
  async waitFor(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    for (;;) {
      const match = pattern.exec(this[stream]);
      if (match !== null) return match;
      const exited = await Promise.race([
        once(this.child[stream] as NodeJS.ReadableStream, 'data', { signal }).then(
          () => false,
          () => true,
        ),
        this.finished.then(() => true),
      ]);
      if (exited && !pattern.test(this[stream])) {
        throw new Error(`${pattern} was never printed on ${stream}, but:\n${this.stdout}\n${this.stderr}`);
      }
    }
  }
}

/** Runs a program of ours to its end, with `input` on stdin. */
export async function run(path: string, args: readonly string[] = [], input = ''): Promise<Finished> {
  const program = new Program(path, args);
  program.child.stdin?.end(input);
  return program.finished;
}

/** Resolves when the program has exited; rejects at the timeout. */
export async function ended(program: Program, withinMs = TIMEOUT_MS): Promise<Finished> {
  const finished = await Promise.race([program.finished, sleep(withinMs, undefined, { ref: false })]);
  if (finished === undefined)
    throw new Error(`the program did not exit within ${withinMs} ms:\n${program.stderr}`);
  return finished;
}

/** A Python program in a process of its own. */
export function python(script: string, ...args: readonly string[]): Program {
  return new Program(spawn('python3', ['-c', script, ...args], { stdio: 'pipe' }));
}
