// The client as a library: node dist/client/examples/library-client.js [port]

import { connect } from 'strsvr/client';

const connection = await connect({ port: Number(process.argv[2] ?? 2000) });
for (const letter of 'abc') {
  const text = await connection.send(letter);
  process.stdout.write(`${text}\n`);
}
connection.close();
