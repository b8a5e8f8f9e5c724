// What the sections of `make soak` share. Each returns rows of a table, and can be run at a share of its size.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Row {
  readonly what: string;
  readonly figure: number | string;
  /** Whether the promise is kept. */
  readonly good: boolean;
}

export interface Scope {
  /** 1: full size. */
  readonly share: number;
  /** The limit for a healthy client's latency (p99). Infinity: times are reported and not judged. */
  readonly latencyMs: number;
  readonly progress: (done: number, of: number) => void;
}

export interface Section {
  readonly name: string;
  readonly run: (scope: Scope) => Promise<Row[]>;
}

export function scaled(whole: number, { share }: Scope, least = 1): number {
  return Math.max(least, Math.ceil(whole * share));
}

/** A row that is not judged. */
export function info(what: string, figure: number | string): Row {
  return { what, figure, good: true };
}

export function exactly(what: string, figure: number, wanted: number): Row {
  return { what, figure, good: figure === wanted };
}

/**
 * @param what a limit such as ", at most 64 MiB" is appended
 * @param limit Infinity: the figure is reported and not judged
 */
export function atMost(what: string, figure: number, limit: number, unit: string): Row {
  const digits = limit < 10 ? 2 : 1;
  if (limit === Number.POSITIVE_INFINITY) return info(what, `${figure.toFixed(1)} ${unit}`);
  return {
    what: `${what}, at most ${limit.toLocaleString('en')} ${unit}`,
    figure: `${figure.toFixed(digits)} ${unit}`,
    good: figure <= limit,
  };
}

/** Judges that no violation was found, and shows the first. */
export function nothing(what: string, found: readonly string[]): Row {
  if (found.length === 0) return { what, figure: 0, good: true };
  return { what: `${what}: ${found[0]}`, figure: found.length, good: false };
}

/** Gives a section a folder for its files, which is removed at its end. */
export async function inFolder(use: (folder: string) => Promise<Row[]>): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-soak-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
