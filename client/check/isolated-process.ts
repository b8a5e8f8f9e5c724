// An untrusted program, in a session of its own, with a small environment and the end of its output. No process that
// comes from it outlives strcheck.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutputTail } from './output-tail.js';
import { MARK, ProcessFamily, processGroup } from './server-processes.js';

const KILL_AFTER_MS = 2_000;
/** How long its last output may take: a child of it may hold the pipe open for ever. */
const OUTPUT_MS = 2_000;
/** All that it gets of our environment: no secrets. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'JAVA_HOME', 'GOPATH', 'GOCACHE'];

const living = new Set<IsolatedProcess>();
process.on('exit', () => {
  for (const program of living) program.kill();
});

export class IsolatedProcess {
  /** Resolves when the first process has ended. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #family: ProcessFamily;
  readonly #output: OutputTail;
  #ended: string | undefined;

  /** @param onOutput when it prints */
  constructor(command: readonly string[], cwd?: string, onOutput = () => {}) {
    const [program = '', ...args] = command;
    const mark = randomUUID();
    const passedOn = Object.entries(process.env).filter(([name]) => PASSED_ON.includes(name));
    this.#child = spawn(program, args, {
      detached: true, // a session of its own
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...Object.fromEntries(passedOn), [MARK]: mark, PYTHONDONTWRITEBYTECODE: '1' },
      ...(cwd !== undefined && { cwd }),
    });
    living.add(this);
    this.#family = new ProcessFamily(this.#child.pid ?? -1, mark);
    this.#output = new OutputTail([this.#child.stdout, this.#child.stderr], onOutput);
    this.exited = new Promise<void>((resolve) => {
      const end = (how: string) => {
        this.#ended ??= how;
        resolve();
      };
      this.#child.on('error', ({ message }) => end(message));
      this.#child.on('exit', (status, signal) => {
        this.#ended ??= signal === null ? `exit status ${status}` : `ended by ${signal}`;
        // What it has printed last may still be in the pipe, which its children may hold open.
        void Promise.race([once(this.#child, 'close'), sleep(OUTPUT_MS)]).finally(resolve);
      });
    });
  }

  /** How the first process has ended: `exit status 0`, `ended by SIGKILL`; undefined while it runs. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output.text;
  }

  /** All its processes that live. */
  pids(): number[] {
    return this.#family.living();
  }

  /** To its process group, and to those that have left it: a second SIGTERM may mean more than the first. */
  signal(name: NodeJS.Signals, pids = this.pids()): void {
    const group = this.#child.pid ?? 0;
    for (const target of [-group, ...pids.filter((pid) => processGroup(pid) !== group)]) {
      if (target === 0) continue;
      try {
        process.kill(target, name);
      } catch {} // it has ended meanwhile
    }
  }

  /** @param why how it ends, if it is not to be `ended by SIGKILL` */
  kill(why?: string): void {
    if (why !== undefined) this.#ended ??= why;
    this.signal('SIGKILL', this.#family.all());
    living.delete(this);
  }

  /** Resolves to whether all its processes have ended in time. */
  async gone(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (this.#ended === undefined || this.pids().length > 0) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await Promise.race([this.#ended === undefined ? this.exited : sleep(20), sleep(Math.min(left, 50))]);
    }
    return true;
  }

  /** SIGTERM, and SIGKILL after 2 s. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.gone(KILL_AFTER_MS);
    this.kill();
    await this.gone(KILL_AFTER_MS);
    this.#output.close();
  }
}
