// Tests rejected command lines, all in one process, because starting a process takes longer than all of them.

import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { built, Program } from './program.js';

/** A command runs when its module is loaded; a query in the URL loads it again. */
const SCRIPT = `
  const [url, commandLines] = process.argv.slice(1);
  const print = process.stdout.write.bind(process.stdout);
  let stdout = '';
  for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(0);
  process.stdout.write = (text) => { stdout += text; };
  const rejections = [];
  for (const [index, args] of JSON.parse(commandLines).entries()) {
    process.argv = [process.execPath, 'command', ...args];
    await import(url + '?' + index);
    rejections.push({ status: process.exitCode, stdout });
    stdout = '';
    process.exitCode = 0;
  }
  print(JSON.stringify(rejections));`;

/** A command must reject each of these command lines with its message, in one line, and exit status 2. */
export async function rejects(
  name: string,
  path: string,
  rejected: ReadonlyArray<readonly [args: readonly string[], complaint: string]>,
): Promise<void> {
  const commandLines = rejected.map(([args]) => args);
  const url = pathToFileURL(built(path)).href;
  const nodeArgs = ['--input-type=module', '-e', SCRIPT, url, JSON.stringify(commandLines)];
  const { stdout, stderr } = await new Program(path, [], nodeArgs).finished;
  assert.equal(stderr.split('\n'), [
    ...rejected.map(([, complaint]) => `${name}: ${complaint} (see --help)`),
    '',
  ]);
  const rejections: unknown[] = JSON.parse(stdout);
  assert.equal(
    rejections,
    rejected.map(() => ({ status: 2, stdout: '' })),
  );
}
