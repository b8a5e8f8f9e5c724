// The least that a server can do with a letter, as a baseline for the journal: it sends back what it reads, and with a
// file only after that is on disk. The synchronous calls block the event loop, so it is no server for two clients.
//
//   node dist/client/lab/echo.js [file]

import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';

const [file] = process.argv.slice(2);
const fd = file === undefined ? undefined : openSync(file, 'a');

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {}); // a client that disconnects is no failure
  socket.on('data', (chunk) => {
    if (fd !== undefined) {
      writeSync(fd, chunk);
      fdatasyncSync(fd);
    }
    socket.write(chunk);
  });
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening on 127.0.0.1:${port}\n`);
});
