// Samples the server five times a second, in a thread of its own: reading /proc takes some 8 ms, in which the bridges would
// carry no letter.

import { parentPort, workerData } from 'node:worker_threads';
import { type KernelView, kernelView } from '../../shared/kernel-view.js';
import { sessionProcesses } from '../../shared/process-tree.js';
import { processStats } from '../../shared/procfs.js';

export interface SamplerOptions {
  /** The process that listens; undefined if it is another user's: then connections alone can be seen. */
  readonly pid: number | undefined;
  readonly port: number;
}

export interface Sample {
  readonly view: KernelView;
  /** Share of one core, on it and waiting for it, of all processes of the server. */
  readonly cpuWanted?: number;
  readonly residentMiB?: number;
}

const SAMPLE_MS = 200;
const STATS_SAMPLES = 5;

const { pid, port }: SamplerOptions = workerData;
let samples = 0;
let others: readonly number[] = [];
let before: { readonly at: number; readonly wantedSeconds: number } | undefined;
let stats: Pick<Sample, 'cpuWanted' | 'residentMiB'> = {};

setInterval(() => {
  if (pid !== undefined && samples % STATS_SAMPLES === 0) sampleProcesses(pid);
  samples += 1;
  const view = kernelView(pid ?? process.pid, port, undefined, others);
  const own = pid === undefined && view.available;
  parentPort?.postMessage({ view: own ? { ...view, threads: [] } : view, ...stats } satisfies Sample);
}, SAMPLE_MS);

function sampleProcesses(pid: number): void {
  const pids = sessionProcesses(pid);
  others = pids.filter((other) => other !== pid);
  const all = pids.map(processStats).filter((one) => one !== undefined);
  const [now, wantedSeconds] = [performance.now(), all.reduce((sum, one) => sum + one.wantedSeconds, 0)];
  const residentMiB = all.reduce((sum, one) => sum + one.residentMiB, 0);
  const seconds = (now - (before?.at ?? now)) / 1000;
  const cpuWanted = seconds > 0 ? Math.max(0, (wantedSeconds - (before?.wantedSeconds ?? 0)) / seconds) : 0;
  stats = all.length > 0 ? { cpuWanted, residentMiB } : {};
  before = { at: now, wantedSeconds };
}
