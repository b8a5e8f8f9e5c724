// TLS between accepting a connection and serving it: the handshake, within 10 s, and the client's certificate if one is
// wanted. Handshakes count as connections. What comes out is a socket for the I/O model, as if there were no TLS.

import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { formatAddress, socketAddress } from '../../shared/address.js';
import type { Log } from '../log/log.js';
import { readCredentials, type TlsFiles, tlsReason, watchCredentials } from './tls-credentials.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;

export class TlsGate {
  readonly #log: Log;
  readonly #server: Server;
  readonly #wantsCertificate: boolean;
  readonly #stopWatching: () => void;
  /** Connections during their handshakes, by the client's address. */
  readonly #pending = new Map<string, Pending>();

  /** @throws OperationalError if a file is missing or wrong */
  constructor(files: TlsFiles, log: Log) {
    this.#log = log;
    this.#wantsCertificate = files.tlsClientCa !== undefined;
    this.#server = createServer({
      ...readCredentials(files, log),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert: this.#wantsCertificate,
      rejectUnauthorized: false, // it is rejected here, with a reason
    });
    this.#server.on('secureConnection', (socket) => this.#onSecure(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#reject(socket, whyNoHandshake(error)));
    this.#stopWatching = watchCredentials(files, log, (options) => this.#server.setSecureContext(options));
  }

  /** Makes a connection secure. @param accept called with what takes its place; not called if the handshake fails */
  handshake(raw: Socket, accept: (socket: Socket) => void): void {
    const key = addressOf(raw);
    this.#pending.set(key, { raw, accept });
    raw.on('error', () => {}); // the secure socket reports it
    raw.on('close', () => this.#pending.delete(key));
    this.#server.emit('connection', raw);
  }

  /** Ends all handshakes. */
  close(): void {
    this.#stopWatching();
    for (const { raw } of this.#pending.values()) raw.destroy();
  }

  #onSecure(socket: TLSSocket): void {
    const pending = this.#pending.get(addressOf(socket));
    if (pending === undefined) {
      socket.destroy();
      return;
    }
    this.#pending.delete(addressOf(socket));
    if (this.#wantsCertificate && !socket.authorized) {
      this.#reject(socket, whyNotAuthorized(socket));
      return;
    }
    pending.accept(likePlain(socket, pending.raw));
  }

  #reject(socket: TLSSocket, reason: string): void {
    const remote = socketAddress(socket.remoteAddress, socket.remotePort);
    this.#log.record({ type: 'rejected', remote, cause: 'tls', reason });
    socket.destroy();
  }
}

interface Pending {
  readonly raw: Socket;
  readonly accept: (socket: Socket) => void;
}

/** Of the client: two connections at a time never have the same. */
function addressOf({ remoteAddress, remotePort }: Socket): string {
  return formatAddress(socketAddress(remoteAddress, remotePort));
}

/** The differences of a secure socket that an I/O model would notice. */
function likePlain(socket: TLSSocket, raw: Socket): TLSSocket {
  socket.on('error', (error) => {
    error.message = tlsReason(error); // one line
  });
  const write = socket.write.bind(socket);
  const drained = () => {
    if (socket.writableLength === 0) socket.emit('drain');
  };
  return Object.assign(socket, {
    /** 'drain' follows every write, which a secure socket never finishes at once. */
    write(data: Uint8Array): boolean {
      return write(data, drained);
    },
    resetAndDestroy(): TLSSocket {
      raw.resetAndDestroy(); // TLSSocket throws
      return socket.destroy();
    },
  });
}

function whyNoHandshake(error: Error & { readonly code?: string }): string {
  if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    return `no TLS handshake within ${HANDSHAKE_TIMEOUT_MS / 1000} s`;
  }
  return `no TLS handshake: ${tlsReason(error)}`;
}

function whyNotAuthorized(socket: TLSSocket): string {
  if (Object.keys(socket.getPeerCertificate()).length === 0) return 'it has no certificate';
  return `its certificate is not accepted: ${socket.authorizationError}`;
}
