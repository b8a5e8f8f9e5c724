// How a command ends, whatever it does. What its command line may be is tested with each command.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { built } from './support.js';

/** Runs a command whose main function has this body. */
async function runBody(
  body: string,
  args: readonly string[] = [],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const script = `
    import { print, readCommandLine, runCommand } from ${JSON.stringify(built('shared/command.js'))};
    import { OperationalError, UsageError } from ${JSON.stringify(built('shared/errors.js'))};
    const spec = { name: 'it', usage: '[word]', summary: 'Test', positionals: (y) => y.positional('word', {}),
      options: (y) => y.option('fast', { boolean: true, default: false }), examples: [] };
    await runCommand('it', async () => { ${body} });`;
  const running = promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    script,
    '--',
    'it',
    ...args,
  ]);
  return running.then(
    (out) => ({ code: 0, ...out }),
    (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  );
}

test('done is exit 0', async () => {
  assert.equal(await runBody("await print('done')"), { code: 0, stdout: 'done', stderr: '' });
});

test('a failure of the world is one line and exit 1, made safe for the terminal', async () => {
  const { code, stderr } = await runBody("throw new OperationalError('EX', 'disk\\x1b gone')");
  assert.equal([code, stderr], [1, 'it: disk\\u{1B} gone\n']);
});

test('wrong usage is one line and exit 2', async () => {
  const { code, stderr } = await runBody("throw new UsageError('too loud')");
  assert.equal([code, stderr], [2, 'it: too loud (see --help)\n']);
});

test('a mistake of the programmer ends with its stack', async () => {
  const { code, stderr } = await runBody("throw new TypeError('a bug')");
  assert.is(code, 1);
  assert.match(stderr, /TypeError: a bug\n +at /);
});

test('a mistake of the programmer in the options does so too', async () => {
  const { stderr } = await runBody(
    "readCommandLine({ ...spec, positionals: () => { throw new TypeError('a bug') } })",
  );
  assert.match(stderr, /TypeError: a bug\n +at /);
});

test('nothing that was written is swallowed', async () => {
  const refused = async (...args: string[]) => (await runBody('readCommandLine(spec)', args)).stderr;
  assert.is(await refused('word', '--fast'), '');
  assert.is(await refused('--', 'word'), 'it: expected nothing after --, got word (see --help)\n');
  assert.is(await refused('--fast', '--no-fast'), 'it: --fast: expected once, got it again (see --help)\n');
  assert.is(await refused('--word', 'x'), 'it: word: expected without --, got --word (see --help)\n');
  assert.is(await refused('--fast=7'), 'it: --fast: expected no value, got 7 (see --help)\n');
});

test.run();
