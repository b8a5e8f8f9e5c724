import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readInto } from '../../server/models/shared-read-buffer.js';
import { ByteClient } from '../support/byte-client.js';
import { built, Program, skipChildCoverage } from '../support/program.js';
import { withServer } from '../support/servers.js';

const test = suite('receive');

/** The data of a server's socket, the number of its 'data' events, and whether it had 'end'. */
async function received(prepare: (socket: Socket) => void): Promise<{ text: string; buffers: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = createConnection(port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  prepare(socket);
  let text = '';
  const buffers = new Set<ArrayBufferLike>();
  const come = (length: number) =>
    new Promise<void>((resolve) => {
      waiting = () => {
        if (text.length >= length) resolve();
      };
      waiting();
    });
  let waiting = (): void => {};
  readInto(Buffer.alloc(4096), socket, (chunk, length) => {
    text += Buffer.from(chunk.subarray(0, length)).toString();
    buffers.add(chunk.buffer);
    waiting();
  });
  client.write('abc');
  await come(3);
  socket.pause();
  client.write('d'.repeat(100_000));
  socket.resume();
  await come(100_003);
  client.end();
  await once(socket, 'end');
  server.close();
  return { text, buffers: buffers.size };
}

test('all sockets read into one buffer', async () => {
  const { text, buffers } = await received(() => {});
  assert.is(text, `abc${'d'.repeat(100_000)}`);
  assert.is(buffers, 1);
});

test('where Node.js has no such buffer, sockets read into their own', async () => {
  const { text, buffers } = await received((socket) => {
    Reflect.set(Reflect.get(socket, '_handle'), 'useUserBuffer', undefined);
  });
  assert.is(text, `abc${'d'.repeat(100_000)}`);
  assert.ok(buffers > 1, 'each chunk has a buffer of its own');
});

test('without the shared buffer, letters followed at once by the end of the stream are all answered', async () => {
  const { restore } = await import('../support/small-buffers-preload.js');
  try {
    await withServer({}, async (server) => {
      const client = await ByteClient.connect(server.address);
      client.send('x'.repeat(3_000));
      assert.is((await client.endAndReceive()).length, (3_000 * 3_001) / 2);
    });
  } finally {
    restore();
  }
});

test('without the shared buffer the whole wire suite passes', async () => {
  skipChildCoverage();
  const preload = pathToFileURL(built('test/support/small-buffers-preload.js')).href;
  const { status, stdout } = await new Program('test/wire/wire.test.js', [], ['--import', preload]).finished;
  assert.is(status, 0, stdout);
  assert.match(stdout, /Passed: {4}\d+/);
});

test.run();
