import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { built } from '../support/program.js';

/** Four threads increment one number many times; without mutual exclusion increments are lost. */
async function addTogether(lock: boolean): Promise<number> {
  const [threads, times] = [4, 20_000];
  const memory = new SharedArrayBuffer(4);
  const sum = new Float64Array(new SharedArrayBuffer(8));
  const script = `
    const { workerData } = require('node:worker_threads');
    const { memory, sum, times, lock } = workerData;
    import(${JSON.stringify(built('server/models/worker/mutex.js'))}).then(({ Mutex }) => {
      const mutex = new Mutex(memory);
      for (let i = 0; i < times; i += 1) {
        if (lock) mutex.lock();
        sum[0] += 1;
        if (lock) mutex.unlock();
      }
    });`;
  const workers = Array.from({ length: threads }, () => {
    return new Worker(script, { eval: true, workerData: { memory, sum, times, lock } });
  });
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  return threads * times - (sum[0] ?? 0);
}

test('a mutex admits one thread at a time', async () => {
  assert.is(await addTogether(true), 0);
});

test('a thread that finds the mutex locked sleeps until it is unlocked', async () => {
  const memory = new SharedArrayBuffer(4);
  const { Mutex } = await import('../../server/models/worker/mutex.js');
  const mutex = new Mutex(memory);
  mutex.lock();
  const script = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(${JSON.stringify(built('server/models/worker/mutex.js'))}).then(({ Mutex }) => {
      parentPort.postMessage('tries');
      new Mutex(workerData).lock();
      parentPort.postMessage('has it');
    });`;
  const worker = new Worker(script, { eval: true, workerData: memory });
  assert.is((await once(worker, 'message'))[0], 'tries');
  const state = new Int32Array(memory);
  while (Atomics.load(state, 0) !== 2) await new Promise((resolve) => setImmediate(resolve)); // it is about to sleep
  mutex.unlock();
  assert.is((await once(worker, 'message'))[0], 'has it');
  await once(worker, 'exit');
});

test.run();
