// The skeletons of the assignment: what a student starts from. They must compile, and fail politely.

import { delimiter, join } from 'node:path';
import { prepare } from '../../client/check/class/submissions.js';
import { IsolatedProcess } from '../../client/check/isolated-process.js';
import { built } from '../support/program.js';

const PROJECT = built('..');

/** Those that compile quickly come first. */
export const SKELETONS: ReadonlyArray<{ readonly file: string; readonly programs: readonly string[] }> = [
  { file: 'server.py', programs: ['python3'] },
  { file: 'server.c', programs: ['cc'] },
  { file: 'server.go', programs: ['go'] },
  { file: 'Server.java', programs: ['javac', 'java'] },
  { file: 'server.ts', programs: [] },
];

/**
 * Compiles a skeleton, and starts it with a port and without.
 * @param folder for what the compiler writes
 * @returns what it should not do, a line each
 */
export async function skeletonFaults(file: string, folder: string): Promise<string[]> {
  const path = process.env['PATH'];
  process.env['PATH'] = `${path}${delimiter}${join(PROJECT, 'node_modules/.bin')}`; // tsc
  const submission = { student: 'gil', path: join(PROJECT, 'client/check/assignment', file) };
  const prepared = await prepare(submission, folder);
  process.env['PATH'] = path;
  if ('problem' in prepared) return [prepared.problem];
  const { command, cwd } = prepared;
  const start = async (port: string, expected: RegExp) => {
    const words = command.map((word) => word.replace('{port}', port));
    const skeleton = new IsolatedProcess(words, cwd);
    await skeleton.exited;
    await skeleton.stop();
    const seen = `${skeleton.ended}: ${skeleton.output.trim()}`;
    return expected.test(seen) ? [] : [`${file} with ${port}: expected ${expected}, got ${seen}`];
  };
  const faults = await Promise.all([
    start('2000', new RegExp(`^exit status 1: ${file} is not written yet: it should listen on port 2000$`)),
    start('port', /^exit status 2: usage: .*PORT$/),
  ]);
  return faults.flat();
}
