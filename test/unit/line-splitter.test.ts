import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BoundedBuffer } from '../../shared/bounded-buffer.js';
import { splitLines } from '../../shared/line-splitter.js';

async function* arriving(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function collect(chunks: Iterable<Uint8Array>): Promise<string[]> {
  const collected: string[] = [];
  for await (const line of splitLines(arriving(chunks))) collected.push(line);
  return collected;
}

test('lines are whole at every chunk boundary', async () => {
  const bytes = Buffer.from('moon, sün\n\n😀 and\nstars');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const got = await collect([bytes.subarray(0, cut), bytes.subarray(cut)]);
    assert.equal(got, ['moon, sün', '', '😀 and', 'stars']);
  }
});

test('any text in any chunks is split into its lines', async () => {
  const chunk = fc
    .array(fc.constantFrom(0x0a, 0x0d, 0x61, 0x62), { maxLength: 6 })
    .map((bytes) => Uint8Array.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), async (chunks) => {
      const expected = Buffer.concat(chunks).toString().split('\n');
      if (expected.at(-1) === '') expected.pop();
      assert.equal(await collect(chunks), expected);
    }),
  );
});

test('an unterminated last line can be dropped', async () => {
  const reading = splitLines(arriving([Buffer.from('one\ntw')]), { unfinished: false });
  assert.is((await reading.next()).value, 'one');
  assert.ok((await reading.next()).done);
});

test('a line is yielded as soon as its LF arrives', async () => {
  let release = (): void => {};
  const later = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('now\nla');
    await later;
    yield Buffer.from('ter\n');
  }
  const reading = splitLines(slow());
  assert.is((await reading.next()).value, 'now');
  release();
  assert.is((await reading.next()).value, 'later');
  assert.ok((await reading.next()).done);
});

test('a line of the maximum length is accepted, and one byte more is an error', async () => {
  for (const cut of [1, 3, 4, 5, 9]) {
    const bytes = Buffer.from('1234\n12é\n12345\nnever');
    let closed = false;
    async function* stream(): AsyncGenerator<Uint8Array> {
      try {
        for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
      } finally {
        closed = true;
      }
    }
    const reading = splitLines(stream(), { maxLength: 4 });
    assert.is((await reading.next()).value, '1234');
    assert.is((await reading.next()).value, '12é');
    try {
      await reading.next();
      assert.unreachable();
    } catch (error) {
      assert.is((error as Error).message, 'the reply is longer than the maximum of 4 bytes');
    }
    assert.ok(closed);
  }
});

test('single bytes are copied a logarithmic number of times', () => {
  const buffer = new BoundedBuffer(100_000);
  const memories = new Set<unknown>();
  for (let at = 0; at < 100_000; at += 1) {
    assert.ok(buffer.append(Uint8Array.of(at)));
    memories.add(buffer.bytes.buffer);
  }
  assert.ok(memories.size < 20, `${memories.size} times`);
  assert.not(buffer.append(Uint8Array.of(0)));
  assert.equal(buffer.take(), Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 256)));
  assert.is(buffer.length, 0);
  assert.ok(buffer.append(Buffer.from('again')));
  assert.is(buffer.bytes.toString(), 'again');
});

test('an error of the stream is thrown', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one\ntw');
    throw new Error('cut');
  }
  const reading = splitLines(broken());
  assert.is((await reading.next()).value, 'one');
  try {
    await reading.next();
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'cut');
  }
});

test.run();
