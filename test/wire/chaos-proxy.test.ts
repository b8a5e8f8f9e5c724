// Clients behind a network with faults: one text must explain every reply.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { prng } from '../../shared/prng.js';
import { ByteClient } from '../support/byte-client.js';
import { NO_FAULTS, runScript, withProxy } from '../support/chaos-proxy.js';
import { representatives } from '../support/runnable-models.js';
import { withServer } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';

const SCRIPTS = 20;
const A_FEW = 1;

test('a network without faults changes nothing', async () => {
  await withServer({}, async (server) => {
    await withProxy(server.address, NO_FAULTS, prng(1), async (address) => {
      const client = await ByteClient.connect(address);
      client.send('abc');
      assert.is((await client.endAndReceive()).toString(), 'aababc');
    });
  });
});

test('a network of delayed single bytes changes nothing', async () => {
  await withServer({}, async (server) => {
    const faults = { ...NO_FAULTS, sliceBytes: 1, latencyMs: 1, jitterMs: 3 };
    await withProxy(server.address, faults, prng(2), async (address) => {
      const client = await ByteClient.connect(address);
      client.send('é😀€');
      assert.is((await client.endAndReceive()).toString(), 'éé😀é😀€');
    });
  });
});

test(`${SCRIPTS} scripts of faults: no answered letter is lost or duplicated`, async () => {
  for (let seed = 1; seed <= SCRIPTS; seed += 1) assert.is(await runScript('events', seed), undefined);
});

testWith(test, SLOW, 'other I/O models pass a few of the same scripts', async () => {
  for (const io of representatives('poll', 'uring', 'threads').filter((model) => model !== 'events')) {
    for (let seed = 1; seed <= A_FEW; seed += 1) assert.is(await runScript(io, seed), undefined);
  }
});

test.run();
