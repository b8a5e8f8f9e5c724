import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Trace } from '../../server/log/trace.js';
import { ByteClient } from '../support/byte-client.js';
import { built, Program, run } from '../support/program.js';
import { failedStart } from '../support/servers.js';

test('a long trace keeps its last events, in chronological order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  const file = join(folder, 'trace.json');
  const trace = new Trace(file, undefined, 10);
  for (let at = 0; at < 25; at += 1) {
    // Entries of two threads do not arrive in order.
    trace.record({
      at: at ^ 1,
      thread: at % 2,
      event: { type: 'wrote', client: 1, bytes: at ^ 1, unsent: 0 },
    });
  }
  trace.write();
  const events: Array<{ ph: string; pid: number; args: { bytes: number } }> = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  rmSync(folder, { recursive: true });
  const bytes = events.filter(({ ph, pid }) => ph === 'i' && pid === 1).map(({ args }) => args.bytes);
  assert.equal(bytes, [14, 16, 17, 18, 19, 20, 21, 22, 23, 25]);
});

test('a read event of many letters keeps the first ones', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  const file = join(folder, 'trace.json');
  const trace = new Trace(file);
  const pendingLetters = Array.from({ length: 1_024 }, () => '€');
  const event = {
    type: 'read',
    client: 1,
    bytes: 3_072,
    pendingLetters,
    undecoded: 0,
    midLetter: false,
  } as const;
  for (let at = 0; at < 2_500; at += 1) trace.record({ at, thread: 0, event });
  trace.write();
  const written = readFileSync(file, 'utf8');
  rmSync(folder, { recursive: true });
  const events: Array<{ ph: string; name: string }> = JSON.parse(written);
  assert.is(events.filter(({ ph }) => ph === 'i').length, 5_000);
  assert.match(events.at(-1)?.name ?? '', /^read €{16}… 1008 more$/);
});

test('the file is unchanged until the trace is written; a new one has mode 0600', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  const [old, link, fifo, journal, fresh] = ['old', 'link', 'fifo', 'journal', 'fresh'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string, string];
  const precious = 'precious '.repeat(1_000); // longer than an empty trace
  for (const file of [old, journal]) writeFileSync(file, precious);
  symlinkSync(journal, link);
  spawnSync('mkfifo', [fifo]);
  const rejection = async (...args: string[]) =>
    (await failedStart(new Program('server/strsvr.js', ['0', ...args]))).stderr;
  assert.match(await rejection('--trace', old, '--host', '192.0.2.1'), /192\.0\.2\.1 is not an address/);
  assert.match(await rejection('--trace', link), /cannot write the trace: it is a symbolic link\n/);
  assert.match(await rejection('--trace', fifo), /cannot write the trace: it is not a regular file\n/);
  assert.match(await rejection('--trace', journal, '--journal', journal), /journal is the journal\n/);
  for (const file of [old, journal]) assert.is(readFileSync(file, 'utf8'), precious);
  new Trace(fresh).write();
  assert.is(statSync(fresh).mode & 0o777, 0o600);
  new Trace(old).write();
  assert.not.match(readFileSync(old, 'utf8'), 'precious'); // to its end
  rmSync(folder, { recursive: true });
});

test('a file that cannot be written is an error at the start', async () => {
  const { status, stdout, stderr } = await run('server/strsvr.js', [
    '0',
    '--trace',
    '/no/such/folder/trace.json',
  ]);
  assert.is(stdout, '');
  assert.is(
    stderr,
    "strsvr: cannot write the trace: ENOENT: no such file or directory, open '/no/such/folder/trace.json'\n",
  );
  assert.is(status, 1);
});

test('a failed write at the end still prints the final value, then exit 1', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  const trace = join(folder, 'trace.json');
  // A limit on the size of files: the trace can be opened, and not written.
  const server = new Program(
    spawn(
      'sh',
      [
        '-c',
        'ulimit -f 0; exec "$@"',
        'sh',
        process.execPath,
        built('server/strsvr.js'),
        '0',
        '--clients',
        '1',
        '--trace',
        trace,
      ],
      { stdio: 'pipe', env: { NODE_V8_COVERAGE: '' } }, // it could not be written either
    ),
  );
  const [, port] = await server.waitFor('stdout', /:(\d+) \(events\)\n/);
  const client = await ByteClient.connect({ host: '127.0.0.1', port: Number(port) });
  client.send('a');
  await client.receive(1);
  client.close();
  const { status, stdout, stderr } = await server.finished;
  rmSync(folder, { recursive: true });
  assert.match(stdout, /\nthe final value of v is a\n$/);
  assert.match(stderr, /\nstrsvr: cannot write the trace: EFBIG: [^\n]*\n$/);
  assert.is(status, 1);
});

test.run();
