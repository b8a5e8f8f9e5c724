// How a server stands with etcd, for metrics and health checks.

export interface ClusterStatus {
  readonly name: string;
  /** The endpoint of the member that this server is connected to, if any. */
  readonly member: string | undefined;
  /** Groups of letters in the text, of all servers. */
  readonly groups: number;
  /** Groups that etcd had at the last heartbeat and that had not come back yet. */
  readonly groupsBehind: number;
  /** Own letters on their way to etcd and back. */
  readonly pendingLetters: number;
  /** Of the last heartbeat. */
  readonly roundTripMs: number | undefined;
  /** Why no letter would be answered now; undefined: this server is ready. */
  readonly notReady: string | undefined;
}
