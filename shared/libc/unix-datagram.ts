// Datagrams to a socket of the system (unix(7)), for which Node.js has no API.

import { bindings } from './bindings.js';
import { MACOS } from './structs.js';
import { attempt } from './system-call.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = MACOS ? 0 : 0o2000000;
const MSG_NOSIGNAL = MACOS ? 0 : 0x4000;

/**
 * Sends one datagram.
 * @param path of the socket; one that begins with @ is in the abstract name space of Linux
 * @throws SystemError
 */
export function sendDatagram(path: string, text: string): void {
  const { socket, connect, send, close } = bindings();
  const fd = attempt('socket', () => socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    const address = sockaddrUn(path);
    attempt('connect', () => connect(fd, address, address.length));
    const bytes = Buffer.from(text);
    attempt('send', () => send(fd, bytes, bytes.length, MSG_NOSIGNAL));
  } finally {
    close(fd);
  }
}

/** A struct sockaddr_un: the family, and the path as long as it is. */
function sockaddrUn(path: string): Buffer {
  const family = Buffer.alloc(2);
  if (MACOS) family.writeUInt8(AF_UNIX, 1);
  else family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, Buffer.from(path.replace(/^@/, '\0'))]);
}
