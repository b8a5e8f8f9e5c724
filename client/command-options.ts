// The options of strclnt: how they are named, described and checked.

import { readFileSync } from 'node:fs';
import { type Address, formatAddress } from '../shared/address.js';
import { readCommandLine } from '../shared/command-line.js';
import { describe, OperationalError, UsageError } from '../shared/errors.js';
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  LENGTH_LIMIT,
  MAX_PORT,
  nonEmpty,
  replyLimit,
  wholeNumber,
} from '../shared/options.js';
import type { TlsOptions } from './secure-socket.js';

export interface FollowCommand {
  readonly url: URL;
  readonly from: string;
}

export type ClientCommand =
  | {
      readonly follow: undefined;
      /** At least one; several share a text. */
      readonly servers: readonly Address[];
      readonly raw: boolean;
      readonly maxReply: number;
      readonly tls: TlsOptions | undefined;
    }
  | { readonly follow: FollowCommand };

/** @throws UsageError */
export function readClientOptions(): ClientCommand {
  const parsed = readCommandLine({
    name: 'strclnt',
    usage: '[host] [port]',
    summary: 'Send letters to a strsvr server and print each reply',
    positionals: {
      host: {
        describe: `Host of the server (${DEFAULT_HOST}); a single number is the port; or HOST:PORT,HOST:PORT of servers that share a text`,
        coerce: nonEmpty('host'),
      },
      port: {
        describe: `TCP port of the server (${DEFAULT_PORT})`,
        coerce: wholeNumber('port', 1, MAX_PORT),
      },
    },
    options: {
      raw: {
        describe: "Send letters without line feeds, for servers that store them, such as the tutorial's",
        boolean: true,
        default: false,
      },
      'max-reply': replyLimit('Maximum length of a reply, in bytes'),
      tls: {
        describe: 'Encrypt the connection, for a server with --tls-cert',
        boolean: true,
        default: false,
      },
      ca: pemFile(
        '--ca',
        "the authority that has signed the server's certificate, if the system does not know it",
      ),
      cert: pemFile('--cert', 'our certificate, for a server with --tls-client-ca'),
      key: pemFile('--key', 'the key of our certificate'),
      follow: {
        describe: 'Print what is added to the text, over the HTTP port of the server; send nothing',
        boolean: true,
        default: false,
      },
      'http-port': {
        requiresArg: true,
        describe: 'With --follow: the port that the server has been given with --http',
        coerce: wholeNumber('--http-port', 1, MAX_PORT),
      },
      from: {
        requiresArg: true,
        describe: 'With --follow: begin at this offset in bytes; 0 prints the whole text first',
        defaultDescription: 'the end',
        coerce: wholeNumber('--from', 0, LENGTH_LIMIT),
      },
    },
    examples: [
      ['strclnt', 'prompt for letters; Enter alone exits'],
      ['strclnt 192.168.1.17 2000', 'a server on another machine'],
      ['strclnt a:2000,b:2000', 'two servers of one text: when one goes away, go on at the other'],
      ['printf abc | strclnt', 'send three letters and print three replies'],
      ['strclnt --follow --http-port 2001', 'print what others add, of strsvr --http 2001'],
      [
        'strclnt --follow http://192.168.1.17:2001 --from 0',
        'the same of another machine, from the beginning',
      ],
    ],
  });
  const { host, port, raw, maxReply } = parsed;
  if (parsed.follow) return { follow: followOptions(parsed) };
  if (parsed.httpPort !== undefined) throw new UsageError('--http-port wants --follow');
  if (parsed.from !== undefined) throw new UsageError('--from wants --follow');
  return { follow: undefined, servers: serversOf(host, port), raw, maxReply, tls: tlsOptions(parsed) };
}

function serversOf(host = DEFAULT_HOST, port: number | undefined): readonly Address[] {
  const readPort = wholeNumber('port', 1, MAX_PORT);
  if (port === undefined && /^\d+$/.test(host)) return [{ host: DEFAULT_HOST, port: readPort(host) }];
  return host.split(',').map((text) => {
    const [, address6, name = '', ownPort] = /^(?:\[(.+)\]|([^:]+)):(.*)$/.exec(text) ?? [];
    if (ownPort === undefined) return { host: nonEmpty('host')(text), port: port ?? DEFAULT_PORT };
    if (port !== undefined) throw new UsageError(`port: expected once, got ${ownPort} and ${port}`);
    return { host: address6 ?? name, port: readPort(ownPort) };
  });
}

/** The server to follow is a URL, or a host with --http-port. */
function followOptions(parsed: {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly httpPort: number | undefined;
  readonly from: number | undefined;
}): FollowCommand {
  const { host = DEFAULT_HOST, port, httpPort, from = 'end' } = parsed;
  const isUrl = /^https?:/.test(host);
  if (port !== undefined || (isUrl && httpPort !== undefined) || (!isUrl && httpPort === undefined)) {
    throw new UsageError('--follow wants a URL such as http://127.0.0.1:2001, or a host and --http-port');
  }
  const text = isUrl ? host : `http://${formatAddress({ host, port: httpPort ?? 0 })}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:')
    throw new UsageError(`host: expected a URL that begins with http://, got ${host}`);
  return { url, from: String(from) };
}

function pemFile(name: string, what: string) {
  return {
    requiresArg: true,
    describe: `With --tls: PEM file with ${what}`,
    coerce: nonEmpty(name),
  } as const;
}

/** @throws UsageError; OperationalError if a file cannot be read */
function tlsOptions({
  tls,
  ...files
}: {
  readonly tls: boolean;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}): TlsOptions | undefined {
  const { ca, cert, key } = files;
  const given = Object.entries({ ca, cert, key }).find(([, file]) => file !== undefined);
  if (!tls && given !== undefined) throw new UsageError(`--${given[0]} wants --tls`);
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('--cert and --key: expected both or none');
  if (!tls) return undefined;
  return { ca: read(ca), cert: read(cert), key: read(key) };
}

function read(file: string | undefined): Buffer | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file);
  } catch (error) {
    throw new OperationalError('UNREADABLE', `cannot read ${file}: ${describe(error)}`, error);
  }
}
