// Command lines: one table of options for two parsers. parseArgs of node:util is fast and reads what is right; yargs is
// loaded only for --help, --version, completion, and to say what is wrong. What a value may be, its `coerce` decides.

import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import type { Argv, Options, PositionalOptions, default as Yargs } from 'yargs';
import type { AnyCommandLine, CommandLine, Option, OptionTable, Parsed } from './command-line-types.js';
import { configure, formatConfiguration } from './configuration.js';
import { UsageError } from './errors.js';

/** Thrown for a command line that only asks for text, such as --help; `runCommand` prints it. */
export class Printed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Words that are more than words to yargs: the values of booleans, its own command, nothing, the end of the options. */
const SPECIAL: ReadonlySet<string> = new Set(['true', 'false', 'completion', '-', '--']);

/** With one of these nothing is started, so a wrong variable is no matter. */
const EXPLAINS: ReadonlySet<string> = new Set(['--help', '--version', 'completion']);

/**
 * Reads the process's command line, for a main function of `runCommand`.
 * @throws UsageError; Printed for --help, --version and completion
 */
export function readCommandLine<const Positionals extends OptionTable, const Table extends OptionTable>(
  spec: CommandLine<Positionals, Table>,
): Parsed<Positionals> & Parsed<Table> {
  const given = process.argv.slice(2);
  const { environment } = spec;
  const explains = given.some((arg) => EXPLAINS.has(arg));
  const configured = environment === undefined || explains ? undefined : configure(given, spec, environment);
  const args = configured?.args ?? given;
  const parsed = parseFast(args, spec) ?? parseWithYargs(args, spec);
  if (configured !== undefined && Reflect.get(parsed, 'printConfig') === true)
    throw new Printed(formatConfiguration(configured, spec));
  return parsed as Parsed<Positionals> & Parsed<Table>;
}

/** Removes `-- COMMAND …` from the process's command line, for the options are read without it. */
export function takeCommand(): string[] | undefined {
  const start = process.argv.indexOf('--', 2);
  return start < 0 ? undefined : process.argv.splice(start).slice(1);
}

/** @returns undefined for a command line that is wrong, or that yargs must see for another reason */
export function parseFast(args: readonly string[], spec: AnyCommandLine): object | undefined {
  const { positionals, options, repeatable = [] } = spec;
  if (args.some((arg) => SPECIAL.has(arg))) return undefined;
  const types = Object.entries(options).map(([name, { boolean }]) => {
    return [name, { type: boolean ? 'boolean' : 'string', multiple: true }] as const;
  });
  try {
    const { values, positionals: words } = parseArgs({
      ...{ args: [...args], options: Object.fromEntries(types), allowPositionals: true },
    });
    const given = new Map<string, unknown>(assignWords(words, spec));
    for (const [name, list] of Object.entries(values)) {
      if (!Array.isArray(list) || (list.length > 1 && !repeatable.includes(name))) return undefined;
      given.set(name, list.length === 1 ? list[0] : list);
    }
    const all = Object.entries({ ...positionals, ...options });
    return Object.fromEntries(all.map((option) => [camelCase(option[0]), readValue(option, given)]));
  } catch (error) {
    if (error instanceof UsageError || isParseError(error)) return undefined;
    throw error;
  }
}

/** @throws UsageError if there are too many words, or too few */
function assignWords(
  words: readonly string[],
  { positionals, usage }: AnyCommandLine,
): Array<[string, unknown]> {
  const names = Object.keys(positionals);
  const isList = (name: string) => positionals[name]?.array === true;
  const most = names.some(isList) ? Number.POSITIVE_INFINITY : names.length;
  const least = usage.split('<').length - 1;
  if (words.length < least || words.length > most) throw new UsageError('too many words, or too few');
  return names.slice(0, words.length).map((name, at) => [name, isList(name) ? words.slice(at) : words[at]]);
}

function readValue(
  [name, { coerce, default: byDefault }]: [string, Option],
  given: Map<string, unknown>,
): unknown {
  const value = given.get(name) ?? byDefault;
  return value === undefined || coerce === undefined ? value : coerce(value);
}

function isParseError(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** @throws UsageError; Printed */
export function parseWithYargs(args: readonly string[], spec: AnyCommandLine): object {
  const require = createRequire(import.meta.url);
  /** Loaded as CommonJS: the ES module of yargs 17 breaks the lines of its help within words. */
  const yargs = require('yargs') as typeof Yargs;
  const { version } = require('../../package.json') as { version: string };
  let output = '';
  // Options are declared outside the command: otherwise the shell's completion does not find them.
  const command: Argv = yargs([...args]).options(spec.options as Record<string, Options>);
  const parsed: object = command
    .scriptName(spec.name)
    .usage(`$0 ${spec.usage}\n\n${spec.summary}`)
    .parserConfiguration({
      'boolean-negation': false, // --no-journal would be a journal named "false"
      'dot-notation': false, // --journal.a b would be one named "[object Object]"
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .command(`$0 ${spec.usage}`.trimEnd(), false, (positional: Argv) => {
      for (const [name, option] of Object.entries(spec.positionals))
        positional.positional(name, option as PositionalOptions);
    })
    .example(spec.examples as Array<[string, string]>)
    .command(
      'completion', // not that of yargs, which would also run the command
      'Print a shell script for option completion',
      {},
      () => void command.showCompletionScript(),
    )
    .version(version)
    .updateStrings({ 'Not enough arguments following: %s': '--%s: expected a value, got nothing' })
    .strict()
    .wrap(100)
    .fail((message) => {
      throw new UsageError(message);
    })
    .parse([...args], {}, (_error: unknown, _parsed: unknown, text: string) => {
      output = text;
    });
  if (output !== '') throw new Printed(output);
  rejectIgnoredArguments(args, parsed, spec);
  return parsed;
}

/** What yargs ignores: words after --, --port for port, all but the last value of an option, the 7 of --verbose=7. */
function rejectIgnoredArguments(
  args: readonly string[],
  parsed: object,
  { positionals, repeatable = [] }: AnyCommandLine,
): void {
  const values = new Map<string, unknown>(Object.entries(parsed));
  const words = values.get('_');
  if (Array.isArray(words) && words.length > 0)
    throw new UsageError(`expected nothing after --, got ${words[0]}`);
  const seen = new Set<string>();
  for (const arg of args) {
    const [, name, value] = /^--([^=]+)=?(.*)$/.exec(arg) ?? [];
    if (name === undefined) continue;
    if (Object.hasOwn(positionals, name)) throw new UsageError(`${name}: expected without --, got --${name}`);
    if (seen.has(name) && !repeatable.includes(name))
      throw new UsageError(`--${name}: expected once, got it again`);
    if (typeof values.get(name) === 'boolean' && value)
      throw new UsageError(`--${name}: expected no value, got ${value}`);
    seen.add(name);
  }
}
