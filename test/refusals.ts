// Command lines that are refused, one after the other in one process: that a process starts takes longer than all of them.

import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { built, Program } from './support.js';

/** A command is a module that does its work when it is loaded, and a query makes it another module. */
const SCRIPT = `
  const [url, commandLines] = process.argv.slice(1);
  const print = process.stdout.write.bind(process.stdout);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    process[name].setMaxListeners(0);
    process[name].write = (text) => { said[name] += text; };
  }
  const refusals = [];
  for (const [index, args] of JSON.parse(commandLines).entries()) {
    process.argv = [process.execPath, 'command', ...args];
    await import(url + '?' + index);
    refusals.push({ status: process.exitCode, ...said });
    Object.assign(said, { stdout: '', stderr: '' });
    process.exitCode = 0;
  }
  print(JSON.stringify(refusals));`;

/** A command must refuse each of these command lines with its complaint, in one line, and exit status 2. */
export async function refuses(
  name: string,
  path: string,
  refused: ReadonlyArray<readonly [args: readonly string[], complaint: string]>,
): Promise<void> {
  const commandLines = refused.map(([args]) => args);
  const url = pathToFileURL(built(path)).href;
  const nodeArgs = ['--input-type=module', '-e', SCRIPT, url, JSON.stringify(commandLines)];
  const { stdout, stderr } = await new Program(path, [], nodeArgs).finished;
  assert.is(stderr, '');
  const refusals: unknown[] = JSON.parse(stdout);
  assert.equal(
    refusals,
    refused.map(([, complaint]) => ({
      status: 2,
      stdout: '',
      stderr: `${name}: ${complaint} (see --help)\n`,
    })),
  );
}
