// Clients behind a bad network: whatever it does, one text explains all that they saw.

import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check, digest, type Operation } from '../shared/history.js';
import { random } from '../shared/random.js';
import { NO_FAULTS, randomFaults, withProxy } from './proxy.js';
import { type Address, ByteClient, withServer } from './support.js';

const SCRIPTS = 20;
const CLIENTS = 4;
const LETTERS = 8;
/** A client behind a network that swallows everything gives up. */
const PATIENCE_MS = 500;

test('a network without faults changes nothing', async () => {
  await withServer({}, async (server) => {
    await withProxy(server.address, NO_FAULTS, random(1), async (address) => {
      const client = await ByteClient.connect(address);
      client.send('abc');
      assert.is((await client.endAndReceive()).toString(), 'aababc');
    });
  });
});

test('a network of single bytes, late, changes nothing either', async () => {
  await withServer({}, async (server) => {
    const faults = { ...NO_FAULTS, sliceBytes: 1, latencyMs: 1, jitterMs: 3 };
    await withProxy(server.address, faults, random(2), async (address) => {
      const client = await ByteClient.connect(address);
      client.send('é😀€');
      assert.is((await client.endAndReceive()).toString(), 'éé😀é😀€');
    });
  });
});

test(`${SCRIPTS} scripts of faults: no answered letter is lost, none is there twice`, async () => {
  for (let seed = 1; seed <= SCRIPTS; seed += 1) {
    const chance = random(seed);
    const faults = randomFaults(chance);
    await withServer({}, async (server) => {
      const histories: Operation[][] = [];
      await withProxy(server.address, faults, chance, async (address) => {
        const clients = Array.from({ length: CLIENTS }, (_, client) => talk(address, client));
        histories.push(...(await Promise.all(clients)));
      });
      const { text } = await server.stop();
      assert.is(check(histories.flat(), text), undefined, `seed ${seed}: ${JSON.stringify(faults)}`);
    });
  }
});

/** Sends letters until all are answered or the network has broken. */
async function talk(address: Address, client: number): Promise<Operation[]> {
  const history: Operation[] = [];
  try {
    const connection = await connect(address);
    const giveUp = setTimeout(() => connection.close(), PATIENCE_MS);
    try {
      for (let i = 0; i < LETTERS; i += 1) {
        const letter = ['a', 'é', '€', '😀'][i % 4] ?? 'z';
        const sent = performance.now();
        history.push({ client, letter, sent });
        const reply = digest(Buffer.from(await connection.send(letter)));
        history[i] = { client, letter, sent, answer: { at: performance.now(), reply } };
      }
    } finally {
      clearTimeout(giveUp);
      connection.close();
    }
  } catch {} // what is not answered stays not known
  return history;
}

test.run();
