// The table that describes a command line, and the types of the values that are read from it.

/** An option or a positional: the part of yargs's Options that is used here. */
export interface Option {
  readonly describe: string;
  readonly boolean?: true;
  /** A positional that takes all words that are left. */
  readonly array?: true;
  readonly requiresArg?: true;
  readonly demandOption?: true;
  readonly choices?: readonly string[];
  readonly default?: unknown;
  readonly defaultDescription?: string;
  /** Reads a text, for a list an array of texts, or the default. @throws UsageError */
  readonly coerce?: (value: unknown) => unknown;
}

export type OptionTable = Readonly<Record<string, Option>>;

export interface CommandLine<Positionals extends OptionTable, Table extends OptionTable> {
  readonly name: string;
  /** As yargs writes them: `[host] [port]`. */
  readonly usage: string;
  readonly summary: string;
  /** In the order of `usage`. */
  readonly positionals: Positionals;
  readonly options: Table;
  /** Options that may be repeated. */
  readonly repeatable?: readonly string[];
  /** The prefix of environment variables; then `options` must have CONFIGURATION_OPTIONS. */
  readonly environment?: string;
  /** Pairs of a command and what it does. */
  readonly examples: ReadonlyArray<readonly [command: string, what: string]>;
}

type CamelCase<Name> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name extends string
    ? Name
    : never;

type Value<Of extends Option> = Of extends { boolean: true }
  ? boolean
  : Of extends { coerce: (value: unknown) => infer Type }
    ? Of extends { default: unknown } | { demandOption: true }
      ? Type
      : Type | undefined
    : string | undefined;

export type AnyCommandLine = CommandLine<OptionTable, OptionTable>;

/** The values by the names of their options in camel case. */
export type Parsed<Table extends OptionTable> = {
  readonly [Name in keyof Table as CamelCase<Name>]: Value<Table[Name]>;
};
