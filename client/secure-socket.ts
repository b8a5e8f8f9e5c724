// Connects with TLS. What OpenSSL says is put into words for a person.

import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type Address, formatAddress } from '../shared/address.js';
import { describe, errorCode, OperationalError } from '../shared/errors.js';

/** In PEM: the authority that has signed the server's certificate, if the system does not know it; our own certificate. */
export interface TlsOptions {
  readonly ca?: Buffer | string | undefined;
  readonly cert?: Buffer | string | undefined;
  readonly key?: Buffer | string | undefined;
}

/** @throws OperationalError if our own certificate, its key or the authority is wrong */
export function createSecureConnection(
  where: Address & { readonly noDelay: boolean },
  { ca, cert, key }: TlsOptions,
): TLSSocket {
  try {
    return connect({
      ...where,
      ...(isIP(where.host) === 0 && { servername: where.host }), // a name only (RFC 6066, section 3)
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  } catch (error) {
    const message = `the certificate, its key or the authority cannot be used: ${describe(error)}`;
    throw new OperationalError('TLS', message, error);
  }
}

/** Why a handshake failed, in one line; undefined if it is another error. */
export function tlsError(cause: unknown, server: Address): OperationalError | undefined {
  const where = formatAddress(server);
  const code = errorCode(cause) ?? '';
  const untrusted = `the certificate of ${where} is signed by no known authority; give its certificate with --ca`;
  const known: Record<string, string> = {
    DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
    SELF_SIGNED_CERT_IN_CHAIN: untrusted,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
    CERT_SIGNATURE_FAILURE: untrusted,
    CERT_HAS_EXPIRED: `the certificate of ${where} has expired`,
    CERT_NOT_YET_VALID: `the certificate of ${where} is not valid yet`,
    ERR_TLS_CERT_ALTNAME_INVALID: `the certificate of ${where} is for another host than ${server.host}`,
    ERR_SSL_WRONG_VERSION_NUMBER: `${where} does not speak TLS; leave out --tls`,
  };
  const message = known[code];
  return message === undefined ? undefined : new OperationalError(code, message, cause);
}
