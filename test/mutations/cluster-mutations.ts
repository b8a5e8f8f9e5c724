// Typical faults of several servers with one text. They are no exercises: seeing them takes an etcd and luck, or a simulator.

import type { CodeMutation } from './mutations.js';

const SIMULATOR = {
  file: 'cluster/simulator.test',
  title: '1,000 seeds: all replies of all servers are linearizable, and every letter is answered in the end',
};

export const CLUSTER_MUTATIONS: readonly CodeMutation[] = [
  {
    name: 'answer before the watch',
    file: 'server/cluster/cluster.ts',
    find: 'this.#follower.answer(etcd.create(key, group.letters, this.#replica.counterKey));',
    replace:
      'this.#follower.answer(etcd.create(key, group.letters, this.#replica.counterKey)).then(() => { if (this.#text.settled === group.from) this.#text.accept(group); this.#onChange(); });',
    caughtBy: SIMULATOR,
  },
  {
    name: 'counter ignored',
    file: 'server/cluster/replica.ts',
    find: 'if (version > this.groups + 1)',
    replace: 'if (version < 0)',
    caughtBy: SIMULATOR,
  },
  {
    name: 'retry with a new key',
    file: 'server/cluster/cluster.ts',
    find: 'this.#replica.keyOf(group);',
    replace: 'this.#replica.keyOf({ ...group, from: 0, server: crypto.randomUUID() });',
    caughtBy: SIMULATOR,
  },
  {
    name: 'full decided locally',
    file: 'server/cluster/shared-text.ts',
    find: 'const taken = this.#full ? 0',
    replace: 'const taken = this.#full && server !== this.server ? 0',
    caughtBy: SIMULATOR,
  },
  {
    name: 'forgotten history not read again',
    file: 'server/cluster/follower.ts',
    find: 'if (error instanceof CompactedError) this.#mustLoad = true;',
    replace: '',
    caughtBy: {
      file: 'cluster/cluster.test',
      title: 'a server that was away while etcd forgot its history reads everything again',
    },
  },
];
