// Shared by the sections of `make soak`. Each returns rows of a table, and can run at a fraction of its size.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ResultRow {
  readonly what: string;
  readonly figure: number | string;
  /** Whether the row is within its limit. */
  readonly good: boolean;
}

export interface Scope {
  /** 1: full size. */
  readonly share: number;
  /** The limit for a healthy client's latency (p99). Infinity: times are reported without a limit. */
  readonly latencyMs: number;
  readonly progress: (done: number, of: number) => void;
}

export interface Section {
  readonly name: string;
  readonly run: (scope: Scope) => Promise<ResultRow[]>;
}

export function scaled(whole: number, { share }: Scope, least = 1): number {
  return Math.max(least, Math.ceil(whole * share));
}

/** A row without a limit. */
export function info(what: string, figure: number | string): ResultRow {
  return { what, figure, good: true };
}

export function exactly(what: string, figure: number, wanted: number): ResultRow {
  return { what, figure, good: figure === wanted };
}

/**
 * @param what a limit such as ", at most 64 MiB" is appended
 * @param limit Infinity: the figure is reported without a limit
 */
export function atMost(what: string, figure: number, limit: number, unit: string): ResultRow {
  const digits = limit < 10 ? 2 : 1;
  if (limit === Number.POSITIVE_INFINITY) return info(what, `${figure.toFixed(1)} ${unit}`);
  return {
    what: `${what}, at most ${limit.toLocaleString('en')} ${unit}`,
    figure: `${figure.toFixed(digits)} ${unit}`,
    good: figure <= limit,
  };
}

/** A row that fails if there are violations, and shows the first. */
export function nothing(what: string, found: readonly string[]): ResultRow {
  if (found.length === 0) return { what, figure: 0, good: true };
  return { what: `${what}: ${found[0]}`, figure: found.length, good: false };
}

/** Gives a section a folder for its files, which is removed at its end. */
export async function inFolder(use: (folder: string) => Promise<ResultRow[]>): Promise<ResultRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-soak-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
