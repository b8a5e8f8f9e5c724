// Puts a cluster together from the options of the server: the shared text, the client of etcd, and what keeps both in step.

import { randomInt, randomUUID } from 'node:crypto';
import { OperationalError } from '../../shared/errors.js';
import { allocateTextBuffer } from '../core/text-buffer.js';
import type { Log } from '../log/log.js';
import { type ClusterSettings, readNamed } from '../options/cluster-options.js';
import { Cluster } from './cluster.js';
import { SharedText } from './shared-text.js';

export interface OpenCluster {
  readonly cluster: Cluster;
  readonly text: SharedText;
}

/** @throws OperationalError when etcd cannot be reached, or its text not be used */
export async function openCluster(
  settings: ClusterSettings & { readonly cluster: readonly string[] },
  maxLength: number,
  log: Log,
): Promise<OpenCluster> {
  const { cluster: endpoints, name, clusterTimeoutMs: timeoutMs, clusterUser: user } = settings;
  const password = readNamed(settings.clusterPasswordFile)?.toString().trimEnd();
  const ca = readNamed(settings.clusterCa);
  const access = {
    ca,
    cert: readNamed(settings.clusterCert),
    key: readNamed(settings.clusterKey),
    user,
    password,
  };
  const { connectEtcd } = await import('./etcd-client.js').catch((error: unknown) => {
    const how = 'npm install @grpc/grpc-js @grpc/proto-loader';
    throw new OperationalError(
      'NOGRPC',
      `a cluster needs two packages that are not installed: ${how}`,
      error,
    );
  });
  const text = new SharedText(allocateTextBuffer(maxLength), randomUUID());
  const cluster = new Cluster({
    endpoints,
    connect: (endpoint) => connectEtcd(endpoint, access),
    ...{ text, name, maxLength, timeoutMs, log },
    first: randomInt(endpoints.length), // so that servers spread over the members
  });
  await cluster.start();
  const { groups } = cluster.status;
  log.record({ type: 'clusterJoined', name, server: text.server, groups, bytes: text.length });
  return { cluster, text };
}
