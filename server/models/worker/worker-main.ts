// The entry of a worker thread: runs the `serve` of the file in its workerData.

import { workerData } from 'node:worker_threads';
import { WorkerContext, type WorkerOptions } from './worker-context.js';

const data: WorkerOptions = workerData;
const { serve }: { serve: (thread: WorkerContext) => void } = await import(data.file);
serve(new WorkerContext(data));
