// Two parsers read the same table of options: what the fast one accepts, yargs reads in the same way.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFast, parseWithYargs } from '../../shared/command-line.js';
import type { CommandLine, OptionTable } from '../../shared/command-line-types.js';
import { UsageError } from '../../shared/errors.js';
import { choice, nonEmpty, wholeNumber } from '../../shared/options.js';

const SPEC: CommandLine<OptionTable, OptionTable> = {
  name: 'it',
  usage: '<host> [port]',
  summary: 'Test',
  positionals: {
    host: { describe: 'Host', demandOption: true, coerce: nonEmpty('host') },
    port: { describe: 'Port', default: 2000, coerce: wholeNumber('port', 0, 65_535) },
  },
  options: {
    clients: { describe: 'Number', requiresArg: true, coerce: wholeNumber('--clients', 1, 10) },
    'max-length': { describe: 'Number', requiresArg: true, default: 7, coerce: wholeNumber('--max', 1, 10) },
    log: { ...choice('--log', ['text', 'json']), describe: 'Format', default: 'text' },
    allow: { describe: 'Networks', requiresArg: true, coerce: (value) => [value].flat() },
    file: { describe: 'File', requiresArg: true },
    'no-lock': { describe: 'Flag', boolean: true, default: false },
    verbose: { describe: 'Flag', boolean: true, default: false },
  },
  repeatable: ['allow'],
  examples: [],
};
const LIST: CommandLine<OptionTable, OptionTable> = {
  ...SPEC,
  usage: '[word..]',
  positionals: {
    word: { describe: 'Words', array: true, default: ['all'], coerce: (words) => [words].flat() },
  },
};

const KEYS = 'host port word clients maxLength log allow file noLock verbose'.split(' ');

function values(parsed: object | undefined): Array<[string, unknown]> {
  return Object.entries(parsed ?? {})
    .filter(([key, value]) => KEYS.includes(key) && value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

for (const line of [
  'h',
  'h 0',
  'h 2000 --verbose --no-lock',
  '--clients 3 h --max-length=9 80',
  'h --log json --file a=b --allow x',
  'h --allow x --allow=y --file=',
  'h --file=-5',
  'h 0 --file=x=',
]) {
  test(`both parsers read: ${line}`, () => {
    const args = line.split(' ');
    const fast = parseFast(args, SPEC);
    assert.ok(fast !== undefined, 'the fast one gave up');
    assert.equal(values(fast), values(parseWithYargs(args, SPEC)));
  });
}

for (const line of ['', 'a', 'a b c --verbose']) {
  test(`both parsers read a list of words: ${line}`, () => {
    const args = line.split(' ').filter((word) => word !== '');
    assert.equal(values(parseFast(args, LIST)), values(parseWithYargs(args, LIST)));
  });
}

for (const line of [
  '',
  'a 1 b',
  'h 70000',
  'h --clients 11',
  'h --clients',
  'h --clients -1',
  'h --clients 1 --clients 2',
  'h --max-lenght 3',
  'h --verbose=7',
  'h --verbose --verbose',
  'h --no-verbose',
  'h --log xml',
  'h -v',
  'h --port 5',
  'h -- 5',
  'h --__proto__ 5',
]) {
  test(`what is wrong is left to yargs, which says why: ${line}`, () => {
    const args = line.split(' ').filter((word) => word !== '');
    assert.is(parseFast(args, SPEC), undefined);
    assert.throws(
      () => parseWithYargs(args, SPEC),
      (error: unknown) => error instanceof UsageError,
    );
  });
}

test('what only yargs understands is left to it', () => {
  assert.is(parseFast(['h', '--maxLength', '3'], SPEC), undefined);
  assert.equal(values(parseWithYargs(['h', '--maxLength', '3'], SPEC)).slice(2, 5), [
    ['maxLength', 3],
    ['noLock', false],
    ['port', 2000],
  ]);
  for (const args of [['--help'], ['--version'], ['completion'], ['--verbose', 'true', 'h']])
    assert.is(parseFast(args, SPEC), undefined, args.join(' '));
});

test('a programming error in a check is no usage error', () => {
  const throws = () => {
    throw new TypeError('not a usage error');
  };
  const options = { ...SPEC.options, file: { describe: 'File', coerce: throws } };
  assert.throws(() => parseFast(['h', '--file', 'x'], { ...SPEC, options }), 'not a usage error');
});

test.run();
