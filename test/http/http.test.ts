// The HTTP port, for each I/O model, with a client of our own and with curl.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { OperationalError, type StringServer, startStringServer } from 'strsvr';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_WRITE_QUANTUM } from '../../server/limits/write-scheduler.js';
import { connectionFinder } from '../../shared/proc-sockets.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { ByteClient } from '../support/byte-client.js';
import { fsFaultArgs } from '../support/fs-fault-preload.js';
import { get, StreamFollower } from '../support/http-client.js';
import { FOLDER, newFile } from '../support/journal-fixtures.js';
import { Program } from '../support/program.js';
import { representatives } from '../support/runnable-models.js';
import { type Address, modelOptions, withServer, withStrsvr } from '../support/servers.js';
import { missingProgram, testWith } from '../support/skipping.js';
import { until } from '../support/waiting.js';

const HTTP = { http: '127.0.0.1:0' };

function httpOf({ http }: StringServer): Address {
  if (http === undefined) throw new Error('it has no HTTP port');
  return http;
}

/** Where a server in a process of its own has its HTTP port. */
async function httpAddress(server: Program): Promise<Address> {
  const [, port] = await server.waitFor('stderr', /http:\/\/127\.0\.0\.1:(\d+)\//);
  return { host: '127.0.0.1', port: Number(port) };
}

async function append({ address }: { readonly address: Address }, letters: string): Promise<void> {
  const client = await ByteClient.connect(address);
  client.send(letters);
  await client.endAndReceive();
}

/** Prometheus' text format, version 0.0.4: the samples by name and labels. Throws at a line that is none. */
function parseMetrics(body: string): Map<string, number> {
  const samples = new Map<string, number>();
  assert.ok(body.endsWith('\n'));
  for (const line of body.split('\n').filter((text) => text !== '' && !/^# (HELP|TYPE) \w+ \S/.test(text))) {
    const [, name, value] = /^([a-zA-Z_:][\w:]*(?:\{(?:\w+="[^"]*",?)*\})?) (\S+)$/.exec(line) ?? [];
    assert.ok(name !== undefined && !Number.isNaN(Number(value)), line);
    assert.not(samples.has(name), line);
    samples.set(name, Number(value));
  }
  return samples;
}

for (const io of representatives('events', 'poll', 'threads')) {
  test(`${io}: text, metrics, connections, and a follower gets what is added and the end`, async () => {
    await withServer({ ...modelOptions(io), ...HTTP }, async (server) => {
      const http = httpOf(server);
      await append(server, 'añb');
      const talker = await connect(server.address);
      await talker.send('c');
      assert.is((await get(http, '/text')).body, 'añbc');
      assert.equal(await get(http, '/healthz').then(({ status }) => status), 200);
      assert.is((await get(http, '/readyz')).body, 'ready\n');
      await until(() => server.stats.connected === 1);
      const metrics = parseMetrics((await get(http, '/metrics')).body);
      const expected = {
        strsvr_letters_total: 4,
        strsvr_text_bytes: 5,
        strsvr_ready: 1,
        strsvr_accepted_connections_total: 2,
        strsvr_received_bytes_total: 6,
        strsvr_sent_bytes_total: 1 + 3 + 4 + 5 + 1,
        strsvr_reply_seconds_count: 4,
        'strsvr_reply_seconds_bucket{le="+Inf"}': 4,
        'strsvr_connections{state="input"}': 1,
        'strsvr_connections{state="output"}': 0,
        'strsvr_closed_connections_total{reason="ended"}': 1,
        'strsvr_rejected_connections_total{reason="full"}': 0,
      };
      for (const [name, value] of Object.entries(expected)) assert.is(metrics.get(name), value, name);
      for (const name of [
        'process_cpu_seconds_total',
        'process_resident_memory_bytes',
        'strsvr_reply_seconds_sum',
      ])
        assert.ok((metrics.get(name) ?? 0) > 0, name);
      const { connections, ...rest } = JSON.parse((await get(http, '/connections')).body);
      assert.equal(rest, { io, connected: 1, accepted: 2, offset: 0, limit: 1024 });
      const { client, letters, waitsFor, pendingReplies, receivedBytes, sentBytes, local } = connections[0];
      assert.equal(
        { client, letters, waitsFor, pendingReplies, receivedBytes, sentBytes, local },
        {
          client: 2,
          letters: 1,
          waitsFor: 'input',
          pendingReplies: 0,
          receivedBytes: 2,
          sentBytes: 6,
          local: server.address,
        },
      );
      const { since, lastActivity } = connections[0];
      assert.ok(Date.parse(since) <= Date.parse(lastActivity));
      const { body } = await get(http, '/connections?offset=1&limit=5');
      assert.equal(JSON.parse(body).connections, []);
      talker.close();
      const follower = await StreamFollower.connect(http);
      await until(() => follower.text === 'añbc');
      await append(server, '€x');
      await until(() => follower.text === 'añbc€x');
      assert.is(follower.lastEventId, '9');
      await append(server, '!');
      await server.stop();
      await follower.closed;
      assert.equal([follower.text, follower.lastEventId, follower.ended], ['añbc€x!', '10', true]);
    });
  });
}

for (const io of ['events', 'poll'] as const) {
  test(`${io}: a client that does not read has pending replies, and all bytes are accounted for`, async () => {
    await withServer({ ...modelOptions(io), ...HTTP }, async (server) => {
      const client = await ByteClient.connect(server.address);
      client.socket.pause();
      client.send('y'.repeat(6_000));
      const view = async () =>
        JSON.parse((await get(httpOf(server), '/connections')).body).connections[0] ?? {};
      // A thread that was interrupted has sent nothing of what it was given: then nothing waits in the kernel.
      const waitsForClient = ({ waitsFor, pendingReplies, sendQueueBytes }: typeof seen) =>
        waitsFor === 'output' && pendingReplies > 100 && sendQueueBytes !== 0;
      let seen = await view();
      let inModel = -1;
      // Until nothing moves: bytes that the client's kernel has not acknowledged yet count in both queues.
      let still = false;
      while (!still || !waitsForClient(seen) || inModel < 0) {
        const before = seen;
        const find = connectionFinder(client.socket.localPort ?? 0);
        const atClient = (before.remote && find(before.remote, before.local)?.rxBytes) ?? 0;
        seen = await view();
        still = isDeepStrictEqual(seen, before);
        inModel = seen.sentBytes - seen.sendQueueBytes - atClient - client.socket.bytesRead;
      }
      const { letters, pendingBytes, receivedBytes, receiveQueueBytes, sentBytes, sendQueueBytes } = seen;
      assert.is(sentBytes + pendingBytes, (letters * (letters + 1)) / 2);
      if (!HAS_PROC) return assert.equal([receiveQueueBytes, sendQueueBytes], [null, null]);
      assert.is(receivedBytes + receiveQueueBytes, 6_000);
      assert.ok(inModel <= MAX_WRITE_QUANTUM, `${inModel}`);
      client.close();
    });
  });
}

test('rejected connections are counted by reason', async () => {
  await withServer({ ...HTTP, allow: ['10.0.0.0/8'] }, async (server) => {
    const client = await ByteClient.connect(server.address);
    await client.receiveAll();
    const metrics = parseMetrics((await get(httpOf(server), '/metrics')).body);
    assert.is(metrics.get('strsvr_rejected_connections_total{reason="address"}'), 1);
    assert.is(metrics.get('strsvr_connections{state="input"}'), 0);
  });
});

// --- requests ---

test('only GET and HEAD, a known path and a known Host are answered', async () => {
  await withServer({ ...HTTP, httpNames: ['text.lan'] }, async (server) => {
    const http = httpOf(server);
    await append(server, 'abc');
    const status = async (path: string, headers = {}, method = 'GET') =>
      (await get(http, path, headers, method)).status;
    assert.is(await status('/'), 200);
    assert.is(await status('/?x=%'), 200);
    assert.is(await status('/nothing'), 404);
    assert.is(await status('//text'), 404);
    assert.is(await status('/text', {}, 'POST'), 405);
    assert.is(await status('/text', {}, 'OPTIONS'), 405);
    assert.is(await status('/text', { host: 'evil.example' }), 403);
    assert.is(await status('/text', { host: 'text.lan:80' }), 200);
    const head = await get(http, '/text', {}, 'HEAD');
    assert.equal([head.status, head.headers['content-length'], head.body], [200, '3', '']);
    assert.is((await get(http, '/text/stream', {}, 'HEAD')).headers['content-type'], 'text/event-stream');
  });
});

test('ranges of the text, and what changed since', async () => {
  await withServer({ ...HTTP, maxLength: 20 }, async (server) => {
    const http = httpOf(server);
    await append(server, '0123456789');
    const { headers } = await get(http, '/text');
    const etag = headers.etag ?? '';
    const range = async (value: string, more = {}) => {
      const { status, headers, body } = await get(http, '/text', { range: value, ...more });
      return [status, headers['content-range'], body];
    };
    assert.equal(await range('bytes=2-4'), [206, 'bytes 2-4/10', '234']);
    assert.equal(await range('bytes=-3'), [206, 'bytes 7-9/10', '789']);
    assert.equal(await range('bytes=10-'), [416, 'bytes */10', 'the text has 10 bytes\n']);
    assert.equal(await range('bytes=0-1,4-5'), [200, undefined, '0123456789']);
    assert.is((await get(http, '/text', { 'if-none-match': etag })).status, 304);
    assert.is((await get(http, '/text', { 'if-none-match': `"x", W/${etag}` })).status, 304);
    await append(server, 'abc');
    assert.is((await get(http, '/text', { 'if-none-match': etag })).body, '0123456789abc');
    assert.equal(await range('bytes=10-', { 'if-range': etag }), [206, 'bytes 10-12/13', 'abc']);
    assert.equal(await range('bytes=10-', { 'if-range': '"another-10"' }), [200, undefined, '0123456789abc']);
  });
});

const NO_CURL = missingProgram('curl');

testWith(test, NO_CURL, 'curl continues a download, and follows the text', async () => {
  await withServer(HTTP, async (server) => {
    await append(server, 'abc');
    const url = `http://localhost:${httpOf(server).port}/text`;
    const file = join(FOLDER, 'download');
    writeFileSync(file, 'ab');
    const curl = (...args: string[]) => new Program(spawn('curl', ['-sS', ...args], { stdio: 'pipe' }));
    const { status, stderr } = await curl('-C', '-', '-o', file, url).finished;
    assert.equal([status, stderr, readFileSync(file, 'utf8')], [0, '', 'abc']);
    const follower = curl('-N', '-H', 'Last-Event-ID: 3', `${url}/stream`);
    await follower.waitFor('stdout', /id: 3/);
    await append(server, 'd');
    await follower.waitFor('stdout', /id: 4\ndata: d\n\n/);
    await server.stop();
    assert.is((await follower.finished).status, 0);
  });
});

testWith(test, missingProgram('promtool'), 'promtool finds nothing wrong in the metrics', async () => {
  await withServer(HTTP, async (server) => {
    const promtool = new Program(spawn('promtool', ['check', 'metrics'], { stdio: 'pipe' }));
    promtool.child.stdin?.end((await get(httpOf(server), '/metrics')).body);
    assert.equal(await promtool.finished, { status: 0, stdout: '', stderr: '' });
  });
});

// --- followers ---

test('a follower resumes where it was; a wrong offset is answered with the reason', async () => {
  await withServer(HTTP, async (server) => {
    const http = httpOf(server);
    await append(server, 'aé€');
    const texts: string[] = [];
    const before = await StreamFollower.connect(http);
    for (const [query, id] of [['?from=3'], ['?from=end'], ['?from=0', '1'], ['', '3']] as const) {
      const follower = await StreamFollower.connect(
        http,
        query,
        id === undefined ? {} : { 'last-event-id': id },
      );
      await until(() => follower.lastEventId === '6');
      texts.push(follower.text);
      follower.close();
    }
    assert.equal(texts, ['€', '', 'é€', '€']);
    for (const [from, status, reason] of [
      ['2', 400, 'no letter begins at offset 2'],
      ['-1', 400, 'expected an offset in bytes, or end'],
      ['1e3', 400, 'expected an offset in bytes, or end'],
      ['', 400, 'expected an offset in bytes, or end'],
      ['7', 416, 'the text has 6 bytes'],
      ['9'.repeat(16), 416, 'the text has 6 bytes'],
    ] as const) {
      const response = await get(http, `/text/stream?from=${from}`);
      assert.equal([response.status, response.body], [status, `${reason}\n`], from);
    }
    const garbage = await get(http, '/text/stream?from=3', { 'last-event-id': 'garbage' });
    assert.equal([garbage.status, garbage.body], [400, 'expected an offset in bytes, or end\n']);
    await append(server, 'x'); // text and other followers are as before
    await until(() => before.text === 'aé€x');
    assert.is((await get(http, '/text')).body, 'aé€x');
    before.close();
  });
});

test('a long text comes in pieces that end in whole letters', async () => {
  const text = 'x€😀'.repeat(40_000);
  await withServer({ ...HTTP, journal: newFile(text) }, async (server) => {
    const follower = await StreamFollower.connect(httpOf(server));
    await until(() => follower.lastEventId === String(server.text.length));
    assert.ok(follower.text === text);
    assert.ok(follower.events >= 5);
    follower.close();
  });
});

test('a follower that does not read is disconnected and counted, another one is not', async () => {
  const length = 2 ** 24; // more than the kernel keeps for a reader
  const options = {
    ...HTTP,
    journal: newFile('x'.repeat(length)),
    maxLength: 2 * length,
    stallTimeoutMs: 500,
  };
  await withServer(options, async (server) => {
    const http = httpOf(server);
    const [slow, healthy] = [
      await StreamFollower.connect(http),
      await StreamFollower.connect(http, '?from=end'),
    ];
    slow.pause();
    const followers = async () => {
      const metrics = parseMetrics((await get(http, '/metrics')).body);
      return [metrics.get('strsvr_followers'), metrics.get('strsvr_followers_stalled_total')];
    };
    const [connected = 0, stalled = 0] = await followers();
    assert.is(connected + stalled, 2);
    while ((await followers())[1] === 0) await sleep(50);
    await append(server, 'y');
    await until(() => healthy.text === 'y');
    assert.equal(await followers(), [1, 1]);
    for (const follower of [slow, healthy]) follower.close();
  });
});

// --- with a journal ---

test('a follower misses and repeats nothing across a restart with a journal, and neither does a range', async () => {
  const journal = newFile();
  const args = ['0', '--http', '0', '--journal', journal];
  let text = '';
  let id = '';
  let etag = '';
  for (const [cycle, letters] of ['abc', 'dé'].entries()) {
    await withStrsvr(args, async (server, address) => {
      const http = await httpAddress(server);
      if (etag !== '') {
        const { status } = await get(http, '/text', { range: 'bytes=1-', 'if-range': etag });
        assert.is(status, 206);
      }
      const follower = await StreamFollower.connect(http, '', id === '' ? {} : { 'last-event-id': id });
      await append({ address }, letters);
      await until(() => (text + follower.text).endsWith(letters));
      text += follower.text;
      id = follower.lastEventId;
      etag = (await get(http, '/text')).headers.etag ?? '';
      server.child.kill(cycle === 0 ? 'SIGKILL' : 'SIGTERM');
      await follower.closed;
      assert.is(follower.ended, cycle > 0);
    });
  }
  assert.is(text, readFileSync(journal, 'utf8'));
  assert.is(text, 'abcdé');
});

test('a follower never gets a letter that is not on disk; /readyz says that the disk is full', async () => {
  const args = ['0', '--http', '0', '--journal', newFile()];
  await withStrsvr(
    args,
    async (server, address) => {
      const http = await httpAddress(server);
      const client = await ByteClient.connect(address);
      client.send('a');
      await server.waitFor('stderr', /disk full/);
      assert.equal(await get(http, '/readyz').then(({ status, body }) => [status, body]), [
        503,
        "the journal's disk is full\n",
      ]);
      assert.is((await get(http, '/healthz')).status, 200);
      assert.is((await get(http, '/text')).body, '');
      const metrics = parseMetrics((await get(http, '/metrics')).body);
      assert.equal([metrics.get('strsvr_ready'), metrics.get('strsvr_text_bytes')], [0, 0]);
      assert.is(metrics.get('strsvr_connections{state="durability"}'), 1);
      client.close();
    },
    'server/strsvr.js',
    fsFaultArgs('full'),
  );
});

test('the HTTP port or the string port is taken: one line, the journal stays, the other server too', async () => {
  await withServer(HTTP, async (server) => {
    const client = await connect(server.address);
    await client.send('a');
    const journal = newFile('kept');
    for (const [taken, ports] of [
      [httpOf(server).port, { port: 0, http: String(httpOf(server).port) }],
      [server.address.port, { port: server.address.port, http: '0' }],
    ] as const) {
      const starting = startStringServer({ ...ports, host: '127.0.0.1', journal });
      const error = await starting.catch((reason: unknown) => reason);
      assert.instance(error, OperationalError);
      const message = `port ${taken} is taken on 127.0.0.1; lsof -i :${taken} shows by whom`;
      assert.is((error as Error).message, message);
    }
    assert.is(await client.send('b'), 'ab');
    client.close();
    await withServer({ journal }, async ({ text }) => assert.is(text.toString(), 'kept')); // and nothing has it locked
  });
});

test.run();
