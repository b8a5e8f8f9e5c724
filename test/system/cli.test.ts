// How a command ends: exit status and output. Its command line is tested with each command.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../support/cli-errors.js';
import { built, Program } from '../support/program.js';
import { withNetServer } from '../support/servers.js';
import { testWith } from '../support/skipping.js';

/** Runs a command whose main function has this body. */
async function runBody(
  body: string,
  args: readonly string[] = [],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const script = `
    import { print, printLine, runCommand } from ${JSON.stringify(built('shared/cli.js'))};
    import { readCommandLine } from ${JSON.stringify(built('shared/command-line.js'))};
    import { OperationalError, UsageError } from ${JSON.stringify(built('shared/errors.js'))};
    const spec = { name: 'it', usage: '[word]', summary: 'Test', positionals: { word: { describe: 'Word' } },
      options: { fast: { describe: 'Fast', boolean: true, default: false } }, examples: [] };
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

test('success is exit 0', async () => {
  assert.equal(await runBody("await print('done')"), { code: 0, stdout: 'done', stderr: '' });
});

test('an operational error is one line, escaped for the terminal, and exit 1', async () => {
  const { code, stderr } = await runBody("throw new OperationalError('EX', 'disk\\x1b gone')");
  assert.equal([code, stderr], [1, 'it: disk\\u{1B} gone\n']);
});

test('wrong usage is one line and exit 2', async () => {
  const { code, stderr } = await runBody("throw new UsageError('too loud')");
  assert.equal([code, stderr], [2, 'it: too loud (see --help)\n']);
});

test('a programming error ends with its stack', async () => {
  const { code, stderr } = await runBody("throw new TypeError('a bug')");
  assert.is(code, 1);
  assert.match(stderr, /TypeError: a bug\n +at /);
});

test('a programming error in the options ends with its stack', async () => {
  const { stderr } = await runBody(
    "readCommandLine({ ...spec, options: { it: { default: 1, coerce: () => { throw new TypeError('a bug') } } } })",
  );
  assert.match(stderr, /TypeError: a bug\n +at /);
});

test('no output is lost at exit', async () => {
  const rejected = async (...args: string[]) => (await runBody('readCommandLine(spec)', args)).stderr;
  assert.is(await rejected('word', '--fast'), '');
  assert.is(await rejected('--', 'word'), 'it: expected nothing after --, got word (see --help)\n');
  assert.is(await rejected('--fast', '--fast'), 'it: --fast: expected once, got it again (see --help)\n');
  assert.is(await rejected('--word', 'x'), 'it: word: expected without --, got --word (see --help)\n');
  assert.is(await rejected('--fast=7'), 'it: --fast: expected no value, got 7 (see --help)\n');
});

test('yargs’ derived options --no-NAME and --NAME.KEY are rejected', async () => {
  await rejects('strsvr', 'server/strsvr.js', [
    [['--no-journal'], 'Unknown arguments: no-journal, noJournal'],
    [['--no-show'], 'Unknown arguments: no-show, noShow'],
    [['--journal.a', 'b'], 'Unknown argument: journal.a'],
    [['--__proto__.a', 'b'], 'Unknown argument: __proto__.a'],
  ]);
});

test('strsvr starts without loading yargs', () => {
  const script = `
    process.argv = [process.execPath, 'strsvr', ...process.argv.slice(1)];
    const { readServerCommand } = await import(${JSON.stringify(built('server/options/command-options.js'))});
    readServerCommand();
    const { createRequire } = await import('node:module');
    console.log(Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('yargs')).length);`;
  const loaded = (...args: string[]) =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', script, ...args], { encoding: 'utf8' }),
    );
  assert.is(loaded('2000', '--io', 'events', '--clients=2'), 0);
  assert.ok(loaded('2000', '--maxLength', '5') > 0);
});

// --- stdout ---

const FULL = existsSync('/dev/full') ? undefined : 'there is no /dev/full';

/** Runs a built command in a shell that redirects its stdout. */
function redirected(path: string, args: string, redirection: string): Program {
  const command = `'${process.execPath}' '${built(path)}' ${args} ${redirection}`;
  return new Program(spawn('bash', ['-c', command], { stdio: 'pipe' }));
}

for (const [path, args] of [
  ['server/strsvr.js', '0'],
  ['server/strsvr.js', '0 --io blocking'],
  ['server/tutorial/svr.js', '0'],
  ['server/tutorial/tms.js', '0'],
  ['server/strsvr.js', '--help'],
  ['client/lab/strlab.js', '--version'],
] as const) {
  testWith(test, FULL, `${path} ${args}, its stdout on a full disk, is one line and exit 1`, async () => {
    const { status, stderr } = await redirected(path, args, '> /dev/full').finished;
    assert.is(status, 1);
    const [line, ...more] = stderr.trimEnd().split('\n').reverse();
    assert.match(line ?? '', /^\w+: cannot write to stdout: ENOSPC: no space left on device, write$/);
    assert.not.match(more.join('\n'), / at /);
  });
}

testWith(test, FULL, 'clients whose stdout is on a full disk report it in one line and exit 1', async () => {
  await withNetServer(
    (socket) => socket.on('data', (data) => socket.end(data)),
    async ({ host, port }) => {
      for (const [path, args] of [
        ['client/strclnt.js', `${host} ${port}`],
        ['client/tutorial/tmc.js', `${host} ${port} abc`],
        ['client/tutorial/wps.js', `${host} ${port} ps`],
      ] as const) {
        const client = redirected(path, args, '> /dev/full');
        client.child.stdin?.end('a\n');
        const { status, stderr } = await client.finished;
        assert.is(status, 1, path);
        assert.match(stderr, /^\w+: cannot write to stdout: ENOSPC[^\n]+\n$/);
      }
    },
  );
});

test('a long line is escaped and printed in pieces', async () => {
  const { stderr } = await runBody(`
    const pieces = [];
    process.stdout.write = (piece, written) => { pieces.push(piece); written(); };
    await printLine('\\x07'.repeat(300_000));
    process.stderr.write(String(pieces.length > 3 && pieces.join('') === '\\\\u{7}'.repeat(300_000) + '\\n'));`);
  assert.is(stderr, 'true');
});

test('a partial write to stdout is an error too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  const script = `import { print, runCommand } from ${JSON.stringify(built('shared/cli.js'))};
    await runCommand('it', () => print('x'.repeat(10_000)));`;
  // Beyond 4 blocks of 1,024 bytes the system writes nothing: EFBIG instead of ENOSPC.
  const command = `trap '' XFSZ; ulimit -f 4; '${process.execPath}' --input-type=module -e "$1" > '${folder}/out'`;
  const program = new Program(spawn('bash', ['-c', command, 'it', script], { stdio: 'pipe' }));
  const { status, stderr } = await program.finished;
  assert.equal([status, stderr], [1, 'it: cannot write to stdout: EFBIG: file too large, write\n']);
  assert.is(statSync(join(folder, 'out')).size, 4 * 1024);
  rmSync(folder, { recursive: true });
});

test.run();
