// What server/plain.ts gets wrong, one behaviour each, and which file of the house gets it right.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteClient } from '../support/byte-client.js';
import type { Program } from '../support/program.js';
import { type Address, withServer, withStrsvr } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';

async function withPlain(use: (server: Program, address: Address) => Promise<void>): Promise<void> {
  await withStrsvr(['0'], use, 'server/plain.js');
}

/** With plain.ts, and with ours in this process. */
async function withBoth(use: (address: Address, plain?: Program) => Promise<void>): Promise<void> {
  await withPlain((server, address) => use(address, server));
  await withServer({}, ({ address }) => use(address));
}

test('plain answers any client that has data with the whole string', async () => {
  await withPlain(async (server, address) => {
    const [one, other] = [await connect(address), await connect(address)];
    assert.is(await one.send('a'), 'a');
    assert.is(await other.send('b'), 'ab');
    assert.is(await one.send('c'), 'abc');
    one.close();
    other.close();
    await server.waitFor('stdout', /no client is left, and v is abc\n/);
  });
});

test('half an emoji becomes U+FFFD (shared/utf8.ts keeps it until the rest comes)', async () => {
  await withBoth(async (address, plain) => {
    const client = await ByteClient.connect(address);
    const emoji = Buffer.from('😀');
    client.send(Buffer.concat([Buffer.from('\n'), emoji.subarray(0, 2)]));
    await client.receive(1); // the LF: the first half has been read
    client.send(emoji.subarray(2));
    const reply = await client.receive(4);
    assert.is(reply.toString() === '😀', plain === undefined);
    client.close();
  });
});

test('letters followed at once by the end of the stream lose replies (server/models/events.ts, allowHalfOpen, and server/core/session.ts, end)', async () => {
  const length = 8_000; // 32 MB of replies: more than the kernel buffers
  await withBoth(async (address, plain) => {
    const client = await ByteClient.connect(address);
    client.send('x'.repeat(length));
    client.socket.end();
    await plain?.waitFor('stdout', /no client is left/);
    const replies = await client.receiveAll();
    assert.is(replies.length === (length * (length + 1)) / 2, plain === undefined);
  });
});

testWith(
  test,
  SLOW ?? (process.platform === 'linux' ? undefined : 'memory is read from /proc'),
  'a client that reads little exhausts the memory (server/core/session.ts owes numbers, and few of them, then stops reading)',
  async () => {
    const letters = 20_000;
    const measure = async (server: Program, address: Address, plain: boolean) => {
      const before = await peakKiB(server);
      const nonReader = await ByteClient.connect(address);
      nonReader.send('x'.repeat(letters));
      const other = await connect(address);
      let text = await other.send('a');
      for (let i = 0; plain ? text.length < letters : i < 100; i += 1) text = await other.send('a');
      await nonReader.receive(4_000_000); // of 200 MB; all the others are then made ready to be sent
      text = await other.send('a');
      const grownKiB = (await peakKiB(server)) - before;
      assert.is(grownKiB > 100_000, plain, `${grownKiB} KiB`);
      assert.is(text.length > letters / 2, plain, `${text.length} letters`);
      nonReader.close();
      other.close();
    };
    await withPlain((server, address) => measure(server, address, true));
    await withStrsvr(['0'], (server, address) => measure(server, address, false));
  },
);

async function peakKiB(server: Program): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]);
}

test('a reset ends the server for all clients (server/models/events.ts listens for errors first)', async () => {
  await withBoth(async (address, plain) => {
    const client = await ByteClient.connect(address);
    client.send('a');
    await client.receive(1);
    client.socket.resetAndDestroy();
    await once(client.socket, 'close');
    const survived = connect(address).then(async (other) => {
      await other.send('b');
      other.close();
    });
    await (plain?.waitFor('stderr', /ECONNRESET/) ?? survived);
    await survived.catch(() => {});
    if (plain !== undefined) assert.is((await plain.finished).status, 1);
  });
});

test('the text grows beyond any limit (server/core/text.ts rejects the letter that does not fit)', async () => {
  const [limit, letters] = [1_000, 1_500];
  const replies = (length: number) => (length * (length + 1)) / 2;
  await withPlain(async (_, address) => {
    const client = await ByteClient.connect(address);
    client.send('x'.repeat(letters));
    assert.is((await client.receive(replies(letters))).length, replies(letters));
    client.close();
  });
  await withServer({ maxLength: limit }, async ({ address }) => {
    const client = await ByteClient.connect(address);
    client.send('x'.repeat(letters));
    assert.is((await client.receiveAll()).length, replies(limit));
  });
});

test.run();
