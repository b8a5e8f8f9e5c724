// Loaded before strsvr: of the messages that a watch of etcd brings, one of DROP_ONE_OF is dropped, at random.

import { Client, type ClientDuplexStream } from '@grpc/grpc-js';

const oneOf = Number(process.env['DROP_ONE_OF'] ?? 100);
type Open = (
  ...args: readonly unknown[]
) => ClientDuplexStream<object, { readonly events: readonly unknown[] }>;

const open = Client.prototype.makeBidiStreamRequest as unknown as Open;
const opening: Open = function (this: Client, ...args: unknown[]) {
  const stream = open.apply(this, args);
  const emit = stream.emit.bind(stream);
  stream.emit = (event: string | symbol, ...values: unknown[]) => {
    const [message] = values;
    const dropped = event === 'data' && hasChanges(message) && Math.random() * oneOf < 1;
    return dropped || emit(event, ...values);
  };
  return stream;
};
Object.assign(Client.prototype, { makeBidiStreamRequest: opening });

function hasChanges(message: unknown): boolean {
  return (
    message instanceof Object &&
    'events' in message &&
    Array.isArray(message.events) &&
    message.events.length > 0
  );
}
