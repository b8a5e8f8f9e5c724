// A server that can be measured: how it is started, and what it is. Ours and the yardsticks look the same from here.

/** The words of --io. */
export const IO_MODELS = ['events', 'poll', 'nonblocking', 'blocking', 'threads'] as const;
export type IoModelName = (typeof IO_MODELS)[number];

export interface ServerUnderTest {
  /** Unique and short: `events`, `threads`, `C epoll`, `Python asyncio`. */
  readonly name: string;
  readonly runtime: 'Node.js' | 'C' | 'Python';
  /** The I/O model that it shows. */
  readonly model: IoModelName;
  /** The command that starts it on a free port of 127.0.0.1; it prints `… listening on HOST:PORT …` on stdout. */
  readonly command: readonly string[];
}

/** A target that is missing here, and why. */
export interface Unavailable {
  readonly name: string;
  readonly why: string;
}
