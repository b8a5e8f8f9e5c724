// The package as npm would install it: each command in a process of its own, a report of the laboratory, and what
// Are The Types Wrong says of it. test/system/package.test.ts has what is quicker.

import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packed, ROOT } from '../support/packed.js';
import { at, withStrsvr } from '../support/servers.js';
import { nothing, type ResultRow, type Scope } from './suite.js';

const run = promisify(execFile);

export async function packageSection({ progress }: Scope): Promise<ResultRow[]> {
  const { folder, installed, tarball } = await packed();
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  const command = (name: string, ...args: readonly string[]) =>
    run(process.execPath, [join(installed, bin[name] ?? ''), ...args], { cwd: folder });
  const wrong: string[] = [];
  const expect = async (
    what: string,
    running: Promise<{ stdout: string; stderr: string }>,
    stdout: RegExp,
  ) => {
    const outcome = await running.catch((error: Error) => ({ stdout: '', stderr: error.message }));
    if (outcome.stderr !== '' || !stdout.test(outcome.stdout)) wrong.push(`${what}: ${outcome.stderr}`);
  };
  try {
    const names = Object.keys(bin);
    for (const [done, name] of names.entries()) {
      progress(done, names.length + 1);
      await expect(`${name} --help`, command(name, '--help'), new RegExp(`^${name} `));
    }
    await withStrsvr(['0'], async (_server, address) => {
      const drive = command('strlab', 'drive', ...at(address), '--clients', '2', '--letters', '20');
      await expect('strlab drive', drive, /the server was right/);
    });
    await command('strlab', 'run', 'chunks', '--quick', '--repeats', '1', '--out', 'results');
    const report = readFileSync(join(folder, 'results', 'report.html'), 'utf8');
    if (!report.includes('<svg')) wrong.push('strlab run: the report has no chart');
    const attw = run(join(ROOT, 'node_modules/.bin/attw'), [
      tarball,
      '--profile',
      'esm-only',
      '--format',
      'ascii',
    ]);
    await expect('attw', attw, /^strsvr v/m); // its exit status is the verdict
  } finally {
    rmSync(folder, { recursive: true });
  }
  return [nothing('commands of the installed package that fail, and attw', wrong)];
}
