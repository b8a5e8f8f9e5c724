// Where a thread of own-thread.ts begins: runs the `serve` of the file that it is told.

import { workerData } from 'node:worker_threads';
import { IoThread, type IoThreadData } from './io-thread.js';

const data: IoThreadData = workerData;
const { serve }: { serve: (thread: IoThread) => void } = await import(data.file);
serve(new IoThread(data));
