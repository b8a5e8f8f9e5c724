// A real terminal with a program in it: a pseudo-terminal for the program, a terminal emulator for what a person
// would see. For tests and for the demo.

import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { TIMEOUT_MS } from './support.js';

export class Terminal {
  /** Resolves to the program's exit status; 128 and more if a signal ended it. */
  readonly exited: Promise<number>;
  readonly pid: number;
  readonly #pty;
  readonly #emulator;
  readonly #watchers = new Set<() => void>();
  #ended = false;

  constructor(command: string, args: readonly string[], { columns = 80, rows = 24 } = {}) {
    this.#emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    this.#pty = spawn(command, [...args], { name: 'xterm-256color', cols: columns, rows, env: process.env });
    this.pid = this.#pty.pid;
    this.#pty.onData((data) => this.#emulator.write(data, () => this.#changed()));
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#ended = true;
        this.#emulator.write('', () => {
          this.#changed(); // all that the program has written is on the screen
          resolve(signal ? 128 + signal : exitCode);
        });
      });
    });
  }

  /** Presses keys. Enter is '\r', Ctrl-C '\x03', Ctrl-D '\x04'. */
  type(keys: string): void {
    this.#pty.write(keys);
  }

  /** What a person sees, without the empty rows at the end. */
  get screen(): string[] {
    const buffer = this.#emulator.buffer.active;
    const rows = Array.from(
      { length: buffer.length },
      (_, row) => buffer.getLine(row)?.translateToString(true) ?? '',
    );
    while (rows.at(-1) === '') rows.pop();
    return rows;
  }

  /** Resolves once the screen is as wanted; rejects, with the screen, when it does not become so. */
  shows(wanted: (screen: string[]) => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        clearTimeout(patience);
        this.#watchers.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const giveUp = () =>
        settle(new Error(`the terminal never showed ${what}, but:\n${this.screen.join('\n')}`));
      const patience = setTimeout(giveUp, TIMEOUT_MS);
      const look = () => {
        if (wanted(this.screen)) settle();
        else if (this.#ended) giveUp();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Ends the program, if it has not ended yet. */
  close(signal: 'SIGINT' | 'SIGKILL' = 'SIGKILL'): void {
    if (!this.#ended) process.kill(this.pid, signal);
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}
