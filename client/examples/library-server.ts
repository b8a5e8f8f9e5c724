// The server as a library, for one client: node dist/client/examples/library-server.js [port]

import { startStringServer } from 'strsvr';

const server = await startStringServer({
  port: Number(process.argv[2] ?? 2000),
  clients: 1,
  onEvent: ({ event }) => process.stdout.write(`${event.type}\n`),
});
process.stdout.write(`listening on ${server.address.host}:${server.address.port}\n`);
const { text } = await server.closed;
process.stdout.write(`the final text is ${text}\n`);
