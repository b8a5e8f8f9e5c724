// Skips a test, with the reason, if the machine lacks a program or a permission that the test needs; and slow tests in
// `make test`, which takes less than three minutes. Every other way to run tests leaves out nothing: a file or folder by its
// name, `make coverage`, and so `.ci/run`.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Test } from 'uvu';

/** The environment variable of `make test`; STRSVR_ would be an option of the server. */
export const QUICK_VARIABLE = 'QUICK_STRING_TESTS';
export const quick = process.env[QUICK_VARIABLE] === '1';

/** The reason to skip a test that takes seconds of CPU time, and whose parts other tests cover. */
export const SLOW = quick ? 'slow' : undefined;

/** Whether PATH has a program of this name. */
export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** The reason to skip a test that needs these programs; undefined if PATH has them all. */
export function missingProgram(...programs: readonly string[]): string | undefined {
  const missing = programs.find((program) => !onPath(program));
  return missing && `there is no ${missing}`;
}

/** Registers a test, or skips it when there is a reason, and prints the reason unless it is SLOW. */
export function testWith(
  test: Test,
  reason: string | undefined,
  name: string,
  body: () => Promise<void>,
): void {
  if (reason === undefined) {
    test(name, body);
  } else {
    test.skip(name, body);
    if (reason !== SLOW) process.stdout.write(`skipped: ${name}: ${reason}\n`);
  }
}
