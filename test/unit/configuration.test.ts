import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFast, parseWithYargs } from '../../shared/command-line.js';
import type { AnyCommandLine } from '../../shared/command-line-types.js';
import { CONFIGURATION_OPTIONS, configure, formatConfiguration } from '../../shared/configuration.js';
import { OperationalError, UsageError } from '../../shared/errors.js';
import { hostNames, listenAddress, wholeNumber } from '../../shared/options.js';

const folder = mkdtempSync(join(tmpdir(), 'strsvr-config-'));
test.after(() => rmSync(folder, { recursive: true }));

const SPEC: AnyCommandLine = {
  name: 'it',
  usage: '[port]',
  summary: 'Test',
  positionals: { port: { describe: 'port', default: 1, coerce: wholeNumber('port', 1, 9) } },
  options: {
    size: { requiresArg: true, describe: 'size', default: 5, coerce: wholeNumber('--size', 1, 99) },
    net: { requiresArg: true, describe: 'net', coerce: (value) => value },
    name: { requiresArg: true, describe: 'name' },
    fast: { describe: 'fast', boolean: true, default: false },
    ...CONFIGURATION_OPTIONS,
  },
  repeatable: ['net'],
  examples: [],
};

function file(content: string): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, content);
  return path;
}

function wrong(args: readonly string[], environment: NodeJS.ProcessEnv): string {
  try {
    configure(args, SPEC, 'IT', environment);
  } catch (error) {
    assert.ok(error instanceof UsageError || error instanceof OperationalError);
    return error.message.replaceAll(folder, '');
  }
  return 'nothing wrong';
}

test('the command line wins over the environment, the environment over the file, the file over the default', () => {
  const config = file('{"port": 2, "size": 20, "net": ["a", "b"], "name": "file", "fast": true}');
  const environment = {
    IT_SIZE: '30',
    IT_NET: undefined,
    IT_NAME: 'environment',
    IT_CONFIG: config,
    OTHER: 'x',
  };
  const configured = configure(['--name', 'line'], SPEC, 'IT', environment);
  for (const parse of [parseFast, parseWithYargs]) {
    const parsed = Object.entries(parse(configured.args, SPEC) ?? {});
    const { port, size, net, name, fast } = Object.fromEntries(parsed);
    assert.equal(
      { port, size, net, name, fast },
      { port: 2, size: 30, net: ['a', 'b'], name: 'line', fast: true },
    );
  }
  assert.equal(
    formatConfiguration(configured, SPEC).replaceAll(config, 'FILE').replaceAll(/ +/g, ' ').split('\n'),
    [
      'port 2 FILE',
      'size 30 environment IT_SIZE',
      'net a, b FILE',
      'name line command line',
      'fast true FILE',
    ],
  );
});

test('a list has commas in the environment, and the command line replaces all of it', () => {
  const environment = { IT_NET: 'a,b' };
  assert.equal(configure([], SPEC, 'IT', environment).args, ['--net=a', '--net=b']);
  assert.equal(configure(['--net=c'], SPEC, 'IT', environment).args, ['--net=c']);
});

test('without repeatable options a comma is part of a value', () => {
  const { repeatable: _, ...spec } = SPEC;
  assert.equal(configure(['--config', file('{"net": "c"}')], spec, 'IT', { IT_NAME: 'a,b' }).args.slice(2), [
    '--name=a,b',
    '--net=c',
  ]);
});

test('a switch that is off hides the one of the file', () => {
  const config = file('{"fast": true}');
  assert.equal(configure(['--config', config], SPEC, 'IT', { IT_FAST: 'false' }).args, ['--config', config]);
  const { settings } = configure(['5', '--fast'], SPEC, 'IT', { IT_FAST: '0', IT_PORT: '6' });
  assert.equal(settings.get('fast'), { values: ['true'], origin: 'command line' });
  assert.equal(settings.get('port'), { values: ['5'], origin: 'command line' });
});

test('a command line that is wrong stays wrong', () => {
  for (const args of [['--name'], ['--unknown', 'x'], ['1', '2'], ['--size=1', '--size=2']])
    assert.equal(configure(args, SPEC, 'IT', {}).args, args);
});

test('where the HTTP port may listen, and under which names it is reached', () => {
  const address = listenAddress('--http');
  assert.equal(address('2001'), { host: '127.0.0.1', port: 2001 });
  assert.equal(address('0.0.0.0:0'), { host: '0.0.0.0', port: 0 });
  assert.equal(address('[::1]:2001'), { host: '::1', port: 2001 });
  for (const text of ['', 'host', ':2001', '::1:2001', 'host:65536', '-1'])
    assert.throws(() => address(text), /^--http: expected \[HOST:\]PORT, got /);
  const names = hostNames('--http-name');
  assert.equal(names('Text.LAN'), ['text.lan']);
  assert.equal(names(['a', 'b']), ['a', 'b']);
  for (const name of ['', 'a b', 7])
    assert.throws(() => names(name), /^--http-name: expected a host name, got /);
});

test('defaults are printed as such', () => {
  const printed = formatConfiguration(configure([], SPEC, 'IT', { IT_FAST: '0' }), SPEC);
  assert.equal(printed.replaceAll(/ +/g, ' ').split('\n'), [
    'port 1 default',
    'size 5 default',
    'net - default',
    'name - default',
    'fast false environment IT_FAST',
  ]);
});

test('whatever is wrong is named with its variable, or its file and key', () => {
  assert.is(wrong([], { IT_SIZE: 'x' }), 'IT_SIZE: expected a whole number from 1 to 99, got "x"');
  assert.is(
    wrong([], { IT_PORT: 'tcp://10.0.0.1:2000' }),
    'IT_PORT: expected a whole number from 1 to 9, got "tcp://10.0.0.1:2000"',
  );
  assert.is(wrong([], { IT_SPEED: '1' }), 'IT_SPEED: no such option');
  assert.is(wrong([], { IT_FAST: 'yes' }), 'IT_FAST: expected true or false, got "yes"');
  const config = (content: string) => wrong(['--config', file(content)], {});
  assert.is(config('{"size": 100}'), '/config.json: size: expected a whole number from 1 to 99, got "100"');
  assert.is(config('{"constructor": 1}'), '/config.json: constructor: no such option');
  assert.is(config('{"config": "x"}'), '/config.json: config: no option for a file');
  assert.is(config('{"name": null}'), '/config.json: name: expected a text, a number or a boolean, got null');
  assert.is(
    config('{"size": [1, 2]}'),
    '/config.json: size: expected a text, a number or a boolean, got [1,2]',
  );
  assert.is(config('[1]'), '/config.json: expected a JSON object of options');
  assert.match(config('{'), /^\/config\.json: expected JSON: /);
  assert.match(wrong(['--config', join(folder, 'none')], {}), /^cannot read \/none: ENOENT/);
});

test.run();
