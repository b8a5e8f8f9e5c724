// What the students of a class have handed in, and how each server is built and started. A submission is a file or a folder;
// it is copied first, so nothing is written beside it.

import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join, parse } from 'node:path';
import { describe } from '../../../shared/errors.js';
import { build } from './build.js';

export interface Submission {
  /** The name of the file or folder, without an extension. */
  readonly student: string;
  readonly path: string;
}

/** How to start a server, or in a line why it cannot be started. */
export type Prepared =
  | { readonly command: readonly string[]; readonly cwd: string }
  | { readonly problem: string };

interface Language {
  /** The command that compiles `file` in the working folder; none for an interpreter. */
  readonly build?: (file: string) => readonly string[];
  readonly start: (file: string) => readonly string[];
}

/** Node.js runs TypeScript without a compiler since 22.18. */
const RUNS_TYPESCRIPT = 'typescript' in process.features && process.features.typescript !== false;
const NODE: Language = { start: (file) => [process.execPath, file, '{port}'] };

const LANGUAGES: ReadonlyMap<string, Language> = new Map<string, Language>([
  ['.py', { start: (file) => ['python3', file, '{port}'] }],
  [
    '.c',
    {
      build: (file) => ['cc', '-O2', '-pthread', '-o', 'built-server', file],
      start: () => ['./built-server', '{port}'],
    },
  ],
  [
    '.go',
    {
      build: (file) => ['go', 'build', '-o', 'built-server', file],
      start: () => ['./built-server', '{port}'],
    },
  ],
  [
    '.java',
    {
      build: (file) => ['javac', '-d', '.', file],
      start: (file) => ['java', '-cp', '.', parse(file).name, '{port}'],
    },
  ],
  ['.js', NODE],
  ['.mjs', NODE],
  [
    '.ts',
    RUNS_TYPESCRIPT
      ? NODE
      : {
          build: (file) => ['tsc', '--noCheck', '--module', 'nodenext', '--target', 'es2022', file],
          start: (file) => [process.execPath, `${parse(file).name}.js`, '{port}'],
        },
  ],
]);

/** The submissions of a folder, by name, and the names of the files that are none. */
export function findSubmissions(folder: string): { submissions: Submission[]; others: string[] } {
  const names = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort();
  const isSubmission = (name: string) => isFolder(join(folder, name)) || LANGUAGES.has(parse(name).ext);
  const submissions = names.filter(isSubmission).map((name) => {
    const path = join(folder, name);
    return { student: isFolder(path) ? name : parse(name).name, path };
  });
  return { submissions, others: names.filter((name) => !isSubmission(name)) };
}

/**
 * Copies and builds a submission.
 * @param folder for the copy, which is created
 * @param command how the teacher starts each server; default: as its files say
 */
export async function prepare(
  { path }: Submission,
  folder: string,
  command?: readonly string[],
): Promise<Prepared> {
  const single = !isFolder(path);
  mkdirSync(folder, { recursive: true });
  try {
    cpSync(path, single ? join(folder, basename(path)) : folder, { recursive: true });
  } catch (error) {
    return { problem: `it cannot be copied: ${describe(error)}` };
  }
  const makes = existsSync(join(folder, 'Makefile'));
  const failed = makes ? await build(['make'], folder) : undefined;
  if (failed !== undefined) return { problem: failed };
  if (command !== undefined) return { command, cwd: folder };
  for (const program of makes ? ['run', 'server'] : ['run'])
    if (isProgram(join(folder, program))) return { command: [`./${program}`, '{port}'], cwd: folder };
  const file = sourceOf(folder);
  if (typeof file !== 'string') return file;
  const { build: compile, start } = LANGUAGES.get(parse(file).ext) ?? NODE;
  const problem = compile === undefined ? undefined : await build(compile(file), folder);
  return problem === undefined ? { command: start(file), cwd: folder } : { problem };
}

/** The file with the server: server.c, Server.java, ..., or the only one that may be one. */
function sourceOf(folder: string): string | { readonly problem: string } {
  const sources = readdirSync(folder).filter((file) => LANGUAGES.has(parse(file).ext));
  const named = sources.filter((file) => parse(file).name.toLowerCase() === 'server');
  const [file, ...others] = named.length > 0 ? named : sources;
  if (file !== undefined && others.length === 0) return file;
  const found = file === undefined ? 'none of them' : [file, ...others].sort().join(' and ');
  return {
    problem: `expected a program named run, a Makefile that makes server, or one source file of ${[...LANGUAGES.keys()].join(' ')}, got ${found}`,
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isProgram(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && (stats.mode & 0o111) !== 0;
}
