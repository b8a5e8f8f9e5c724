// The tutorial's idea with nothing around it: a set of connected sockets, one shared string, one thread. The thread
// never waits for one client: the event loop calls back for the socket that has data, and that client gets the whole
// string. test/wire/plain.test.ts shows what this page gets wrong, one test each. The rest of server/ gets it right.
//
//   node dist/server/plain.js [port]

import { type AddressInfo, createServer, type Socket } from 'node:net';

const connected = new Set<Socket>();
let v = '';

const server = createServer({ noDelay: true }, (socket) => {
  connected.add(socket);

  socket.on('data', (data) => {
    for (const letter of data.toString()) {
      if (letter === '\n') {
        socket.write('\n');
      } else {
        v += letter;
        socket.write(v);
      }
    }
  });

  // Nothing more to read: this client has left.
  socket.on('end', () => {
    connected.delete(socket);
    socket.destroy();
    if (connected.size === 0) process.stdout.write(`no client is left, and v is ${v}\n`);
  });
});

server.listen(Number(process.argv[2] ?? 2000), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening on 127.0.0.1:${port}\n`);
});
