// A mutant: a copy of the project's source with one of mutations.ts applied, which builds and runs by itself. server/,
// shared/ and the clients are copied as TypeScript; dist/ gets what they compile to, and this project's built tests.

import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { built, type Finished, Program } from '../support/program.js';
import type { CodeMutation } from './mutations.js';

const ROOT = built('..');

/** @returns the mutated source file. @throws Error unless the text to replace occurs exactly once */
export function mutate({ name, file, find, replace }: CodeMutation): string {
  const parts = readFileSync(join(ROOT, file), 'utf8').split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(
    `${name}: expected the text to replace once in ${file}, found it ${parts.length - 1} times`,
  );
}

/** Writes the copy's source; `folder` must be new. */
export function writeMutant(mutation: CodeMutation, folder: string): void {
  const content = mutate(mutation);
  mkdirSync(folder, { recursive: true });
  for (const part of ['server', 'client', 'shared']) {
    const filter = (path: string) => path !== join(ROOT, 'client', 'lab'); // its compiled files are copied with the tests
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter });
  }
  writeFileSync(join(folder, mutation.file), content);
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const unused = { noUnusedLocals: false, noUnusedParameters: false }; // they would point to what a mutation removed
  const output = { rootDir: '.', outDir: 'dist', sourceMap: false, declaration: false };
  const compilerOptions = { ...output, ...unused, incremental: true, tsBuildInfoFile: 'dist/.tsbuildinfo' };
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions,
    include: ['server', 'client', 'shared'],
    exclude: ['client/wall/page'], // they need the types of browsers
  };
  writeFileSync(join(folder, 'tsconfig.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/**
 * Compiles what has changed in the copy. If that fails, the status is not 0 and stdout has the compiler's messages.
 * @param flags of tsc
 */
export function compileMutant(folder: string, ...flags: readonly string[]): Promise<Finished> {
  for (const part of ['client/lab', 'test']) {
    const copy = join(folder, 'dist', part);
    const filter = (path: string) => !path.endsWith('.map'); // they refer to the source without the mutation
    if (!existsSync(copy)) cpSync(built(part), copy, { recursive: true, filter });
  }
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  return new Program(spawn(tsc, ['-p', folder, '--pretty', 'false', ...flags], { env, stdio: 'pipe' }))
    .finished;
}
