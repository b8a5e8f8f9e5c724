// The options of `--cluster`: names, defaults, checks, and the files that they name.

import { readFileSync } from 'node:fs';
import { describe, OperationalError, UsageError } from '../../shared/errors.js';
import { nonEmpty, optionalNumber, wholeNumber } from '../../shared/options.js';

export interface ClusterSettings {
  /** events: the members of an etcd that orders and keeps the text for several servers, as URLs; undefined: none. */
  readonly cluster: readonly string[] | undefined;
  /** Which of the texts in that etcd: 1 to 40 of a-z, 0-9 and -. */
  readonly name: string;
  /** After this time without an answer of etcd, clients are disconnected and letters are rejected. */
  readonly clusterTimeoutMs: number;
  /** PEM files, for https: the authority that signed the members' certificates; a certificate of our own, and its key. */
  readonly clusterCa: string | undefined;
  readonly clusterCert: string | undefined;
  readonly clusterKey: string | undefined;
  /** A user of etcd, and the file that holds its password. */
  readonly clusterUser: string | undefined;
  readonly clusterPasswordFile: string | undefined;
}

/** Seconds. */
const DEFAULT_TIMEOUT = 30;
const TIMEOUT_LIMIT = 86_400;
const DEFAULT_ETCD_PORT = 2379;

export const CLUSTER_DEFAULTS: ClusterSettings = {
  cluster: undefined,
  name: 'main',
  clusterTimeoutMs: 1000 * DEFAULT_TIMEOUT,
  clusterCa: undefined,
  clusterCert: undefined,
  clusterKey: undefined,
  clusterUser: undefined,
  clusterPasswordFile: undefined,
};

export const CLUSTER_CHECKS = {
  cluster: endpoints('cluster'),
  name: textName('name'),
  clusterTimeoutMs: wholeNumber('clusterTimeoutMs', 1000, 1000 * TIMEOUT_LIMIT),
  clusterCa: nonEmpty('clusterCa'),
  clusterCert: nonEmpty('clusterCert'),
  clusterKey: nonEmpty('clusterKey'),
  clusterUser: nonEmpty('clusterUser'),
  clusterPasswordFile: nonEmpty('clusterPasswordFile'),
};

/** On the command line. */
export const CLUSTER_OPTION_NAMES = {
  cluster: '--cluster',
  name: '--name',
  clusterTimeoutMs: '--cluster-timeout',
  clusterCa: '--cluster-ca',
  clusterCert: '--cluster-cert',
  clusterKey: '--cluster-key',
  clusterUser: '--cluster-user',
  clusterPasswordFile: '--cluster-password-file',
} as const satisfies Record<keyof ClusterSettings, string>;

/** For yargs. */
export const CLUSTER_OPTIONS = {
  cluster: {
    requiresArg: true,
    describe: 'events only: share the text with all servers on this etcd; URLs of its members, with commas',
    coerce: endpoints('--cluster'),
  },
  name: {
    requiresArg: true,
    describe: 'With --cluster: which text (1 to 40 of a-z, 0-9 and -)',
    defaultDescription: `"${CLUSTER_DEFAULTS.name}"`,
    coerce: textName('--name'),
  },
  'cluster-timeout': optionalNumber(
    '--cluster-timeout',
    1,
    TIMEOUT_LIMIT,
    'With --cluster: disconnect clients when etcd has not answered for this many seconds',
    String(DEFAULT_TIMEOUT),
  ),
  'cluster-ca': file('--cluster-ca', 'the authority that signed the certificates of etcd'),
  'cluster-cert': file('--cluster-cert', 'the certificate of this server'),
  'cluster-key': file('--cluster-key', 'the key of that certificate'),
  'cluster-user': {
    requiresArg: true,
    describe: 'With --cluster: a user of etcd',
    coerce: nonEmpty('--cluster-user'),
  },
  'cluster-password-file': {
    requiresArg: true,
    describe: "With --cluster-user: a file with that user's password",
    coerce: nonEmpty('--cluster-password-file'),
  },
} as const;

type Given = { readonly [Name in keyof ClusterSettings]?: ClusterSettings[Name] | undefined };

/** From what yargs has read. */
export function clusterOptionsOf(parsed: Given & { readonly clusterTimeout: number | undefined }): Given {
  const { cluster, name, clusterCa, clusterCert, clusterKey, clusterUser, clusterPasswordFile } = parsed;
  const clusterTimeoutMs = parsed.clusterTimeout && 1000 * parsed.clusterTimeout;
  return {
    cluster,
    name,
    clusterTimeoutMs,
    clusterCa,
    clusterCert,
    clusterKey,
    clusterUser,
    clusterPasswordFile,
  };
}

function file(name: string, what: string) {
  return {
    requiresArg: true,
    describe: `With --cluster, for https: PEM file with ${what}`,
    coerce: nonEmpty(name),
  } as const;
}

/**
 * Checks what depends on more than one option.
 * @param given the options that were given, by the names of the library
 * @throws UsageError
 */
export function checkCluster(given: Readonly<Record<string, unknown>>, { cluster }: ClusterSettings): void {
  if (cluster === undefined) {
    const alone = Object.keys(CLUSTER_DEFAULTS).find((name) => name in given);
    if (alone !== undefined) throw new UsageError(`${alone}: expected with cluster alone`);
    return;
  }
  if ('journal' in given)
    throw new UsageError('cluster: expected without journal, because etcd keeps the text');
  const tls = ['clusterCa', 'clusterCert', 'clusterKey'].find((name) => name in given);
  if (tls !== undefined && cluster.some((endpoint) => !endpoint.startsWith('https:')))
    throw new UsageError(`${tls}: expected with https endpoints alone`);
  for (const [one, other] of [
    ['clusterCert', 'clusterKey'],
    ['clusterUser', 'clusterPasswordFile'],
  ] as const) {
    if (one in given !== other in given) throw new UsageError(`${one}, ${other}: expected both or none`);
  }
}

/** Reads a file that an option names. @throws OperationalError */
export function readNamed(path: string | undefined): Buffer | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path);
  } catch (error) {
    throw new OperationalError('UNREADABLE', `cannot read ${path}: ${describe(error)}`, error);
  }
}

/** Reads URLs, as a list or with commas between them. Throws UsageError. */
function endpoints(name: string): (value: unknown) => readonly string[] {
  return (value) => {
    const list = Array.isArray(value) ? value.map(String) : String(value).split(',');
    return list.map((text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
        throw new UsageError(
          `${name}: expected URLs such as http://127.0.0.1:2379, got ${JSON.stringify(text)}`,
        );
      return `${url.protocol}//${url.hostname}:${url.port || DEFAULT_ETCD_PORT}`;
    });
  };
}

function textName(name: string): (value: unknown) => string {
  return (value) => {
    if (typeof value === 'string' && /^[a-z0-9-]{1,40}$/.test(value)) return value;
    throw new UsageError(`${name}: expected 1 to 40 of a-z, 0-9 and -, got ${JSON.stringify(String(value))}`);
  };
}
