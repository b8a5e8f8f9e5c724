// A program of ours in a terminal of its own, for both acts. Until it is started, the terminal is empty. However a
// program is ended, its end is waited for: nothing that a demo started outlives it.

import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { errorCode } from '../../shared/errors.js';
import { built } from '../support/support.js';
import { Terminal } from '../support/terminal.js';

/** Wide enough for every line of the server's story. */
const COLUMNS = 100;
/** strsvr stops in order at the first signal, at once at the second. */
const SIGNALS = ['SIGTERM', 'SIGTERM', 'SIGKILL'] as const;
const GRACE_MS = 2_000;

export class PtyProgram {
  readonly #path: string;
  #command = '';
  #terminal: Terminal | undefined;
  #exitStatus: number | undefined;

  /** @param path of a built file: `client/strclnt.js` */
  constructor(path: string) {
    this.#path = path;
  }

  start(...args: string[]): void {
    this.#command = [basename(this.#path, '.js'), ...args].join(' ');
    const terminal = new Terminal(process.execPath, [built(this.#path), ...args], { columns: COLUMNS });
    this.#terminal = terminal;
    void terminal.exited.then((status) => {
      this.#exitStatus = status;
    });
  }

  /** What somebody has typed to start it; empty before. */
  get command(): string {
    return this.#command;
  }

  /** 0 before it is started. */
  get pid(): number {
    return this.#terminal?.pid ?? 0;
  }

  /** What its terminal shows. */
  get lines(): readonly string[] {
    return this.#terminal?.screen ?? [];
  }

  /** undefined until it has ended. */
  get exitStatus(): number | undefined {
    return this.#exitStatus;
  }

  type(keys: string): void {
    this.#terminal?.type(keys);
  }

  /** Rejects, with the screen, when it does not become so. */
  async shows(what: string, wanted: (lines: readonly string[]) => boolean): Promise<void> {
    await this.#terminal?.shows(wanted, what);
  }

  /** Waits until a server has told where it listens. @returns its port */
  async listens(): Promise<string> {
    let port = '';
    await this.shows('where it listens', (lines) => {
      port = /^listening on .*:(\d+) /m.exec(lines.join('\n'))?.[1] ?? '';
      return port !== '';
    });
    return port;
  }

  async ends(): Promise<void> {
    await this.#terminal?.exited;
  }

  /** Ends the program if it still runs. */
  async close(): Promise<void> {
    for (const signal of SIGNALS) {
      if (this.#terminal === undefined || this.#exitStatus !== undefined) return;
      kill(this.#terminal.pid, signal);
      await Promise.race([this.ends(), setTimeout(GRACE_MS, undefined, { ref: false })]);
    }
    await this.ends();
  }
}

/** For lines of which one begins like this. */
export function some(start: string): (lines: readonly string[]) => boolean {
  return (lines) => lines.some((line) => line.startsWith(start));
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error; // it has ended just now, and we shall be told
  }
}
