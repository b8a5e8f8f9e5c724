// Options from the environment (STRSVR_MAX_LENGTH) and from a JSON file (--config). They are put into the command line, so
// that both parsers of command-line.ts see one list; the command line wins, then the environment, then the file.

import { readFileSync } from 'node:fs';
import type { AnyCommandLine } from './command-line-types.js';
import { describe, OperationalError, UsageError } from './errors.js';
import { nonEmpty } from './options.js';
import { formatTable } from './table.js';

/** For the table of a command that is configured in these ways. */
export const CONFIGURATION_OPTIONS = {
  config: {
    requiresArg: true,
    describe: 'Read options from this JSON file, such as {"host": "::", "max-length": 4096}',
    coerce: nonEmpty('--config'),
  },
  'print-config': {
    describe: 'Print the options in force and where each comes from, and exit',
    boolean: true,
    default: false,
  },
} as const;

/** These are not options to be configured, but ways to do it. */
const NOT_IN_FILE: ReadonlySet<string> = new Set(Object.keys(CONFIGURATION_OPTIONS));

interface Setting {
  /** As the command line would have them; none: a switch that is off. */
  readonly values: readonly string[];
  /** Where it comes from, as `--print-config` names it. */
  readonly origin: string;
}

export interface Configured {
  /** The command line with everything that it does not say itself. */
  readonly args: readonly string[];
  readonly settings: ReadonlyMap<string, Setting>;
}

/**
 * Completes a command line.
 * @param prefix of the variables: STRSVR
 * @throws UsageError for a variable or a key that is no option, or has a wrong value; OperationalError if the file cannot be read
 */
export function configure(
  given: readonly string[],
  spec: AnyCommandLine,
  prefix: string,
  environment: NodeJS.ProcessEnv = process.env,
): Configured {
  const settings = fromCommandLine(given, spec);
  const keep = (found: ReadonlyMap<string, Setting>) => {
    for (const [name, setting] of found) if (!settings.has(name)) settings.set(name, setting);
  };
  keep(fromEnvironment(environment, prefix, spec));
  const [file] = settings.get('config')?.values ?? [];
  if (file !== undefined) keep(fromFile(file, spec));
  const args = [...given];
  for (const [name, { values, origin }] of settings) {
    if (origin === COMMAND_LINE) continue;
    if (Object.hasOwn(spec.positionals, name)) args.push(...values);
    else if (spec.options[name]?.boolean) args.push(...values.map(() => `--${name}`));
    else args.push(...values.map((value) => `--${name}=${value}`));
  }
  return { args, settings };
}

const COMMAND_LINE = 'command line';

/** Which options the command line has: their values are the parsers' business, and kept for printing alone. */
function fromCommandLine(
  args: readonly string[],
  { options, positionals }: AnyCommandLine,
): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] as string;
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) {
      words.push(arg);
      continue;
    }
    const takesNext = value === undefined && !options[name]?.boolean;
    if (takesNext) at += 1;
    const text = options[name]?.boolean ? 'true' : String(value ?? args[at]);
    const before = settings.get(name)?.values ?? [];
    settings.set(name, { values: [...before, text], origin: COMMAND_LINE });
  }
  for (const [at, name] of Object.keys(positionals).entries()) {
    const word = words[at];
    if (word !== undefined) settings.set(name, { values: [word], origin: COMMAND_LINE });
  }
  return settings;
}

function fromEnvironment(
  environment: NodeJS.ProcessEnv,
  prefix: string,
  spec: AnyCommandLine,
): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(`${prefix}_`)) continue;
    const name = variable
      .slice(prefix.length + 1)
      .toLowerCase()
      .replaceAll('_', '-');
    const list = spec.repeatable?.includes(name) ? value.split(',') : value;
    settings.set(name, checked(name, list, variable, `environment ${variable}`, spec));
  }
  return settings;
}

function fromFile(file: string, spec: AnyCommandLine): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [name, value] of Object.entries(readJson(file))) {
    if (NOT_IN_FILE.has(name)) throw new UsageError(`${file}: ${name}: no option for a file`);
    settings.set(name, checked(name, value, `${file}: ${name}`, file, spec));
  }
  return settings;
}

function readJson(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new OperationalError('CONFIG', `cannot read ${file}: ${describe(error)}`, error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new UsageError(`${file}: expected JSON: ${describe(error)}`);
  }
  throw new UsageError(`${file}: expected a JSON object of options`);
}

/** @param where names it in an error */
function checked(
  name: string,
  value: unknown,
  where: string,
  origin: string,
  { options, positionals, repeatable = [] }: AnyCommandLine,
): Setting {
  const option = new Map(Object.entries({ ...options, ...positionals })).get(name);
  if (option === undefined) throw new UsageError(`${where}: no such option`);
  const list: readonly unknown[] = Array.isArray(value) && repeatable.includes(name) ? value : [value];
  const values = list.map((one) => {
    if (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean') return String(one);
    throw new UsageError(`${where}: expected a text, a number or a boolean, got ${JSON.stringify(one)}`);
  });
  if (option.boolean) return { values: switchValue(values[0], where), origin };
  try {
    option.coerce?.(values.length === 1 ? values[0] : values);
  } catch (error) {
    throw new UsageError(describe(error).replace(/^(--)?[\w-]+/, where));
  }
  return { values, origin };
}

function switchValue(value: string | undefined, where: string): readonly string[] {
  if (value === 'true' || value === '1') return ['true'];
  if (value === 'false' || value === '0') return [];
  throw new UsageError(`${where}: expected true or false, got ${JSON.stringify(value)}`);
}

/** The options in force, one a line: name, value, origin. */
export function formatConfiguration({ settings }: Configured, spec: AnyCommandLine): string {
  const rows = Object.entries({ ...spec.positionals, ...spec.options })
    .filter(([name]) => !NOT_IN_FILE.has(name))
    .map(([name, { default: byDefault, defaultDescription }]) => {
      const setting = settings.get(name);
      if (setting === undefined)
        return [name, String(byDefault ?? defaultDescription ?? '-').replaceAll('"', ''), 'default'];
      return [name, setting.values.join(', ') || 'false', setting.origin];
    });
  return formatTable(rows).join('\n');
}
