// Certificates for tests of TLS, made by openssl in a folder that goes when the process ends.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingProgram } from './skipping.js';

export const NO_OPENSSL = missingProgram('openssl');

/** Paths of PEM files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'strsvr-tls-'));

  constructor() {
    process.on('exit', () => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** One that signs itself, and may sign others. */
  authority(name: string): KeyPair {
    const { cert, key } = this.#paths(name);
    this.#openssl('req', '-x509', ...this.#newKey(key), '-out', cert, '-days', '2', '-subj', `/CN=${name}`);
    return { cert, key };
  }

  /**
   * One that an authority has signed.
   * @param days until it expires; below 0: since then
   */
  signed(name: string, by: KeyPair, hosts = 'IP:127.0.0.1,DNS:localhost', days = 2): KeyPair {
    const { cert, key, request, extensions } = this.#paths(name);
    this.#openssl('req', ...this.#newKey(key), '-out', request, '-subj', `/CN=${name}`);
    writeFileSync(extensions, `subjectAltName=${hosts}\n`);
    const signer = ['-CA', by.cert, '-CAkey', by.key, '-CAcreateserial'];
    this.#openssl(
      'x509',
      '-req',
      '-in',
      request,
      ...signer,
      '-out',
      cert,
      '-days',
      String(days),
      '-extfile',
      extensions,
    );
    return { cert, key };
  }

  /** A file with this content. */
  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  #newKey(path: string): string[] {
    return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
  }

  #paths(name: string) {
    const path = (end: string) => join(this.folder, `${name}.${end}`);
    return { cert: path('crt'), key: path('key'), request: path('csr'), extensions: path('ext') };
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}
