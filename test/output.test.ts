// What is still to be sent, as the models that call send(2) keep it, whatever a send takes.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Output } from '../server/io/output.js';
import { textMemory } from '../server/memory.js';
import { Session } from '../server/session.js';
import { Text } from '../server/text.js';

for (const most of [1, 2, 3, 100]) {
  test(`what a send left over comes first the next time, with at most ${most} bytes a send`, () => {
    const session = new Session(new Text(textMemory(100)));
    const output = new Output(session);
    session.receive(Buffer.from('ab\ncde'));
    let sent = '';
    for (let { bytes } = output; bytes !== undefined; { bytes } = output) {
      assert.is(output.more, bytes.at(-1) !== 0x65); // e comes once, at the very end
      const taken = Math.min(most, bytes.length);
      sent += Buffer.from(bytes.subarray(0, taken));
      output.taken(taken);
    }
    assert.is(sent, 'aab\nabcabcdabcde');
    assert.not(output.waiting);
  });
}

test.run();
