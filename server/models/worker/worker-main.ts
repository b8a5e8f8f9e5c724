// Where a thread of own-thread.ts begins: runs the `serve` of the file that it is told.

import { workerData } from 'node:worker_threads';
import { WorkerContext, type WorkerOptions } from './worker-context.js';

const data: WorkerOptions = workerData;
const { serve }: { serve: (thread: WorkerContext) => void } = await import(data.file);
serve(new WorkerContext(data));
