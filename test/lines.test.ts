import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lines } from '../shared/lines.js';

async function* arriving(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function collect(chunks: Iterable<Uint8Array>): Promise<string[]> {
  const collected: string[] = [];
  for await (const line of lines(arriving(chunks))) collected.push(line);
  return collected;
}

test('lines come out whole wherever the stream is cut in two', async () => {
  const bytes = Buffer.from('moon, sün\n\n😀 and\nstars');
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const got = await collect([bytes.subarray(0, cut), bytes.subarray(cut)]);
    assert.equal(got, ['moon, sün', '', '😀 and', 'stars']);
  }
});

test('any text in any cuts gives its lines', async () => {
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

test('what the stream was cut off in is no line, if so wanted', async () => {
  const reading = lines(arriving([Buffer.from('one\ntw')]), false);
  assert.is((await reading.next()).value, 'one');
  assert.ok((await reading.next()).done);
});

test('a line is there as soon as its LF is', async () => {
  let release = (): void => {};
  const later = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('now\nla');
    await later;
    yield Buffer.from('ter\n');
  }
  const reading = lines(slow());
  assert.is((await reading.next()).value, 'now');
  release();
  assert.is((await reading.next()).value, 'later');
  assert.ok((await reading.next()).done);
});

test('a line of many chunks costs no more than its length', async () => {
  const chunk = Buffer.alloc(1024, 'x');
  const long = async (chunks: number) => {
    const started = process.cpuUsage();
    const [line] = await collect(Array.from({ length: chunks }, () => chunk));
    assert.is(line?.length, chunks * chunk.length);
    return process.cpuUsage(started).user;
  };
  await long(1_000);
  const [short, longer] = [await long(2_000), await long(16_000)];
  assert.ok(longer < 40 * Math.max(short, 1_000), `8 times the chunks took ${longer / short} times the time`);
});

test('an error of the stream passes through', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one\ntw');
    throw new Error('cut');
  }
  const reading = lines(broken());
  assert.is((await reading.next()).value, 'one');
  try {
    await reading.next();
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'cut');
  }
});

test.run();
