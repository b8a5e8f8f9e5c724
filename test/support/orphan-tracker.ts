// Finds processes that a test leaves behind, by a mark in the environment, which their children inherit: it works for any
// process group and parent. Needs /proc; without it no process is found.

import { readdirSync, readFileSync } from 'node:fs';

export interface LeftBehind {
  readonly pid: number;
  readonly command: string;
}

export class OrphanTracker {
  /** To be added to the environment of the first process. */
  readonly env: Readonly<Record<string, string>>;
  readonly #entry: string;

  /** @param name of the variable: marks of different names do not hide each other */
  constructor(name: string) {
    const value = `${process.pid}-${Date.now()}-${Math.random()}`;
    this.env = { [name]: value };
    this.#entry = `${name}=${value}`;
  }

  /** Kills all running processes that have the mark, and returns them. */
  endAll(): LeftBehind[] {
    const left = processes().filter((pid) => read(pid, 'environ').split('\0').includes(this.#entry));
    return left.map((pid) => {
      const command = read(pid, 'cmdline').replaceAll('\0', ' ');
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // it has ended meanwhile
      return { pid, command };
    });
  }
}

/** All processes except this one. */
function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => pid !== process.pid);
  } catch {
    return [];
  }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
