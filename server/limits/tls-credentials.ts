// The server's certificate, its key, and the authority of client certificates, from files; read again when they change.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { describe, errorCode, OperationalError } from '../../shared/errors.js';
import type { Log } from '../log/log.js';

/** Files are checked at this interval: a watch of the folder would miss the target of a symbolic link. */
const CHECK_INTERVAL_MS = 1_000;

export interface TlsFiles {
  readonly tlsCert: string;
  readonly tlsKey: string;
  /** undefined: clients need no certificate. */
  readonly tlsClientCa: string | undefined;
}

/** Reads and checks the files. @throws OperationalError that names the file and what is wrong with it */
export function readCredentials(files: TlsFiles, log: Log): SecureContextOptions {
  const cert = read('certificate', files.tlsCert);
  const key = read('key', files.tlsKey);
  const certificate = parse('certificate', files.tlsCert, () => new X509Certificate(cert));
  const privateKey: KeyObject = parse('private key', files.tlsKey, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    const message = `the key ${files.tlsKey} does not belong to the certificate ${files.tlsCert}`;
    throw new OperationalError('TLS', message);
  }
  const ca = files.tlsClientCa === undefined ? undefined : read('certificate', files.tlsClientCa);
  if (ca !== undefined) parse('certificate', files.tlsClientCa, () => new X509Certificate(ca));
  const options = { cert, key, ...(ca !== undefined && { ca }) };
  parse('certificate', files.tlsCert, () => createSecureContext(options)); // a key that is too weak, for example
  const { validTo } = certificate;
  log.record({ type: 'certificate', file: files.tlsCert, subject: subjectOf(certificate), validTo });
  if (Date.parse(validTo) < performance.timeOrigin + performance.now()) {
    log.record({ type: 'warning', message: `the certificate ${files.tlsCert} has expired on ${validTo}` });
  }
  return options;
}

/**
 * Reads the files again whenever one of them changes. If they are wrong then, which they are while only one of two is
 * replaced, it warns and keeps what it has.
 * @param use called with what was read
 * @returns stops it
 */
export function watchCredentials(
  files: TlsFiles,
  log: Log,
  use: (credentials: SecureContextOptions) => void,
): () => void {
  const paths = [
    files.tlsCert,
    files.tlsKey,
    ...(files.tlsClientCa === undefined ? [] : [files.tlsClientCa]),
  ];
  const readAgain = () => {
    try {
      use(readCredentials(files, log));
    } catch (error) {
      const message = `the certificates stay as they were: ${describe(error)}`;
      log.record({ type: 'warning', message });
    }
  };
  for (const path of paths) watchFile(path, { interval: CHECK_INTERVAL_MS, persistent: false }, readAgain);
  return () => {
    for (const path of paths) unwatchFile(path, readAgain);
  };
}

function read(what: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new OperationalError(
      errorCode(error) ?? 'UNKNOWN',
      `cannot read the ${what} ${file}: ${describe(error)}`,
      error,
    );
  }
}

function parse<Result>(what: string, file: string | undefined, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw new OperationalError('TLS', `${file} is no ${what} in PEM: ${tlsReason(error)}`, error);
  }
}

function subjectOf({ subject }: X509Certificate): string {
  return subject?.replaceAll('\n', ', ') ?? '';
}

/** What OpenSSL says, without its codes and line numbers. */
export function tlsReason(error: unknown): string {
  const reason: unknown = error instanceof Error ? Reflect.get(error, 'reason') : undefined;
  return typeof reason === 'string' ? reason : describe(error).replace(/\s*\n.*/s, '');
}
