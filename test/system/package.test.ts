// The published package: it has every file that its pages link to and its commands need, and its commands run with the
// dependencies of package.json alone. `make soak` runs each of them in a process of its own, and attw.

import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseHelp, readHelps } from '../support/man-pages.js';
import { packed, ROOT } from '../support/packed.js';
import { skipChildCoverage } from '../support/program.js';
import { missingProgram, testWith } from '../support/skipping.js';

skipChildCoverage();
const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  bin: Record<string, string>;
};
const { folder, installed, files, manPages } = await packed();
test.after(() => rmSync(folder, { recursive: true }));
/** As the installed commands print it. */
const helps = readHelps(installed);

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

test('every file that a command reads at run time is in the package', () => {
  const read = ['dist/client', 'dist/server'].flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(css|html|svg|py|c|proto)$/.test(path))
      .map((path) => `${room}/${path}`),
  );
  assert.ok(read.length > 5);
  for (const path of read) assert.ok(files.includes(path), path);
});

test('every command of an installed package prints its installed name', () => {
  assert.equal([...helps.keys()], Object.keys(bin));
  for (const [command, help] of helps) assert.ok(help.startsWith(`${command} `), command);
});

test('nothing else is in the package', () => {
  const known =
    /^(dist\/(server|client|shared|man)\/|(server|client|shared|test)\/|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md$|LICENSE$|package\.json$)/;
  assert.equal(
    files.filter((file) => !known.test(file) || file.endsWith('.map')),
    [],
  );
});

test('publint finds nothing wrong in the package', async () => {
  const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
  assert.equal(messages, []);
});

// --- man pages ---

const NO_MAN = missingProgram('man', 'groff');

testWith(test, NO_MAN, 'each command has a man page with every option of its --help', async () => {
  const env = { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' };
  const man = await promisify(execFile)('man', ['--warnings', '-l', join(ROOT, 'dist/man/strsvr.1')], {
    env,
  });
  assert.is(man.stderr, '');
  assert.match(man.stdout, /^STRSVR\(1\) /);
  // What man runs, for all pages at once.
  const groff = ['-mandoc', '-Tascii', '-P-cbou', '-ww', ...manPages];
  const { stdout, stderr } = await promisify(execFile)('groff', groff);
  assert.is(stderr, '');
  const shown = stdout.split(/^(?=[A-Z-]+\(1\) )/m);
  assert.is(shown.length, helps.size);
  for (const [at, [name, help]] of [...helps].entries()) {
    assert.ok(files.includes(`dist/man/${name}.1`), name);
    const page = shown[at] ?? '';
    assert.match(page, new RegExp(`NAME\\n +${name} +- +\\S`));
    const options = parseHelp(help).sections.get('Options') ?? [];
    assert.ok(options.length > 1, name);
    for (const [option] of options) assert.match(page, new RegExp(`^ +${option}( |$)`, 'm'));
  }
});

test.run();
