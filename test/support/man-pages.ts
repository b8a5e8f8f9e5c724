// Writes a man page for each command, from what it prints with --help: one source for both.
//
//   node dist/test/support/man-pages.js FOLDER

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const EXIT_STATUS = `0: done. 1: the system failed, or a connection; one line says what. 2: wrong usage.`;
const ENVIRONMENT =
  'Every option is also a variable, such as STRSVR_MAX_LENGTH for \\fB\\-\\-max\\-length\\fR, and a key of the JSON file of ' +
  '\\fB\\-\\-config\\fR. The command line wins over the environment, and the environment over the file.';

interface Help {
  readonly usage: string;
  readonly summary: string;
  /** By the title of its section: the first column and the rest of each entry. */
  readonly sections: ReadonlyMap<string, ReadonlyArray<readonly [term: string, text: string]>>;
}

/** Reads the help of yargs: a usage, a summary, and sections of two columns, in which long texts go on below. */
export function parseHelp(help: string): Help {
  const [usage = '', ...blocks] = help.trimEnd().split('\n\n');
  const sections = new Map<string, Array<readonly [string, string]>>();
  const summary: string[] = [];
  for (const block of blocks) {
    const [, title, body] = /^(\w+):\n(.*)$/s.exec(block) ?? [];
    if (title === undefined || body === undefined) {
      summary.push(block.replaceAll('\n', ' '));
      continue;
    }
    const entries: Array<readonly [string, string]> = [];
    for (const line of body.split('\n')) {
      const [, term, text = ''] = /^ {2}(\S.*?)(?: {2,}(.*))?$/.exec(line) ?? [];
      const last = entries.at(-1);
      if (term !== undefined) entries.push([term, text]);
      else if (last !== undefined) entries[entries.length - 1] = [last[0], `${last[1]} ${line.trim()}`];
    }
    sections.set(title, entries);
  }
  return { usage, summary: summary.join(' '), sections };
}

/** A page for man(1), in the macros of man(7). */
export function manPage(name: string, version: string, help: Help): string {
  const [first = ''] = help.summary.split(/(?<=\.) |: |; /);
  const entries = (title: string) =>
    (help.sections.get(title) ?? []).map(
      ([term, text]) => `.TP\n.B ${roff(term)}\n${roff(text.replaceAll(/ +/g, ' '))}`,
    );
  const examples = (help.sections.get('Examples') ?? []).map(
    ([command, what]) => `.TP\n.B ${roff(command)}\n${roff(what)}`,
  );
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [`.SH ${title}`, ...lines];
  return `${[
    `.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 "" "strsvr ${version}" "strsvr"`,
    ...section('NAME', [
      `${roff(name)} \\- ${roff(first.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()).replace(/\.$/, ''))}`,
    ]),
    ...section('SYNOPSIS', [`.B ${roff(name)}\n[\\fIoptions\\fR] ${roff(help.usage.replace(/^\S+ ?/, ''))}`]),
    ...section('DESCRIPTION', [roff(help.summary.endsWith('.') ? help.summary : `${help.summary}.`)]),
    ...section('ARGUMENTS', entries('Positionals')),
    ...section('OPTIONS', entries('Options')),
    ...section('EXAMPLES', examples),
    ...(name === 'strsvr' ? section('ENVIRONMENT', [ENVIRONMENT]) : []),
    ...section('EXIT STATUS', [EXIT_STATUS]),
  ].join('\n')}\n`;
}

/** Escapes what roff would take for its own. */
function roff(text: string): string {
  return text
    .trim()
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}

/** Loads the modules of all commands, because starting a process for each takes longer. */
const LOADER = `
  const [root, bin] = process.argv.slice(1);
  const print = process.stdout.write.bind(process.stdout);
  const helps = {};
  for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(0);
  for (const [name, path] of Object.entries(JSON.parse(bin))) {
    process.argv = [process.execPath, path, '--help'];
    helps[name] = '';
    process.stdout.write = (text, done) => { helps[name] += text; done?.(); return true; };
    await import(root + '/' + path);
  }
  print(JSON.stringify(helps));`;

/**
 * What each command of a package prints with --help, by its name.
 * @param root the folder of its package.json
 * @throws Error if a command fails or prints on stderr
 */
export function readHelps(root: string): ReadonlyMap<string, string> {
  const { bin } = packageOf(root);
  const args = ['--input-type=module', '-e', LOADER, pathToFileURL(root).href, JSON.stringify(bin)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`--help: exit status ${status}: ${stderr}`);
  return new Map(Object.entries(JSON.parse(stdout) as Record<string, string>));
}

function packageOf(root: string) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
    version: string;
  };
}

/** @returns the paths of the pages, `strsvr.1` and so on */
export function writeManPages(folder: string): string[] {
  const { version } = packageOf(ROOT);
  mkdirSync(folder, { recursive: true });
  return [...readHelps(ROOT)].map(([name, help]) => {
    const page = join(folder, `${name}.1`);
    writeFileSync(page, manPage(name, version, parseHelp(help)));
    return page;
  });
}

const [, script, folder] = process.argv;
if (script === fileURLToPath(import.meta.url) && folder !== undefined) writeManPages(folder);
