// Skips a test, with the reason, if the machine lacks a program or a permission that the test needs.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Test } from 'uvu';

/** Whether PATH has a program of this name. */
export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** The reason to skip a test that needs these programs; undefined if PATH has them all. */
export function missingProgram(...programs: readonly string[]): string | undefined {
  const missing = programs.find((program) => !onPath(program));
  return missing && `there is no ${missing}`;
}

/** Registers a test, or skips it and prints the reason when there is one. */
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
    process.stdout.write(`skipped: ${name}: ${reason}\n`);
  }
}
