// A program in a pseudo-terminal, with a terminal emulator that keeps the screen a user would see. For tests and for the
// demo. Until the program is started, the screen is empty.

import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { errorCode } from '../../shared/errors.js';
import { built } from './program.js';
import { TIMEOUT_MS } from './waiting.js';

/** strsvr stops gracefully at the first signal, immediately at the second. */
const SIGNALS = ['SIGTERM', 'SIGTERM', 'SIGKILL'] as const;
const GRACE_MS = 2_000;

export class PtyProgram {
  /** Resolves to the program's exit status; 128 and more if a signal ended it. */
  readonly exited: Promise<number>;
  readonly #path: string;
  readonly #emulator;
  readonly #watchers = new Set<() => void>();
  readonly #exit: (status: number) => void;
  #pty: IPty | undefined;
  #commandLine = '';
  #exitStatus: number | undefined;

  /** @param path of a built file, such as `client/strclnt.js`, or the name of another command */
  constructor(path: string, { columns = 80, rows = 24 } = {}) {
    this.#path = path;
    this.#emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    let exit = (_: number) => {};
    this.exited = new Promise((resolve) => {
      exit = resolve;
    });
    this.#exit = exit;
  }

  start(...args: string[]): void {
    this.#commandLine = [basename(this.#path, '.js'), ...args].join(' ');
    const isOurs = this.#path.endsWith('.js');
    const [command, all] = isOurs ? [process.execPath, [built(this.#path), ...args]] : [this.#path, args];
    const { cols, rows } = this.#emulator;
    this.#pty = spawn(command, all, { name: 'xterm-256color', cols, rows, env: process.env });
    this.#pty.onData((data) => this.#emulator.write(data, () => this.#changed()));
    this.#pty.onExit(({ exitCode, signal }) => {
      const status = signal ? 128 + signal : exitCode;
      this.#exitStatus = status;
      this.#emulator.write('', () => {
        this.#changed(); // everything that the program wrote is on the screen
        this.#exit(status);
      });
    });
  }

  /** The command line as a user types it; empty before the start. */
  get commandLine(): string {
    return this.#commandLine;
  }

  /** 0 before the start. */
  get pid(): number {
    return this.#pty?.pid ?? 0;
  }

  /** undefined while the program runs. */
  get exitStatus(): number | undefined {
    return this.#exitStatus;
  }

  /** The lines on the screen, without the empty ones at the end. */
  get lines(): string[] {
    const buffer = this.#emulator.buffer.active;
    const lines = Array.from(
      { length: buffer.length },
      (_, row) => buffer.getLine(row)?.translateToString(true) ?? '',
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** Presses keys. Enter is '\r', Ctrl-C '\x03', Ctrl-D '\x04'. */
  type(keys: string): void {
    this.#pty?.write(keys);
  }

  /** Resolves once `isShown` accepts the screen. Rejects, with the screen, at the timeout or when the program ends before. */
  waitFor(what: string, isShown: (lines: readonly string[]) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        clearTimeout(timeout);
        this.#watchers.delete(check);
        if (error === undefined) resolve();
        else reject(error);
      };
      const fail = () => settle(new Error(`the screen never showed ${what}, but:\n${this.lines.join('\n')}`));
      const timeout = setTimeout(fail, TIMEOUT_MS);
      const check = () => {
        if (isShown(this.lines)) settle();
        else if (this.#exitStatus !== undefined) fail();
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** Sends a signal, unless the program has ended. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.#pty === undefined || this.#exitStatus !== undefined) return;
    try {
      process.kill(this.#pty.pid, signal);
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error; // it has just ended: onExit follows
    }
  }

  /** Stops the program, gracefully if it can, and waits until it has ended. */
  async close(): Promise<void> {
    if (this.#pty === undefined) return;
    for (const signal of SIGNALS) {
      if (this.#exitStatus !== undefined) break;
      this.kill(signal);
      await Promise.race([this.exited, sleep(GRACE_MS, undefined, { ref: false })]);
    }
    await this.exited;
  }

  #changed(): void {
    for (const check of [...this.#watchers]) check();
  }
}
