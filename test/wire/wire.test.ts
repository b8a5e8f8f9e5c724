// The wire, row by row and byte by byte, over real sockets.

import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LINGER_IDLE_MS } from '../../server/limits/lingering-close.js';
import { ByteClient } from '../support/byte-client.js';
import { withServer } from '../support/servers.js';

/** Sends bytes, ends, and resolves to all that comes back. */
async function exchange(sent: string | Uint8Array, options = {}): Promise<string> {
  let received = '';
  await withServer(options, async ({ address }) => {
    const client = await ByteClient.connect(address);
    client.send(sent);
    received = (await client.endAndReceive()).toString();
  });
  return received;
}

test('the client speaks first', async () => {
  assert.is(await exchange(''), '');
});

test('a letter is stored and answered with the text up to it', async () => {
  assert.is(await exchange('abc'), 'aababc');
});

test('letters of 1 to 4 bytes are letters', async () => {
  assert.is(await exchange('aé€😀'), 'aaéaé€aé€😀');
});

test('LF is not stored and is answered with LF', async () => {
  assert.is(await exchange('a\nb\n\n'), 'a\nab\n\n');
});

test('other control characters are not stored and not answered', async () => {
  assert.is(await exchange('a\0\t\r\x1b\x7f\u0080\u009fb'), 'aab');
});

test('invalid UTF-8 is stored as U+FFFD, once per maximal subpart, and answered', async () => {
  const [broken, overlong, surrogate] = [
    Buffer.of(0xe2, 0x82, 0x61),
    Buffer.of(0xc0, 0xaf),
    Buffer.of(0xed, 0xa0, 0x80),
  ];
  assert.is(await exchange(broken), '\ufffd\ufffda');
  assert.is(await exchange(overlong), '\ufffd\ufffd\ufffd');
  assert.is(await exchange(surrogate), '\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd');
});

test('an unfinished character at the end of the stream is dropped', async () => {
  assert.is(await exchange(Buffer.from('a😀').subarray(0, 4)), 'a');
});

test('a byte order mark is a letter like any other', async () => {
  assert.is(await exchange('\ufeffa'), '\ufeff\ufeffa');
});

test('the stream is the same at every cut', async () => {
  const bytes = Buffer.from('aé\n€😀');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    await withServer({}, async ({ address }) => {
      const client = await ByteClient.connect(address);
      client.send(bytes.subarray(0, cut));
      // The LF comes back only after all before it has been read, so the cut is a real one.
      const before = answersWhole(bytes.subarray(0, cut));
      const first = (await client.receive(Buffer.byteLength(before))).toString();
      client.send(bytes.subarray(cut));
      assert.is(first + (await client.endAndReceive()).toString(), 'aaé\naé€aé€😀');
    });
  }
});

/** What the server must have answered once it has read these bytes, the first of a new text. */
function answersWhole(bytes: Uint8Array): string {
  let [text, answers] = ['', ''];
  for (const letter of new TextDecoder().decode(bytes, { stream: true })) {
    if (letter !== '\n') text += letter;
    answers += letter === '\n' ? '\n' : text;
  }
  return answers;
}

test('two clients’ halves of an emoji, interleaved, make two emoji', async () => {
  await withServer({}, async ({ address }) => {
    const [one, other] = [await ByteClient.connect(address), await ByteClient.connect(address)];
    const [smile, party] = [Buffer.from('😀'), Buffer.from('🎉')];
    const half = async (client: ByteClient, bytes: Uint8Array) => {
      client.send('\n');
      client.send(bytes);
      await client.receive(1);
    };
    await half(one, smile.subarray(0, 2));
    await half(other, party.subarray(0, 2));
    one.send(smile.subarray(2));
    assert.is((await one.receive(4)).toString(), '😀');
    other.send(party.subarray(2));
    assert.is((await other.receive(8)).toString(), '😀🎉');
    one.close();
    other.close();
  });
});

test('letters followed at once by the end of the stream are all answered', async () => {
  const length = 3_000; // 4.5 MB of replies: more than the kernel buffers
  assert.is((await exchange('x'.repeat(length))).length, (length * (length + 1)) / 2);
});

test('when the text is full, pending replies are sent and the connection closed; other clients stay until they write', async () => {
  await withServer({ maxLength: 3 }, async ({ address }) => {
    const [one, other] = [await ByteClient.connect(address), await ByteClient.connect(address)];
    one.send('abcdef\n');
    assert.is((await one.receiveAll()).toString(), 'aababc');
    other.send('\n');
    assert.is((await other.receive(1)).toString(), '\n');
    other.send('z');
    assert.is((await other.receiveAll()).toString(), '');
  });
});

test('a client that keeps sending to a full text gets every pending reply, then is closed', async () => {
  await withServer({ maxLength: 3_000 }, async ({ address }) => {
    const client = await ByteClient.connect(address);
    client.send('x'.repeat(2_000_000)); // closing with unread input would reset the connection
    assert.is((await client.receiveAll()).length, (3_000 * 3_001) / 2);
  });
});

test('a client that reads late from a full text gets every pending reply, from the kernel’s buffer too', async () => {
  await withServer({ maxLength: 1_000 }, async ({ address }) => {
    const client = await ByteClient.connect(address);
    client.send('x'.repeat(2_000_000));
    await sleep(2 * LINGER_IDLE_MS); // by now the server has closed: a reset would have destroyed what is on its way
    assert.is((await client.receiveAll()).length, (1_000 * 1_001) / 2);
  });
});

test.run();
