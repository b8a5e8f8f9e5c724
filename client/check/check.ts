// What a check is. Each has a file of its own in checks/.

import type { CheckContext } from './check-context.js';
import type { Level } from './protocol-level.js';

export interface Check {
  readonly id: string;
  /** The lowest level at which it counts. */
  readonly level: Level;
  readonly points: number;
  readonly title: string;
  /** Checks without which this one says nothing: if one of them fails, this one is not judged. */
  readonly needs: readonly string[];
  /** How many clients are connected at a time. A server that serves exactly two can be judged only up to two. */
  readonly clients: number;
  /** process: reads the server's process. command: starts or ends the server. */
  readonly access?: 'process' | 'command';
  /** Measures time: runs alone, and counts as failed only if it fails three times. */
  readonly timing?: true;
  /** How to fix it, with the tutorial's section. */
  readonly hint: string;
  /** @throws CheckFailure */
  readonly run: (context: CheckContext) => Promise<void>;
}

export type CheckStatus = 'passed' | 'failed' | 'not judged';

export interface CheckResult {
  readonly check: Check;
  readonly status: CheckStatus;
  /** Why it failed or is not judged. */
  readonly why?: string;
  readonly kernel?: string;
  /** The end of what the server printed. */
  readonly output?: string;
  readonly seconds: number;
  /** False if it is not judged for a reason that is not the server's fault. */
  readonly counts: boolean;
}

export interface Grade {
  /** The command or the address. */
  readonly server: string;
  readonly level: Level;
  /** Whether the server answers only when two clients are connected, as the tutorial's does. */
  readonly pair: boolean;
  readonly results: readonly CheckResult[];
}

export interface Score {
  readonly points: number;
  readonly maxPoints: number;
  /** Of 100, to one decimal. */
  readonly percent: number;
}

/** Points of the checks that count; a check whose need failed counts and earns nothing. */
export function scoreOf(results: readonly CheckResult[]): Score {
  const sum = (some: readonly CheckResult[]) => some.reduce((total, { check }) => total + check.points, 0);
  const maxPoints = sum(results.filter(({ counts }) => counts));
  const points = sum(results.filter(({ status }) => status === 'passed'));
  return { points, maxPoints, percent: maxPoints === 0 ? 0 : Math.round((1000 * points) / maxPoints) / 10 };
}
