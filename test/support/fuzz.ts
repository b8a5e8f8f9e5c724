// Fuzzing: random bytes, in random chunks, compared with a model of the wire table that uses strings and copies. In process
// for one session, and over sockets for every I/O model. A seed determines the bytes.

import type { StringServer } from 'strsvr';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { type Prng, prng } from '../../shared/prng.js';
import { ByteClient } from './byte-client.js';
import { ByteSession } from './byte-session.js';

/** More than any of the texts. */
const MAX_LENGTH = 1_000;

/** Letters of every length, halves of them, overlong forms, surrogates, bytes that are never UTF-8, controls, LFs. */
const PIECES: readonly [readonly number[], ...Array<readonly number[]>] = [
  [0x61],
  [0xc3, 0xa9],
  [0xe2, 0x82, 0xac],
  [0xf0, 0x9f, 0x98, 0x80],
  [0xef, 0xbb, 0xbf],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0xc0, 0xaf],
  [0xe0, 0x80, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xff],
  [0x80],
  [0x0a],
  [0x00],
  [0x1b, 0x5b, 0x32, 0x4a],
  [0xc2, 0x85],
];

function hostile({ below, oneOf }: Prng): Buffer {
  const pieces = Array.from({ length: below(12) }, () =>
    below(3) === 0 ? [below(256)] : [...oneOf(PIECES)],
  );
  return Buffer.from(pieces.flat());
}

/** The replies to a client's whole stream by the wire table, given the text before it. */
function model(before: string, stream: Uint8Array): { text: string; answers: string } {
  let [text, answers] = [before, ''];
  for (const letter of new TextDecoder('utf-8', { ignoreBOM: true }).decode(stream, { stream: true })) {
    if (letter === '\n') answers += '\n';
    else if (!/\p{Cc}/u.test(letter)) answers += text += letter;
  }
  return { text, answers };
}

/** Passes one stream through a session in random chunks. @returns the first difference from the model, or undefined */
export function fuzzInProcess(seed: number): string | undefined {
  const random = prng(seed);
  const stream = hostile(random);
  const text = new Text(allocateTextBuffer(MAX_LENGTH));
  const session = new ByteSession(text);
  const answers: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = at + 1 + random.below(5);
    session.receive(stream.subarray(at, end));
    at = end;
    for (
      let output = session.nextOutput(1 + random.below(4));
      output;
      output = session.nextOutput(1 + random.below(4))
    ) {
      answers.push(Buffer.from(output));
    }
  }
  session.end();
  const expected = model('', stream);
  if (session.nextOutput(1) !== undefined) return `seed ${seed}: it has more output than the model`;
  if (session.closing !== 'ended') return `seed ${seed}: closing: ${session.closing}`;
  return (
    difference(seed, 'answers', Buffer.concat(answers).toString(), expected.answers) ??
    difference(seed, 'text', Buffer.from(text.view(0, text.length)).toString(), expected.text)
  );
}

/** The same over a socket to a server with no other client. */
export async function fuzzOverSocket(
  { address }: StringServer,
  seed: number,
  before: string,
): Promise<{ readonly text: string; readonly wrong: string | undefined }> {
  const random = prng(seed);
  const stream = hostile(random);
  const client = await ByteClient.connect(address);
  const cut = random.below(stream.length + 1);
  client.send(stream.subarray(0, cut));
  await new Promise((resolve) => setImmediate(resolve)); // so that the two halves are two writes
  client.send(stream.subarray(cut));
  const answers = (await client.endAndReceive()).toString();
  const { text, answers: expected } = model(before, stream);
  return { text, wrong: difference(seed, 'answers', answers, expected) };
}

function difference(seed: number, what: string, got: string, expected: string): string | undefined {
  if (got === expected) return undefined;
  return `seed ${seed}: ${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;
}
