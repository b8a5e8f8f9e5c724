// What systemd hands to a service and hears from it: sockets that it has opened (sd_listen_fds(3)), and how the service is
// (sd_notify(3)). Loaded only where systemd has set its variables.

import { describe, OperationalError } from '../../shared/errors.js';
import { sendDatagram } from '../../shared/libc/unix-datagram.js';

/** The first descriptor that is passed, SD_LISTEN_FDS_START. */
const FIRST_FD = 3;
/** The name that FileDescriptorName= gives to the socket of the HTTP port. */
const HTTP = 'http';
/** How often the state is reported when there is no watchdog. */
const STATUS_MS = 10_000;

export interface InheritedSockets {
  readonly listenFd?: number;
  readonly httpFd?: number;
}

/**
 * The listening sockets that systemd has passed to this process: one named `http`, and one with any other name.
 * @throws OperationalError if there are others
 */
export function inheritedSockets(environment: NodeJS.ProcessEnv, pid = process.pid): InheritedSockets {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = environment;
  if (Number(LISTEN_PID) !== pid) return {};
  const names = LISTEN_FDNAMES.split(':');
  const sockets: { listenFd?: number; httpFd?: number } = {};
  for (let at = 0; at < Number(LISTEN_FDS); at += 1) {
    const kind = names[at] === HTTP ? 'httpFd' : 'listenFd';
    if (sockets[kind] !== undefined) {
      const message = `systemd has passed ${LISTEN_FDS} sockets (${LISTEN_FDNAMES}): expected one, and one named http`;
      throw new OperationalError('LISTEN_FDS', message);
    }
    sockets[kind] = FIRST_FD + at;
  }
  return sockets;
}

export class SystemdNotifier {
  readonly #socket: string;
  readonly #intervalMs: number;
  readonly #watchdog: boolean;
  #timer: NodeJS.Timeout | undefined;
  readonly #onFailure: (message: string) => void;

  /** @param onFailure called once if systemd cannot be notified */
  constructor(environment: NodeJS.ProcessEnv, onFailure: (message: string) => void, pid = process.pid) {
    const { NOTIFY_SOCKET = '', WATCHDOG_USEC, WATCHDOG_PID = String(pid) } = environment;
    this.#socket = NOTIFY_SOCKET;
    this.#onFailure = onFailure;
    this.#watchdog = Number(WATCHDOG_USEC) > 0 && Number(WATCHDOG_PID) === pid;
    // systemd wants it twice in the interval; a loop that hangs sends nothing, and systemd ends the service.
    this.#intervalMs = this.#watchdog ? Math.min(STATUS_MS, Number(WATCHDOG_USEC) / 2000) : STATUS_MS;
  }

  /** Clients are accepted. @param status returns a line for `systemctl status` */
  ready(status: () => string): void {
    this.#send('READY=1', `STATUS=${status()}`);
    this.#timer = setInterval(() => {
      this.#send(`STATUS=${status()}`, ...(this.#watchdog ? ['WATCHDOG=1'] : []));
    }, this.#intervalMs).unref();
  }

  /** The server stops; the watchdog is still served. */
  stopping(): void {
    this.#send('STOPPING=1', 'STATUS=stopping');
  }

  #send(...lines: readonly string[]): void {
    try {
      sendDatagram(this.#socket, lines.join('\n'));
    } catch (error) {
      clearInterval(this.#timer);
      this.#onFailure(`systemd cannot be notified: ${describe(error)}`);
    }
  }
}
