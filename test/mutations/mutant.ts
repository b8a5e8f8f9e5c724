// A copy of the project's source with one bug of bugs.ts in it, that builds and runs by itself: server/, shared/ and the
// clients in TypeScript, and below dist/ what they compile to beside this project's built tests.

import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { built, type Finished, Program } from '../support/program.js';
import type { Mutation } from './mutations.js';

const ROOT = built('..');

/** A source file as the bug has it. @throws Error unless its place is there exactly once */
export function mutate({ name, file, find, replace }: Mutation): string {
  const parts = readFileSync(join(ROOT, file), 'utf8').split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`${name}: expected its place once in ${file}, found it ${parts.length - 1} times`);
}

/** Writes the copy's source; `folder` must be new. */
export function writeMutant(bug: Mutation, folder: string): void {
  const content = mutate(bug);
  mkdirSync(folder, { recursive: true });
  for (const part of ['server', 'client', 'shared']) {
    const filter = (path: string) => path !== join(ROOT, 'client', 'lab'); // it is compiled beside the tests
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter });
  }
  writeFileSync(join(folder, bug.file), content);
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const unused = { noUnusedLocals: false, noUnusedParameters: false }; // they would point to what a bug has left out
  const compilerOptions = { rootDir: '.', outDir: 'dist', sourceMap: false, declaration: false, ...unused };
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions,
    include: ['server', 'client', 'shared'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** Compiles the copy; what the compiler says about it is on stdout, and its status is not 0 then. */
export function compileMutant(folder: string): Promise<Finished> {
  for (const part of ['client/lab', 'test']) {
    const filter = (path: string) => !path.endsWith('.map'); // they lead to the source without the bug
    cpSync(built(part), join(folder, 'dist', part), { recursive: true, filter });
  }
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  return new Program(spawn(tsc, ['-p', folder, '--pretty', 'false'], { env, stdio: 'pipe' })).finished;
}
