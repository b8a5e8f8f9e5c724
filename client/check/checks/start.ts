import type { Check } from '../check.js';

export const check: Check = {
  id: 'start',
  level: 'tutorial',
  points: 4,
  title: 'it listens on the port',
  needs: [],
  clients: 0,
  hint: 'bind() to the port of the command line, then listen() (4.2.1); or did the program exit?',
  async run(context) {
    // strcheck has started the server, and read from the kernel that it listens.
    context.server.touch();
  },
};
