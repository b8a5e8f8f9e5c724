// The zoo: servers in Python and C with one fault each. The name of the file begins with the check that must fail.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { CHECKS } from '../../client/check/all-checks.js';
import type { Grade } from '../../client/check/check.js';
import { REPORTS } from '../../client/check/report/all.js';
import { gradeServer, TOO_BUSY } from '../../client/check/run-checks.js';
import { OperationalError } from '../../shared/errors.js';
import { built } from '../support/program.js';
import { missingProgram } from '../support/skipping.js';

const PROJECT = built('..');
const FOLDER = join(PROJECT, 'test/check/zoo');
/** The servers in C are this folder's epoll.c with other system calls. */
const BASELINES = join(PROJECT, 'client/lab/baselines');

export const HOSTILE = join(PROJECT, 'test/check/hostile');
export const GOOD_PYTHON = join(FOLDER, 'good.py');
/** Servers without a fault of level tutorial, which serves exactly two clients, and line. */
export const TUTORIAL_LEVEL = join(PROJECT, 'test/check/levels/tutorial.py');
export const LINE_LEVEL = join(PROJECT, 'test/check/levels/line.py');
export const GOOD_C = join(BASELINES, 'epoll.c');

/** A file of the zoo, and the check that it fails. */
export interface Exhibit {
  /** Such as `restart.c`. */
  readonly name: string;
  readonly path: string;
  readonly fails: string;
}

export function exhibits(): Exhibit[] {
  const ids = CHECKS.map(({ id }) => id).sort((one, other) => other.length - one.length);
  return readdirSync(FOLDER)
    .filter((name) => /\.(py|c)$/.test(name) && name !== 'good.py')
    .sort()
    .map((name) => {
      const fails = ids.find((id) => name.startsWith(`${id}.`) || name.startsWith(`${id}-`));
      if (fails === undefined) throw new Error(`${name} names no check`);
      return { name, path: join(FOLDER, name), fails };
    });
}

/** Servers that do not want to be checked. */
export const HOSTILE_SERVERS = readdirSync(HOSTILE)
  .filter((name) => name.endsWith('.py'))
  .map((name) => ({ name, path: join(HOSTILE, name) }));

/**
 * Checks a hostile server. It must not pass, what it prints must be escaped and bounded, and no process of it may be left.
 * @returns what is wrong, a line each
 */
export async function hostileFaults({ name, path }: (typeof HOSTILE_SERVERS)[number]): Promise<string[]> {
  const found = await grade(command(path), ['letter']);
  const report = REPORTS.json(found);
  const faults: string[] = [];
  if (found.results.some(({ status }) => status === 'passed')) faults.push('passed');
  if (/[^\n\u0020-\u007e\u00a0-\uffff]/.test(report)) faults.push('printed a control character');
  if (found.results.some(({ output = '' }) => output.length > 30_000)) faults.push('printed too much');
  for (const pid of processesOf(path)) faults.push(`left process ${pid} behind`);
  return faults.map((fault) => `${name} ${fault}`);
}

/** The processes of a server in Python, by the path on their command lines. */
export function processesOf(path: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const [, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes(path) && !words.some((word) => word.endsWith('strcheck.js'));
    } catch {
      return false;
    }
  });
}

/** Why a server cannot run here. */
export function missingFor(path: string): string | undefined {
  return missingProgram(path.endsWith('.c') ? 'cc' : 'python3');
}

/** The checks that a server fails, judged again while the machine is too busy. @param only these, or all */
export async function failedChecks(command: readonly string[], only?: readonly string[]): Promise<string[]> {
  for (;;) {
    const { failures, busy } = await judge(command, only);
    if (!busy) return failures.map(({ id }) => id);
  }
}

export interface Verdict {
  readonly failures: ReadonlyArray<{ readonly id: string; readonly why: string }>;
  /** Whether a check, or the server, could not be judged: exit status 3. */
  readonly busy: boolean;
}

/** @param only these checks, or all */
export async function judge(command: readonly string[], only?: readonly string[]): Promise<Verdict> {
  try {
    const { results } = await grade(command, only);
    const failed = results.filter(({ status }) => status === 'failed');
    return {
      failures: failed.map(({ check: { id }, why = '' }) => ({ id, why })),
      busy: results.some(({ why }) => why === TOO_BUSY),
    };
  } catch (error) {
    if (!(error instanceof OperationalError && error.code === 'BUSY')) throw error;
    return { failures: [], busy: true };
  }
}

export function grade(command: readonly string[], only?: readonly string[]): Promise<Grade> {
  return gradeServer({ command }, { seed: 1, ...(only !== undefined && { only }) });
}

/** The command that starts a server of the zoo, or another in Python or C. */
export function command(path: string): string[] {
  return path.endsWith('.c') ? [compiled(path), '{port}'] : [python(), path, '{port}'];
}

let interpreter: string | undefined;

/** python3 on PATH may be a script that looks for the real one, which takes longer than a server's start. */
function python(): string {
  interpreter ??= execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  return interpreter.trim();
}

let folder: string | undefined;
const programs = new Map<string, string>();

function compiled(path: string): string {
  const known = programs.get(path);
  if (known !== undefined) return known;
  if (folder === undefined) {
    const created = mkdtempSync(join(tmpdir(), 'strsvr-zoo-'));
    process.once('exit', () => rmSync(created, { recursive: true, force: true }));
    folder = created;
  }
  const program = join(folder, parse(path).name);
  execFileSync('cc', ['-O1', '-pthread', '-I', BASELINES, '-o', program, path]);
  programs.set(path, program);
  return program;
}
