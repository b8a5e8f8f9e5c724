// The documents are true: every row of "Follow the tutorial" is typed, the README's code is the file, the bytes of the wire
// are sent, the tables of options and events are complete, and every link has a target.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { completeOptions } from '../../server/options/server-options.js';
import { ByteClient } from '../support/byte-client.js';
import { built, Program, run, skipChildCoverage } from '../support/program.js';
import { NO_URING } from '../support/runnable-models.js';
import { freePort, withServer, withStrsvr } from '../support/servers.js';
import { onPath, SLOW, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

skipChildCoverage();
const ROOT = built('..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const README = read('README.md');
const SERVER = read('server/README.md');
const PAGES = ['.', 'server', 'client', 'test'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: folder !== '.', encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);
const AT_ONCE = 4;

interface Row {
  readonly section: string;
  readonly commands: string[];
  readonly seen: string[];
}

/** The part of a page below a heading, up to the next one of that level. */
function section(page: string, heading: string): string {
  return page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
}

function followTheTutorial(): Row[] {
  const table = section(read('server/tutorial/README.md'), 'Follow the tutorial');
  const rows = table.split('\n').filter((line) => line.startsWith('| 4') || line.startsWith('| 5'));
  return rows.map((row) => {
    const [, section = '', type = '', see = ''] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const quoted = (cell: string) =>
      [...cell.replaceAll('\\|', '|').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    return { section, commands: quoted(type), seen: quoted(see).filter((words) => !words.startsWith('--')) };
  });
}

/** What must happen during a pause of a row may take longer on a busy machine: then pauses are this many times as long. */
const LONGER = [1, 4, 16] as const;

/** Commands by the names that `npm link` gives them, and a longer sleep. */
function commandsOnPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  for (const [name, path] of [
    ['strsvr', 'server/strsvr.js'],
    ['strclnt', 'client/strclnt.js'],
  ] as const) {
    writeFileSync(join(folder, name), `#!/bin/sh\nexec '${process.execPath}' '${built(path)}' "$@"\n`, {
      mode: 0o755,
    });
  }
  const sleep = `#!/bin/sh\nPATH='${process.env['PATH']}' exec sleep $(($1 * LONGER))\n`;
  writeFileSync(join(folder, 'sleep'), sleep, { mode: 0o755 });
  return folder;
}

/** Types the commands of a row, one after the other, each in a shell of its own; resolves when `done`, or nothing comes. */
async function type(
  commands: string[],
  env: Record<string, string>,
  done: (output: string) => boolean,
): Promise<string> {
  let output = '';
  const shells: ChildProcess[] = [];
  try {
    for (const command of commands) {
      const shell = spawn('bash', ['-c', command], {
        cwd: ROOT,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      shells.push(shell);
      const before = output.length;
      for (const stream of [shell.stdout, shell.stderr]) {
        stream.on('data', (chunk) => {
          output += chunk;
        });
      }
      const isServer = /^(strsvr|node dist\/server\/)/.test(command);
      const listening = () => isServer && /listening on/.test(output.slice(before));
      await until(() => shell.exitCode !== null || listening());
    }
    await until(() => done(output));
  } catch {
    // the words never came: the output says what did
  } finally {
    for (const { pid } of shells) {
      try {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL'); // the shell and all that it started
      } catch {} // they have ended
    }
  }
  return output;
}

const rows = followTheTutorial();

test('the table has its rows', () => {
  assert.ok(rows.length >= 13);
  for (const { commands, seen } of rows) assert.ok(commands.length > 0 && seen.length > 0);
});

const path = commandsOnPath();
const typing: Array<Promise<unknown>> = [];
for (const [index, { section, commands, seen }] of rows.entries()) {
  const name = `${section}: ${commands.join(' ; ')}`;
  const typed = new Set(['bash', ...name.split(' ')]);
  const missing = ['bash', 'nc', 'w', 'ps'].filter((tool) => typed.has(tool) && !onPath(tool));
  if (commands.join().includes('--io uring') && NO_URING !== undefined) missing.push('io_uring');
  if (commands.join().includes('--no-lock') && availableParallelism() < 2) missing.push('second core');
  const reason = SLOW ?? (missing.length > 0 ? `there is no ${missing.join(' and no ')}` : undefined);
  // Rows mostly wait, so some run concurrently, each with its own port.
  const outcome = (typing[index - AT_ONCE] ?? Promise.resolve()).then(async () => {
    let unseen: string[] = [];
    for (const longer of reason === undefined ? LONGER : []) {
      const port = String(await freePort());
      const here = (text: string) => text.replaceAll('2000', port);
      const shown = (output: string) => seen.every((words) => output.includes(here(words)));
      const env = { PATH: `${path}${delimiter}${process.env['PATH']}`, LONGER: String(longer) };
      const output = await type(commands.map(here), env, shown);
      unseen = seen
        .filter((words) => !output.includes(here(words)))
        .map((words) => `never saw ${here(words)} in:\n${output}`);
      if (unseen.length === 0) break;
    }
    return unseen;
  });
  typing.push(outcome);
  testWith(test, reason, name, async () => {
    assert.equal(await outcome, []);
  });
}
test.after(() => rmSync(path, { recursive: true }));

test('the README has at most 200 lines, and its page of code is server/plain.ts', () => {
  assert.ok(README.split('\n').length <= 200);
  assert.ok(README.includes(read('server/plain.ts')));
});

test('plain.ts has at most 40 lines, and what a student reads of the server at most 350', () => {
  const lines = (file: string) => read(file).trimEnd().split('\n').length;
  assert.ok(lines('server/plain.ts') <= 40);
  assert.ok(
    lines('server/models/events.ts') + lines('server/core/session.ts') + lines('server/core/text.ts') <= 350,
  );
});

test('every file and heading that a page links to is there', () => {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-');
  for (const page of PAGES) {
    for (const [, link = ''] of read(page).matchAll(/\]\(([^)]+)\)/g)) {
      if (link.startsWith('http')) continue;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : join(dirname(page), file);
      assert.ok(existsSync(join(ROOT, target)), `${page} links to ${link}`);
      if (anchor === undefined) continue;
      const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
      assert.ok(headings.includes(anchor), `${page} links to ${link}`);
    }
  }
});

test('every test that a page names is there', () => {
  const named = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\]\(([\w./-]+\.test\.ts)\): "([^"]+)"/g)].map(
      ([, file = '', title = '']) => [join(dirname(page), file), title] as const,
    ),
  );
  assert.ok(named.length > 30);
  for (const [file, title] of named) {
    const titles = [
      ...read(file).matchAll(/\b(?:test|it|testWith|shared)\(\s*(?:test,[^'`]+)?(['`])(.+)\1,/g),
    ];
    assert.ok(
      titles.some(([, , words]) => words?.includes(title)),
      `${file} has no test "${title}"`,
    );
  }
});

const cells = (line: string) => [...line.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code);

testWith(test, SLOW, 'the programs that use the library run', async () => {
  const programs = PAGES.flatMap((page) => [
    ...read(page).matchAll(/```ts\n(import .* from 'strsvr[\s\S]*?)```/g),
  ]);
  assert.is(programs.length, 3);
  await withStrsvr(['0'], async (_server, { port }) => {
    for (const [, program = ''] of programs) {
      const script = program.replace('2000', String(port));
      const node = spawn(process.execPath, ['--input-type=module', '-e', script], {
        cwd: ROOT,
        stdio: 'pipe',
      });
      const { status, stderr } = await new Program(node).finished;
      assert.equal([status, stderr], [0, ''], script);
    }
  });
});

test('the bytes of the wire are as the table says', async () => {
  const table =
    section(SERVER, 'The wire').split('| bytes received | bytes sent | |\n| --- | --- | --- |\n')[1] ?? '';
  const examples = table.split('\n\n')[0]?.split('\n') ?? [];
  assert.ok(examples.length >= 5);
  for (const example of examples) {
    const [, sent = '', received = ''] = example.split('|');
    const bytes = (cell: string) => cells(cell).map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    await withServer({}, async ({ address }) => {
      const client = await ByteClient.connect(address);
      for (const chunk of bytes(sent)) client.send(chunk);
      assert.equal(await client.endAndReceive(), Buffer.concat(bytes(received)), example);
    });
  }
});

test('the tables have every option of strsvr and strclnt, and every option of the library', async () => {
  for (const [command, page] of [
    ['server/strsvr.js', SERVER],
    ['client/strclnt.js', read('client/README.md')],
  ] as const) {
    const { stdout } = await run(command, ['--help']);
    const options = [...stdout.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option = '']) => option);
    for (const option of options.filter((name) => name !== '--help' && name !== '--version'))
      assert.ok(page.includes(`| \`${option}\` |`), option);
  }
  const named = cells(section(SERVER, 'Limits and defaults'));
  for (const option of Object.keys(completeOptions({})))
    assert.ok(['lock', 'onEvent'].includes(option) || named.includes(option), option);
});

test('the table of log events has every type of event, and no other', () => {
  const sources = readdirSync(join(ROOT, 'server/log')).map((file) => read(`server/log/${file}`));
  const declared = sources.flatMap((source) =>
    [...source.matchAll(/(?<=\| \(?\{\s*)type: '([^']+)'/g)].map(([, type = '']) => type),
  );
  const rows = [...section(SERVER, 'Log events').matchAll(/^\| `([^`]+)` \| \d\d(?:, \d\d)? \|/gm)].map(
    ([, type = '']) => type,
  );
  assert.ok(declared.length > 15);
  assert.equal(rows.toSorted(), declared.toSorted());
});

test('make help describes every target', () => {
  const makefile = read('Makefile');
  const targets = /^\.PHONY: (.*)$/m.exec(makefile)?.[1]?.split(' ') ?? [];
  assert.ok(targets.length > 8);
  for (const target of targets)
    if (target !== 'help') assert.match(makefile, new RegExp(`@echo 'make ${target} +\\w`));
});

test.run();
