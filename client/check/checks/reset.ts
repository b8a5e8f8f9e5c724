import type { Check } from '../check.js';
import { manyLetters } from '../many-letters.js';

const QUIET_MS = 50;

export const check: Check = {
  id: 'reset',
  level: 'tutorial',
  points: 3,
  title: 'a client is reset in the middle of a reply, the others stay',
  needs: ['leave', 'long'],
  clients: 2,
  hint: "A receive or send that fails with ECONNRESET or EPIPE is that client's end alone: handle errors for each client, and ignore SIGPIPE (4.1.4)",
  async run(context) {
    const [leaving, staying] = context.speakers(await context.connectAll(2));
    if (leaving === undefined || staying === undefined) return;
    leaving.client.send(leaving.letters(500));
    const reset = leaving.client.answered().then(() => leaving.client.reset());
    await Promise.all([reset, staying.say()]); // a server whose receives block may wait for client 1 until the reset
    await staying.say();
    if (context.pair) return;
    staying.client.close(); // a server whose receives block would wait for it
    // A reset after the end of its stream: the server's next write raises SIGPIPE.
    const another = await context.connect();
    another.pause();
    another.send(manyLetters(context));
    another.end();
    await another.untilBlocked();
    another.reset();
    const last = await context.connect();
    for (const letter of context.letters(2)) {
      last.send(letter);
      if (!(await last.answered())) throw await last.noReply('a reply after client 3 was reset');
      await last.receiveUntilQuiet(QUIET_MS);
    }
  },
};
