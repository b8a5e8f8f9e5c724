import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Durability } from '../../server/core/durability.js';
import { MAX_PENDING_REPLIES } from '../../server/core/session.js';
import { Text } from '../../server/core/text.js';
import { allocateTextBuffer } from '../../server/core/text-buffer.js';
import { ByteSession } from '../support/byte-session.js';
import { anyLetter } from '../support/letters.js';

function newText(maxLength = 1_000_000): Text {
  return new Text(allocateTextBuffer(maxLength));
}

function drain(session: ByteSession, max = 65_536): string {
  const parts: Uint8Array[] = [];
  for (let output = session.nextOutput(max); output !== undefined; output = session.nextOutput(max)) {
    assert.ok(output.length <= max);
    parts.push(Uint8Array.from(output));
  }
  return Buffer.concat(parts).toString();
}

test('a letter is answered with the text up to it, an LF with LF', () => {
  const session = new ByteSession(newText());
  session.receive(Buffer.from('ab\nc'));
  assert.is(drain(session), 'aab\nabc');
  assert.is(session.wants, 'input');
  assert.is(session.letters, 3);
});

test('a reply contains no letter after its own', () => {
  const text = newText();
  const [one, other] = [new ByteSession(text), new ByteSession(text)];
  one.receive(Buffer.from('a'));
  other.receive(Buffer.from('b'));
  assert.is(drain(one), 'a');
  assert.is(drain(other), 'ab');
});

test('two clients’ halves of an emoji stay apart', () => {
  const text = newText();
  const [one, other] = [new ByteSession(text), new ByteSession(text)];
  const [smile, party] = [Buffer.from('😀'), Buffer.from('🎉')];
  one.receive(smile.subarray(0, 2));
  other.receive(party.subarray(0, 3));
  assert.ok(one.undecoded.midLetter);
  assert.is(drain(one), '');
  other.receive(party.subarray(3));
  one.receive(smile.subarray(2));
  assert.is(drain(other), '🎉');
  assert.is(drain(one), '🎉😀');
});

test('control characters are counted and neither stored nor answered', () => {
  const session = new ByteSession(newText());
  session.receive(Buffer.from('a\0\r\x1b\x7f\u0085b'));
  assert.is(drain(session), 'aab');
  assert.is(session.controlCharacters, 5);
});

test('output comes in pieces no larger than asked for', () => {
  const session = new ByteSession(newText());
  session.receive(Buffer.from('abcdefgh\n'));
  assert.is(drain(session, 3), 'aababcabcdabcdeabcdefabcdefgabcdefgh\n');
});

test('pending replies are bounded; further letters are held, and no input is wanted meanwhile', () => {
  const text = newText();
  const session = new ByteSession(text);
  const chunk = Buffer.from('x'.repeat(MAX_PENDING_REPLIES + 10));
  session.receive(chunk);
  chunk.fill(0); // read buffers are shared: what is held must be a copy
  assert.is(text.length, MAX_PENDING_REPLIES);
  assert.is(session.undecoded.bytes, 10);
  assert.is(session.wants, 'output');
  const expected = (n: number) => (n * (n + 1)) / 2;
  assert.is(drain(session).length, expected(MAX_PENDING_REPLIES + 10));
  assert.is(text.length, MAX_PENDING_REPLIES + 10);
  assert.is(session.wants, 'input');
});

test('LFs count as pending replies', () => {
  const session = new ByteSession(newText());
  session.receive(Buffer.from('\n'.repeat(3 * MAX_PENDING_REPLIES + 1)));
  assert.is(session.undecoded.bytes, 2 * MAX_PENDING_REPLIES + 1);
  assert.is(drain(session), '\n'.repeat(3 * MAX_PENDING_REPLIES + 1));
});

test('the end of the stream closes after the last reply, also of held letters', () => {
  const session = new ByteSession(newText());
  session.receive(Buffer.from('x'.repeat(MAX_PENDING_REPLIES + 1)));
  session.end();
  assert.is(session.closing, undefined);
  drain(session);
  assert.is(session.closing, 'ended');
  assert.is(session.letters, MAX_PENDING_REPLIES + 1);
});

test('the end of the stream drops an incomplete letter', () => {
  const text = newText();
  const session = new ByteSession(text);
  session.receive(Buffer.from('a😀').subarray(0, 3));
  session.end();
  assert.is(drain(session), 'a');
  assert.is(text.length, 1);
  assert.is(session.closing, 'ended');
});

test('a full text closes after the pending replies, and later input is discarded', () => {
  const text = newText(2);
  const session = new ByteSession(text);
  session.receive(Buffer.from('abcd\n'));
  assert.is(session.closing, undefined);
  assert.is(drain(session), 'aab');
  assert.is(session.closing, 'full');
  session.receive(Buffer.from('e'));
  session.end();
  assert.is(drain(session), '');
  assert.is(session.closing, 'full');
  assert.is(Buffer.from(text.view(0, text.length)).toString(), 'ab');
});

