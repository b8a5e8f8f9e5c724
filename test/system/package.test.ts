// The published package: it has every file that its pages link to, and its commands run with the dependencies of
// package.json alone.

import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseHelp, writeManPages } from '../support/man-pages.js';
import { built, skipChildCoverage } from '../support/program.js';
import { type Address, at, withStrsvr } from '../support/servers.js';
import { missingProgram, testWith } from '../support/skipping.js';

skipChildCoverage();
const ROOT = built('..');
const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  bin: Record<string, string>;
};
const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
const installed = join(folder, 'node_modules', 'strsvr');

/** Where npm has put the package. */
let tarball = '';

/** Packs without building, unpacks, and adds the dependencies. @returns the paths of the package's files */
async function install(): Promise<string[]> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: Array<{ path: string }> }];
  mkdirSync(installed, { recursive: true });
  tarball = join(folder, packed.filename);
  await promisify(execFile)('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  for (const path of dependencies()) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  return packed.files.map(({ path }) => path);
}

/** The packages that npm installs with it: dependencies without devDependencies. */
function dependencies(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(lock.packages).flatMap(([path, { dev }]) =>
    path !== '' && !dev && existsSync(join(ROOT, path)) ? [path] : [],
  );
}

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the installed package to its end. */
async function runInstalled(command: string, args: readonly string[]): Promise<Ended> {
  const running = promisify(execFile)(process.execPath, [join(installed, bin[command] ?? ''), ...args], {
    cwd: folder,
  });
  return running.then(
    (output) => ({ status: 0, ...output }),
    ({ code, stdout, stderr }) => ({ status: code, stdout, stderr }),
  );
}

const manPages = writeManPages(join(ROOT, 'dist', 'man'));
const files = await install();
test.after(() => rmSync(folder, { recursive: true }));

test('every file that a page of the package links to is in the package', () => {
  const pages = files.filter((path) => path.endsWith('.md'));
  for (const page of [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'server/README.md',
    'client/README.md',
  ])
    assert.ok(pages.includes(page), page);
  for (const page of pages) {
    for (const [, link = ''] of readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (link.startsWith('http')) continue;
      const target = join(dirname(page), link);
      const found = files.some((path) => path === target || path.startsWith(`${target}/`));
      assert.ok(found, `${page} links to ${link}`);
    }
  }
});

test('every command is in the package, and can be run after npm link', () => {
  for (const path of Object.values(bin)) {
    assert.ok(files.includes(path), path);
    accessSync(join(ROOT, path), constants.X_OK);
    assert.match(readFileSync(join(ROOT, path), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  }
});

test('every command of an installed package prints its installed name', async () => {
  for (const command of Object.keys(bin)) {
    const { status, stdout, stderr } = await runInstalled(command, ['--help']);
    assert.equal([status, stderr], [0, ''], command);
    assert.ok(stdout.startsWith(`${command} `), command);
  }
});

test('strlab of an installed package drives a server, and writes a report', async () => {
  await withStrsvr(['0'], async (_server: unknown, address: Address) => {
    const { status, stdout } = await runInstalled('strlab', [
      'drive',
      ...at(address),
      ...['--clients', '2', '--letters', '20'],
    ]);
    assert.is(status, 0);
    assert.match(stdout, 'the server was right');
  });
  const args = ['run', 'chunks', '--quick', '--repeats', '1', '--out', 'results'];
  const { status, stderr } = await runInstalled('strlab', args);
  assert.is(status, 0, stderr);
  assert.match(readFileSync(join(folder, 'results', 'report.html'), 'utf8'), '<svg');
});

test('nothing else is in the package', () => {
  const known =
    /^(dist\/(server|client|shared|man)\/|(server|client|shared|test)\/|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md$|LICENSE$|package\.json$)/;
  assert.equal(
    files.filter((file) => !known.test(file) || file.endsWith('.map')),
    [],
  );
});

test('publint and attw find nothing wrong in the package', async () => {
  for (const [tool, ...args] of [
    ['publint', 'run', tarball, '--strict'],
    ['attw', tarball, '--profile', 'esm-only', '--format', 'ascii'],
  ] as const) {
    const command = promisify(execFile)(join(ROOT, 'node_modules', '.bin', tool), args);
    const { code, stdout } = await command.then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error) => ({ code: error.code, stdout: error.stdout }),
    );
    assert.is(code, 0, stdout);
  }
});

// --- man pages ---

const NO_MAN = missingProgram('man');

testWith(test, NO_MAN, 'each command has a man page with every option of its --help', async () => {
  for (const page of manPages) {
    assert.ok(files.includes(`dist/man/${basename(page)}`), page);
    const env = { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' };
    const { stdout, stderr } = await promisify(execFile)('man', ['--warnings', '-l', page], { env });
    assert.is(stderr, '', page);
    const name = basename(page, '.1');
    assert.match(stdout, new RegExp(`NAME\\n +${name} +- +\\S`));
    const help = await runInstalled(name, ['--help']);
    const options = parseHelp(help.stdout).sections.get('Options') ?? [];
    assert.ok(options.length > 1, name);
    for (const [option] of options) assert.match(stdout, new RegExp(`^ +${option}( |$)`, 'm'));
  }
  assert.is(manPages.length, Object.keys(bin).length);
});

test.run();
