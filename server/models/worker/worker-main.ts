// The entry of a worker thread: runs the `serve` of the file in its workerData.

import { workerData } from 'node:worker_threads';
import { withSyntheticLoad } from '../../core/synthetic-load.js';
import { Text } from '../../core/text.js';
import { sessionOpener } from '../../measure/session-opener.js';
import { WorkerContext, type WorkerOptions } from './worker-context.js';

const data: WorkerOptions = workerData;
const { serve }: { serve: (thread: WorkerContext) => void } = await import(data.file);
const text = withSyntheticLoad(new Text(data.memory), data.options.cpuRounds);
const openSession = await sessionOpener({
  ...{ text, meter: data.meter },
  textFor: (client, view) => context.log.textFor(client, view),
});
const context = new WorkerContext(data, text, openSession);
serve(context);
