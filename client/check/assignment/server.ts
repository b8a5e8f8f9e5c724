// A string server: the README beside this file says what it must do.
//
//   node server.ts 2000      Node.js 22.18 or newer; or tsc server.ts && node server.js 2000

function serve(port: number): number {
  // 1. createServer() of node:net, and listen() on 127.0.0.1 and this port
  // 2. For each client: on 'data', a chunk may have several letters, or half of one.
  // 3. Append each letter to the string, and write() the string.
  // 4. write() returns false: pause() reading from this client until 'drain'.
  // 5. On 'end', answer what is pending, and end(); on 'error', forget the client.
  process.stderr.write(`server.ts is not written yet: it should listen on port ${port}\n`);
  return 1;
}

const [word = '', ...rest] = process.argv.slice(2);
if (rest.length > 0 || !/^\d+$/.test(word)) {
  process.stderr.write('usage: node server.ts PORT\n');
  process.exitCode = 2;
} else {
  process.exitCode = serve(Number(word));
}
