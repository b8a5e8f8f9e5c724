// What the system knows about a process: processor time, context switches, memory, threads, from /proc.
// Other systems have no /proc: then there is nothing to report, and the report says so.

import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

export interface ProcessStats {
  /** Of all its threads that live, user and system, in seconds; to the nanosecond where the kernel says so. */
  readonly cpuSeconds: number;
  /** The same and the time in which they were ready to run and waited for a core: also on a busy machine. */
  readonly wantedSeconds: number;
  /** User and system apart, of all its threads that ever were, to 10 ms. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
  readonly threads: number;
  readonly residentMiB: number;
  readonly peakMiB: number;
}

/** readFileSync would allocate 64 KiB for each 4 KiB of a table that /proc delivers in pages. */
const page = Buffer.allocUnsafeSlow(65_536);
export const HAS_PROC = process.platform === 'linux';
/** Whether `wantedSeconds` includes the time spent waiting for a core: some kernels do not count it. */
export const WAIT_TIMES_KNOWN = HAS_PROC && (schedstat('/proc/self')[0] ?? 0) > 0;
const TICKS_A_SECOND = 100; // USER_HZ, the same on every Linux that Node.js runs on

/** @returns undefined without /proc, or if the process has ended */
export function processStats(pid: number): ProcessStats | undefined {
  return HAS_PROC ? readOr(() => read(`/proc/${pid}`), undefined) : undefined;
}

/**
 * The text of a file of /proc, in Latin-1.
 * @throws Error if it cannot be read
 */
export function readProcFile(path: string): string {
  const fd = openSync(path, 'r');
  try {
    let text = '';
    for (let length = 1; length > 0; ) {
      length = readSync(fd, page);
      text += page.toString('latin1', 0, length);
    }
    return text;
  } finally {
    closeSync(fd);
  }
}

/** For files that can disappear while they are read, or belong to another user. */
export function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function read(folder: string): ProcessStats {
  const status = readProcFile(`${folder}/status`);
  // The second field is the command in parentheses and may hold spaces (proc(5)); utime and stime are the 14th and 15th.
  const stat = readProcFile(`${folder}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  const [userSeconds, systemSeconds] = [Number(stat[11]) / TICKS_A_SECOND, Number(stat[12]) / TICKS_A_SECOND];
  const tasks = readdirSync(`${folder}/task`).map((task) => readTask(`${folder}/task/${task}`));
  const sum = (of: keyof Task) => tasks.reduce((total, task) => total + (task?.[of] ?? 0), 0);
  const cpuSeconds = sum('cpuNanoseconds') / 1e9 || userSeconds + systemSeconds;
  return {
    cpuSeconds,
    wantedSeconds: cpuSeconds + sum('waitNanoseconds') / 1e9,
    userSeconds,
    systemSeconds,
    voluntarySwitches: sum('voluntary'),
    involuntarySwitches: sum('involuntary'),
    threads: tasks.length,
    residentMiB: field(status, 'VmRSS') / 1024,
    peakMiB: field(status, 'VmHWM') / 1024,
  };
}

interface Task {
  readonly cpuNanoseconds: number;
  readonly waitNanoseconds: number;
  readonly voluntary: number;
  readonly involuntary: number;
}

/** @returns undefined when the thread has ended meanwhile */
function readTask(folder: string): Task | undefined {
  const status = readOr(() => readProcFile(`${folder}/status`), undefined);
  if (status === undefined) return undefined;
  const [cpuNanoseconds = 0, waitNanoseconds = 0] = schedstat(folder);
  return {
    cpuNanoseconds,
    waitNanoseconds,
    voluntary: field(status, 'voluntary_ctxt_switches'),
    involuntary: field(status, 'nonvoluntary_ctxt_switches'),
  };
}

/** Time on a core and time waiting for one, in nanoseconds; nothing where the kernel keeps no such account. */
function schedstat(folder: string): number[] {
  return readOr(() => readProcFile(`${folder}/schedstat`).split(' ').map(Number), []);
}

function field(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
}
