import type { Check } from '../check.js';
import type { CheckContext } from '../check-context.js';

export const check: Check = {
  id: 'utf8',
  level: 'full',
  points: 3,
  title: 'a letter of two bytes that arrives in two pieces',
  needs: ['shared', 'whole'],
  clients: 2,
  hint: 'A receive may end within a letter: decode incrementally, with a decoder for each client (4.1.4)',
  async run(context) {
    const [first = '', second = ''] = twoLetters(context);
    const [one, other] = await context.connectAll(2);
    if (one === undefined || other === undefined) return;
    const bytes = [Buffer.from(first), Buffer.from(second)] as const;
    // Both clients are in the middle of a letter at the same time.
    one.send(bytes[0].subarray(0, 1));
    other.send(bytes[1].subarray(0, 1));
    await Promise.all([one.untilRead(), other.untilRead()]);
    one.send(bytes[0].subarray(1));
    await one.receive(Buffer.concat([context.text, bytes[0]]));
    one.end(); // a server whose receives block would wait for it
    other.send(bytes[1].subarray(1));
    await other.receive(Buffer.concat([context.text, ...bytes]));
  },
};

/** Two letters of Latin-1 that differ in their second byte. */
function twoLetters({ random }: CheckContext): string[] {
  const first = random.below(60);
  const second = (first + 1 + random.below(59)) % 60;
  return [first, second].map((n) => String.fromCodePoint(0xc0 + n));
}
