// How far a peer has acknowledged what was sent to it, from TCP_INFO, which only Linux has (tcp(7)).

import { getOption, IPPROTO_TCP } from './socket-options.js';
import { MACOS } from './structs.js';

const TCP_INFO = 11;
/** Where struct tcp_info of linux/tcp.h has tcpi_unacked (u32), tcpi_bytes_acked (u64) and tcpi_notsent_bytes (u32). */
const UNACKED_AT = 24;
const BYTES_ACKED_AT = 120;
const NOTSENT_BYTES_AT = 144;
const TCP_INFO_BYTES = 148;

/** How many sent bytes the peer has acknowledged so far; undefined while the kernel holds none back, or has no TCP_INFO. */
export function acknowledged(fd: number): number | undefined {
  const info = tcpInfo(fd);
  return info === undefined || info.notSent === 0 ? undefined : info.acknowledged;
}

/** The same, but undefined only when the peer has acknowledged everything. */
export function delivering(fd: number): number | undefined {
  const info = tcpInfo(fd);
  return info === undefined || info.notSent + info.inFlight === 0 ? undefined : info.acknowledged;
}

/** Bytes acknowledged, bytes not sent yet, and segments in flight; undefined where the system has no TCP_INFO. */
function tcpInfo(fd: number) {
  if (MACOS) return undefined;
  const info = Buffer.alloc(TCP_INFO_BYTES);
  getOption(fd, IPPROTO_TCP, TCP_INFO, info);
  return {
    acknowledged: Number(info.readBigUInt64LE(BYTES_ACKED_AT)),
    notSent: info.readUInt32LE(NOTSENT_BYTES_AT),
    inFlight: info.readUInt32LE(UNACKED_AT),
  };
}
