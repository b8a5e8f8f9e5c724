// Random bytes compared with a model, for some thousand seeds. A failing seed is printed. `make soak` runs a million.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { IoModelName } from '../../shared/options.js';
import { fuzzInProcess, fuzzOverSocket } from '../support/fuzz.js';
import { RUNNABLE_MODELS } from '../support/runnable-models.js';
import { modelOptions, withServer } from '../support/servers.js';

const IN_PROCESS = 5_000;
const OVER_SOCKETS = 8;

test(`${IN_PROCESS} random streams in process, in any chunks, match the wire table`, () => {
  for (let seed = 1; seed <= IN_PROCESS; seed += 1) assert.is(fuzzInProcess(seed), undefined);
});

test(`${OVER_SOCKETS} random streams over sockets match the wire table, for each I/O model`, async () => {
  await Promise.all(RUNNABLE_MODELS.map(overSockets));
});

async function overSockets(io: IoModelName): Promise<void> {
  await withServer(modelOptions(io), async (server) => {
    let before = '';
    for (let seed = 1; seed <= OVER_SOCKETS; seed += 1) {
      const { text, wrong } = await fuzzOverSocket(server, seed, before);
      assert.is(wrong, undefined, io);
      before = text;
    }
    assert.is((await server.stop()).text.toString(), before, io);
  });
}

test.run();