test('a letter for which the disk of the journal has no room closes as a full text does', () => {
  const text = newText();
  const durability: { durableLength: number; rejection: Durability['rejection'] } = {
    durableLength: 100,
    rejection: undefined,
  };
  const session = new ByteSession(text, durability);
  session.receive(Buffer.from('a'));
  durability.rejection = 'diskFull';
  assert.is(drain(session), 'a');
  session.receive(Buffer.from('\nb\n'));
  assert.is(drain(session), '\n');
  assert.is(session.closing, 'diskFull');
  assert.is(text.length, 1);
});

test('a letter that exceeds the remaining space counts as full, although a shorter one would fit', () => {
  const session = new ByteSession(newText(2));
  session.receive(Buffer.from('a€b'));
  assert.is(drain(session), 'a');
  assert.is(session.closing, 'full');
});

test('a stop answers the letters of the text and drops the held ones', () => {
  const text = newText();
  const session = new ByteSession(text);
  session.receive(Buffer.from('x'.repeat(MAX_PENDING_REPLIES + 5)));
  session.stop();
  session.receive(Buffer.from('y'));
  assert.is(session.closing, undefined);
  drain(session);
  assert.is(text.length, MAX_PENDING_REPLIES);
  assert.is(session.closing, 'stopped');
});

test('a stop after the end changes nothing', () => {
  const session = new ByteSession(newText());
  session.end();
  session.stop();
  assert.is(session.closing, 'ended');
});

test('a reply waits until its letter is durable, and an LF waits behind it', () => {
  const durability = { durableLength: 0, rejection: undefined };
  const session = new ByteSession(newText(), durability);
  session.receive(Buffer.from('ab\n'));
  assert.is(drain(session), '');
  assert.is(session.wants, 'durability');
  durability.durableLength = 1;
  assert.is(session.wants, 'output');
  assert.is(drain(session), 'a');
  assert.is(session.wants, 'durability');
  durability.durableLength = 2;
  assert.is(drain(session), 'ab\n');
  assert.is(session.wants, 'input');
});

test('undecoded letters are output too: the next call decodes them', () => {
  const text = newText();
  const session = new ByteSession(text);
  session.receive(Buffer.from('x'.repeat(MAX_PENDING_REPLIES + 1)));
  for (let i = 0; i < MAX_PENDING_REPLIES; i += 1) session.nextOutput(10_000);
  assert.is(session.wants, 'output');
  assert.is(text.length, MAX_PENDING_REPLIES);
  assert.is(session.nextOutput(10_000)?.length, MAX_PENDING_REPLIES + 1);
  assert.is(session.wants, 'input');
});

test('it wants to be closed once all output is handed out, however it ends', () => {
  for (const end of ['end', 'stop'] as const) {
    const session = new ByteSession(newText());
    session.receive(Buffer.from('a'));
    session[end]();
    assert.is(session.wants, 'output');
    drain(session);
    assert.is(session.wants, 'close');
  }
});

test('pending letters can be counted', () => {
  const session = new ByteSession(newText());
  session.receive(Buffer.from('a€\n'));
  assert.equal(session.pendingLetters, ['a', '€', '\n']);
  session.nextOutput(10);
  assert.equal(session.pendingLetters, ['€', '\n']);
});

test('many sessions over one text match the simplest model, for any input in any chunks', () => {
  const letter = fc.oneof(
    fc.array(anyLetter, { minLength: 1, maxLength: 3 }).map((letters) => letters.join('')),
    fc.constantFrom('\n', '\r', 'a', 'é', '€', '😀'),
  );
  const step = fc.record({
    client: fc.nat(2),
    sent: letter,
    cut: fc.nat(3),
    max: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 60 }), (steps, maxLength) => {
      const text = newText(maxLength);
      const sessions = [new ByteSession(text), new ByteSession(text), new ByteSession(text)];
      const model = new Model(maxLength);
      for (const { client, sent, cut, max } of steps) {
        const session = sessions[client] as ByteSession;
        const bytes = Buffer.from(sent);
        session.receive(bytes.subarray(0, cut));
        let got = drain(session, max);
        session.receive(bytes.subarray(cut));
        got += drain(session, max);
        assert.is(got, model.receive(client, sent));
        assert.is(Buffer.from(text.view(0, text.length)).toString(), model.text);
      }
    }),
    { numRuns: 1_000 },
  );
});

/** The wire table with strings and copies. */
class Model {
  text = '';
  readonly #full = new Set<number>();
  readonly #maxLength: number;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  receive(client: number, sent: string): string {
    let reply = '';
    for (const letter of sent) {
      if (this.#full.has(client)) break;
      if (letter === '\n') reply += letter;
      else if (!/\p{Cc}/u.test(letter)) reply += this.#append(client, letter);
    }
    return reply;
  }

  #append(client: number, letter: string): string {
    if (Buffer.byteLength(this.text + letter) > this.#maxLength) {
      this.#full.add(client);
      return '';
    }
    this.text += letter;
    return this.text;
  }
}

test.run();
