// The baselines implement the wire, so that a comparison with them is fair.

import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'uvu';
import * as assert from 'uvu/assert';
import { baselines, type ServerUnderTest } from '../../client/lab/servers-under-test.js';
import { ByteClient } from '../support/byte-client.js';
import { Program, skipChildCoverage } from '../support/program.js';
import type { Address } from '../support/servers.js';
import { quick, testWith } from '../support/skipping.js';

skipChildCoverage();
const NAMES = [
  'plain',
  'C epoll',
  'C threads',
  'C io_uring',
  'Python asyncio',
  'Python nonblocking loop',
  'Python threads',
];
const { targets, missing } = await baselines();

async function withTarget(
  target: ServerUnderTest,
  use: (address: Address, server: Program) => Promise<void>,
): Promise<void> {
  const [command = '', ...args] = target.command;
  const server = new Program(spawn(command, args, { stdio: 'pipe' }));
  try {
    const [, host = '', port] = await server.waitFor('stdout', /listening on (\S+):(\d+)[ \n]/);
    await use({ host, port: Number(port) }, server);
  } finally {
    server.kill();
    await server.finished;
  }
}

/** Everything that a client receives that sends this and ends its side. */
async function exchange(address: Address, sent: string | Uint8Array): Promise<string> {
  const client = await ByteClient.connect(address);
  client.send(sent);
  return (await client.endAndReceive()).toString();
}

test('every baseline is available or reported as missing', () => {
  const known = [...targets, ...missing].map(({ name }) => name);
  assert.equal(known.toSorted(), NAMES.toSorted());
  for (const { name, why } of missing) process.stdout.write(`skipped: ${name}: ${why}\n`);
});

test('a tool that is not there is named, and so is one that does not work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-path-'));
  const path = process.env['PATH'];
  try {
    writeFileSync(join(folder, 'cc'), '#!/bin/sh\necho "cc: no such standard" >&2; exit 1\n');
    chmodSync(join(folder, 'cc'), 0o755);
    symlinkSync('/bin/sh', join(folder, 'sh'));
    process.env['PATH'] = folder;
    const found = await baselines();
    assert.equal(
      found.targets.map(({ name }) => name),
      ['plain'],
    );
    const why = new Map(found.missing.map((one) => [one.name, one.why]));
    assert.is(why.get('C epoll'), 'cc does not work here: cc: no such standard');
    assert.is(why.get('Python nonblocking loop'), 'there is no python3 on this machine');
  } finally {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  }
});

test('plain answers letters and line ends', async () => {
  const [target] = targets;
  assert.is(target?.name, 'plain');
  if (target !== undefined) await withTarget(target, exchangeLines);
});

/** Sends a letter with LF and resolves to the line that comes back, without its LF. */
async function line(client: ByteClient, letter: string): Promise<string> {
  client.send(`${letter}\n`);
  let received = '';
  while (!received.endsWith('\n')) received += await client.receiveSome();
  return received.slice(0, -1);
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}

/** Two clients of a server that has no text yet. */
async function exchangeLines(address: Address): Promise<void> {
  const [one, other] = [await ByteClient.connect(address), await ByteClient.connect(address)];
  let text = '';
  for (const [client, letter] of [
    [one, 'a'],
    [other, 'b'],
    [other, 'é'],
    [one, '€'],
  ] as const) {
    text += letter;
    client.send(`${letter}\n`);
    assert.is((await client.receive(Buffer.byteLength(text) + 1)).toString(), `${text}\n`);
  }
  one.close();
  other.close();
}

test.run();

for (const name of quick ? ['C epoll'] : NAMES.slice(1)) {
  const target = targets.find((one) => one.name === name);
  const why = missing.find((one) => one.name === name)?.why;
  const baseline = suite(name);
  const conforms = (title: string, body: (target: ServerUnderTest) => Promise<void>) =>
    testWith(baseline, why, title, async () => {
      if (target !== undefined) await body(target);
    });

  conforms('what several clients send is read letter by letter, wherever it is cut', async (server) => {
    await withTarget(server, async (address) => {
      await exchangeLines(address);
      let text = 'abé€';
      assert.is(await exchange(address, 'xyz'), `${text}x${text}xy${text}xyz`, 'letters in one write');
      text += 'xyz';
      assert.is(await exchange(address, 'a\nb\n\n'), `${text}a\n${text}ab\n\n`, 'LF is answered, not stored');
      text += 'ab';
      assert.is(await exchange(address, 'a\0\t\r\x1b\x7fb'), `${text}a${text}ab`, 'controls are neither');
      text += 'ab';
      const bytes = Buffer.from('aé\n€😀');
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const client = await ByteClient.connect(address);
        // The LF comes back only after all before it has been read, so the cut is a real one.
        client.send(Buffer.concat([Buffer.from('\n'), bytes.subarray(0, cut)]));
        await client.receive(1);
        client.send(bytes.subarray(cut));
        const replies = `${text}a${text}aé\n${text}aé€${text}aé€😀`;
        assert.is((await client.endAndReceive()).toString(), replies, `cut at ${cut}`);
        text += 'aé€😀';
      }
    });
  });

  conforms(
    'thousands of letters followed at once by the end of the stream are all answered',
    async (server) => {
      await withTarget(server, async (address) => {
        const length = 3_000; // 4.5 MB of replies: more than the kernel buffers
        const replies = await exchange(address, 'x'.repeat(length));
        assert.is(replies.length, (length * (length + 1)) / 2);
      });
    },
  );

  conforms(
    'a slow reader delays no other client, is not read from, and gets every byte of a long text',
    async (server) => {
      await withTarget(server, async (address) => {
        const [slow, other] = [await ByteClient.connect(address), await ByteClient.connect(address)];
        const letters = 8_000; // 32 MB of replies: more than the kernel buffers
        slow.socket.pause();
        slow.send('x'.repeat(letters));
        let [before, text] = ['', await line(other, 'y')];
        while (count(text, 'x') === 0 || count(text, 'x') > count(before, 'x')) {
          before = text;
          text = await line(other, 'y');
        }
        assert.ok(count(text, 'x') < letters, 'letters were stored although their replies are not read');
        const received = await slow.endAndReceive();
        text = await line(other, 'z');
        assert.is(count(text, 'x'), letters);
        const replies = [...text].flatMap((letter, at) => (letter === 'x' ? [text.slice(0, at + 1)] : []));
        assert.ok(received.equals(Buffer.from(replies.join(''))));
        other.close();
      });
    },
  );

  conforms(
    'a client that is reset leaves the others alone; SIGTERM ends it with status 0',
    async (server) => {
      await withTarget(server, async (address, program) => {
        const [rude, other] = [await ByteClient.connect(address), await ByteClient.connect(address)];
        rude.send('a\n');
        await rude.receive(2);
        rude.socket.resetAndDestroy();
        other.send('b\n');
        assert.is((await other.receive(3)).toString(), 'ab\n');
        program.child.kill('SIGTERM');
        assert.is((await program.finished).status, 0);
        other.close();
      });
    },
  );

  baseline.run();
}
