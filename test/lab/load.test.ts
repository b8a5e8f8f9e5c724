// The load in a child process, over real sockets, against correct and faulty servers in this process.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { output } from '../../client/child-process.js';
import { buckets, LetterTable } from '../../client/load/letter-table.js';
import type { LoadPlan, LoadResult } from '../../client/load/plan.js';
import { LoadProcess, runLoad } from '../../client/load/run-load.js';
import { Schedule } from '../../client/load/schedule.js';
import * as libc from '../../shared/libc/load-calls.js';
import { openReadiness, PollReadiness } from '../../shared/libc/readiness.js';
import { percentiles } from '../../shared/quantile.js';
import { concurrent } from '../support/concurrent.js';
import { built, Program, run } from '../support/program.js';
import { PtyProgram } from '../support/pty-program.js';
import { representatives } from '../support/runnable-models.js';
import { type Address, at, modelOptions, withNetServer, withServer } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';
import { type Letter, withStubServer } from '../support/stub-server.js';
import { until } from '../support/waiting.js';

/** These tests mostly wait, for a load to start or for a timeout. */
const it = concurrent(test, 6);

/** Idle load processes: starting one takes longer than most runs. */
const free: LoadProcess[] = [];
test.after(async () => {
  for (const load of free) await load.close();
});

async function drive(plan: LoadPlan): Promise<LoadResult> {
  const load = free.pop() ?? new LoadProcess();
  return load.run(plan).finally(() => free.push(load));
}

function plan(address: Address, changes: Partial<LoadPlan> = {}): LoadPlan {
  return {
    ...address,
    clients: 10,
    idleClients: 0,
    letters: 1_000,
    warmup: 2,
    prefill: 0,
    timeoutMs: 30_000,
    burst: 1,
    writes: 1,
    nagle: false,
    seed: 1,
    ...changes,
  };
}

/** The load's result for a server with this behaviour. */
async function verdictOn(
  answer: (letter: Letter) => void,
  changes: Partial<LoadPlan> = {},
): Promise<LoadResult> {
  let result: LoadResult | undefined;
  await withStubServer(async (address) => {
    result = await drive(plan(address, { clients: 1, letters: 20, ...changes }));
  }, answer);
  if (result === undefined) throw new Error('the load has found nothing');
  return result;
}

for (const io of representatives('events')) {
  it(`${io}: nothing is wrong, and the text has every letter`, async () => {
    const options = io === 'threads' ? { io, maxThreads: 4 } : modelOptions(io);
    await withServer(options, async ({ address }) => {
      const result = await drive(plan(address, { clients: 4, letters: 1_010 }));
      assert.equal(result.faults, {});
      assert.is(result.timedOut, 0);
      assert.equal([result.sent, result.answered], [1_010, 1_010]);
      assert.equal([result.finalLetters, result.finalBytes], [1_012, 1_012]);
      assert.is(result.replyBytes, (1_010 * (2 + 1_011)) / 2);
      assert.is(result.latency?.count, 1_010);
      assert.equal(result.latency, result.serviceTime, 'the loop is closed');
      assert.is(result.latency?.p999, undefined, 'too few for it');
      assert.ok(result.startUpMs !== undefined && result.startUpMs > 0);
      assert.ok(result.loadCpu > 0);
    });
  });
}

it('a second load finds a text that is there already', async () => {
  await withServer({}, async ({ address }) => {
    await drive(plan(address, { letters: 100 }));
    const { faults, finalLetters } = await drive(plan(address, { letters: 100, seed: 2 }));
    assert.equal([faults, finalLetters], [{}, 204]);
  });
});

testWith(test, SLOW, 'the text is brought to a length, to the byte', async () => {
  for (const io of representatives('events')) {
    await withServer(modelOptions(io), async ({ address }) => {
      const { faults, finalBytes, finalLetters, replyBytes } = await drive(
        plan(address, { clients: 2, prefill: 10_003, letters: 10 }),
      );
      assert.equal(faults, {});
      assert.is(finalBytes, 10_003 + 10 + 1);
      assert.ok(finalLetters !== undefined && finalLetters < 4_000, 'mostly of four bytes');
      assert.is(replyBytes, 10 * 10_003 + 55);
    });
  }
});

it('silent clients are connected and left alone', async () => {
  const sockets: Socket[] = [];
  await withStubServer(
    async (address) => {
      const { faults, finalLetters } = await drive(plan(address, { idleClients: 200, letters: 100 }));
      assert.equal([faults, finalLetters], [{}, 102]);
      await until(() => sockets.every(({ destroyed }) => destroyed));
      assert.is(sockets.filter(({ bytesRead }) => bytesRead === 0).length, 200);
    },
    undefined,
    (socket) => sockets.push(socket),
  );
});

it('rejected clients are counted, and the others continue', async () => {
  await withServer({ io: 'threads', maxThreads: 2 }, async ({ address }) => {
    const { faults, timedOut, sent, finalLetters } = await drive(plan(address, { clients: 4 }));
    assert.equal([faults, timedOut, sent, finalLetters], [{ closed: 2 }, 0, 500, 502]);
  });
});

it('a letter and its LF may come in two writes', async () => {
  await withServer({}, async ({ address }) => {
    const { faults, answered } = await drive(plan(address, { writes: 2, letters: 100 }));
    assert.equal([faults, answered], [{}, 100]);
  });
});

test('in an open loop letters are sent by the clock, and not only when the last is answered', async () => {
  const began = performance.now();
  let last = began;
  const held: string[] = [];
  const { faults, answered } = await verdictOn(
    ({ number, socket, text }) => {
      const readsText = number === 0 || number > 100; // at the text, before and after
      if (!readsText) last = performance.now();
      held.push(`${text}\n`);
      // No reply is sent before five letters have arrived.
      if (readsText || held.length === 5) socket.write(held.splice(0).join(''));
    },
    { rate: 200, letters: 100 },
  );
  assert.equal([faults, answered], [{}, 100]);
  assert.ok(last - began >= 495, `the last came ${last - began} ms after the beginning, before its time`);
});

test('after the duration no letter is sent', async () => {
  const changes = { rate: 100, letters: 1_000, durationMs: 300 };
  const { sent, answered, faults } = await verdictOn(({ reply }) => reply(), changes);
  assert.is(answered, sent);
  const { due } = new Schedule(plan({ host: '::1', port: 1 }, { ...changes, clients: 1 }));
  const most = due?.filter((at) => at < changes.durationMs).length ?? 0;
  assert.ok(most < 100 && sent <= most, `${sent} of at most ${most}`);
  assert.equal(faults, {});
});

test('a stall shows in the latency, and hardly in the service time', async () => {
  const { faults, latency, serviceTime } = await verdictOn(
    ({ number, reply }) => {
      if (number === 300) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
      reply();
    },
    { clients: 4, rate: 500, letters: 1_000, maxInFlight: 1 },
  );
  assert.equal(faults, {});
  assert.ok(latency !== undefined && latency.p99 > 480, `latency p99 ${latency?.p99} ms`);
  assert.ok(serviceTime !== undefined && serviceTime.max > 540, 'it was there');
  assert.ok(serviceTime.p99 <= latency.p99, `service time p99 ${serviceTime.p99} ms`);
});

test('a computed stall of 600 ms shows in the latency of 1,000 letters, in the service time of four', () => {
  const schedule = new Schedule(plan({ host: '::1', port: 1 }, { clients: 4, rate: 500 }));
  const operations = new LetterTable(schedule);
  for (const [number, due] of (schedule.due ?? []).entries()) {
    const stalled = due >= 600 && due < 1_200;
    const waits = stalled && operations.sent.filter((sent) => sent >= 600 && sent < 1_200).length < 4;
    operations.intended[number] = due;
    operations.sent[number] = stalled && !waits ? 1_200 : due;
    operations.answered[number] = (stalled ? 1_200 : due) + 1;
  }
  const [latency, serviceTime] = [operations.intended, operations.sent].map((since) =>
    percentiles(operations.times(since)),
  );
  assert.ok(latency !== undefined && latency.p99 > 540, `latency p99 ${latency?.p99} ms`);
  assert.ok(serviceTime !== undefined && serviceTime.p99 < 2, `service time p99 ${serviceTime?.p99} ms`);
  assert.ok(serviceTime.max > 540, 'it is there');
});

test('no reply is measured as shorter than the server took for it', async () => {
  const delays: number[] = [];
  const { serviceTime, seconds } = await verdictOn(
    ({ reply }) => {
      const came = performance.now();
      setTimeout(() => {
        delays.push(performance.now() - came);
        reply();
      }, 20);
    },
    { letters: 30 },
  );
  // The first and the last letter read the text, before and after the measured ones.
  const measured = delays.slice(1, -1).toSorted((one, other) => one - other);
  assert.is(measured.length, 30);
  assert.ok(
    (serviceTime?.p50 ?? 0) > 0.99 * (measured[14] ?? 0),
    `${serviceTime?.p50} of ${measured[14]} ms`,
  );
  assert.ok((serviceTime?.max ?? 0) <= 1_000 * seconds);
});

// --- wrong servers ---

it('replies in another order than their letters are reordered, even those that come at once', async () => {
  let held = '';
  const { faults, answered } = await verdictOn(
    ({ number, text, socket }) => {
      if (number === 5) {
        held = `${text}\n`;
        return;
      }
      socket.write(`${text}\n${held}`);
      held = '';
    },
    { rate: 200 },
  );
  assert.equal([faults, answered], [{ reordered: 1 }, 20]);
});

it('a reply that comes twice is unsolicited', async () => {
  const { faults, timedOut, answered } = await verdictOn(({ number, reply }) => {
    reply();
    if (number === 5) reply();
  });
  assert.equal([faults, timedOut, answered], [{ unsolicited: 1 }, 0, 20]);
});

it('bytes for a silent client are unsolicited', async () => {
  const sockets: Array<{ write: (text: string) => void }> = [];
  await withStubServer(
    async (address) => {
      const { faults } = await drive(plan(address, { letters: 20, idleClients: 2 }));
      assert.equal(faults, { unsolicited: 1 });
    },
    ({ number, reply }) => {
      reply();
      if (number === 10) sockets[1]?.write('hello');
    },
    (socket) => sockets.push(socket),
  );
});

it('a reply that stops in the middle is truncated', async () => {
  const { faults, finalLetters } = await verdictOn(({ number, text, socket, reply }) => {
    if (number === 5) socket.end(text.slice(0, 3));
    else reply();
  });
  assert.equal([faults, finalLetters], [{ truncated: 1 }, 7]);
});

it('a connection that the server closes or resets is counted', async () => {
  for (const close of ['end', 'resetAndDestroy'] as const) {
    const { faults, timedOut, answered } = await verdictOn(({ number, socket, reply }) => {
      if (number === 5) socket[close]();
      else reply();
    });
    assert.equal([faults, timedOut, answered], [{ closed: 1 }, 0, 4], close);
  }
});

it('a silent client that the server closes is counted', async () => {
  const sockets: Array<{ end: () => void }> = [];
  await withStubServer(
    async (address) => {
      assert.equal((await drive(plan(address, { letters: 20, idleClients: 2 }))).faults, { closed: 1 });
    },
    ({ number, reply }) => {
      reply();
      if (number === 10) sockets[1]?.end();
    },
    (socket) => sockets.push(socket),
  );
});

it('a reply that ends in another letter is found', async () => {
  const { faults } = await verdictOn(({ number, text, socket, reply }) => {
    if (number === 5) socket.write(`${text.slice(0, -1)}?\n`);
    else reply();
  });
  assert.is(faults.wrongLetter, 1);
  assert.ok((faults.prefixMismatch ?? 0) >= 15, 'the text that it showed is taken at its word');
  const early = await verdictOn(({ number, text, socket, reply }) => {
    if (number === 5) socket.write(`${text.slice(0, -2)}\n`);
    else reply();
  });
  assert.equal(early.faults, { wrongLetter: 1 });
});

it('a letter that was there before it was sent is not its own', async () => {
  // The second client gets its first reply when the first client has sent all its letters. Its second letter is answered
  // with the text up to one of theirs of the same value.
  const share = 60; // more than there are values
  const counts = new Map<Socket, number>();
  let heldReply = () => {};
  const answer = ({ number, letter, text, socket, reply }: Letter) => {
    if (number === 0 || number > 2 * share) return void reply(); // reads the text, before and after
    const count = 1 + (counts.get(socket) ?? 0);
    counts.set(socket, count);
    const [first] = counts.keys();
    if (count === 1) {
      heldReply(); // of the first client, when the second is there
      heldReply = () => socket.write(`${text}\n`);
    } else if (socket !== first && count === 2) {
      const own = text.lastIndexOf(letter, text.length - 3);
      socket.write(`${text.slice(0, own + 1)}\n`);
    } else {
      reply();
    }
    if (socket === first && count === share) heldReply();
  };
  const { faults } = await verdictOn(answer, { clients: 2, letters: 2 * share });
  assert.is(faults.wrongLetter, 1);
});

it('a reply that is no longer than the one before it is found', async () => {
  const again = await verdictOn(
    ({ number, text, socket, reply }) => {
      if (number === 60) socket.write(`${text.slice(0, -52)}\n`);
      else reply();
    },
    { letters: 70 },
  );
  assert.equal([again.faults, again.timedOut], [{ notGrowing: 1 }, 0]);
});

it('a text that changes is a prefix mismatch', async () => {
  const { faults } = await verdictOn((letter) => {
    if (letter.number === 5) letter.text = `?${letter.text.slice(1)}`;
    letter.reply();
  });
  assert.ok((faults.prefixMismatch ?? 0) > 10, JSON.stringify(faults));
});

it('an answered letter that is not in the final text is lost', async () => {
  const { faults, finalLetters } = await verdictOn((letter) => {
    letter.reply();
    if (letter.number === 20) letter.text = letter.text.slice(0, -1);
  });
  assert.is(faults.lost, 1);
  assert.is(finalLetters, 21, 'of 20 letters, and one more from each reading of the text');
});

it('a letter that is in the text twice, or was never sent, is duplicated', async () => {
  const twice = await verdictOn((letter) => {
    if (letter.number === 5) letter.text += letter.letter;
    letter.reply();
  });
  assert.equal(twice.faults, { duplicated: 1 });
  const invented = await verdictOn((letter) => {
    letter.reply();
    if (letter.number === 5) letter.text += '?';
  });
  assert.equal(invented.faults, { duplicated: 1 });
});

// --- its process ---

it('it answers each plan with a line, and ends at the end of its input', async () => {
  await withStubServer(
    async (address) => {
      const plans = [
        plan(address, { rate: 1_000, letters: 100 }),
        plan(address, { prefill: 3_000, idleClients: 1, letters: 100, seed: 2 }),
      ];
      const input = plans.map((one) => `${JSON.stringify({ plan: one, progress: false })}\n`).join('');
      const { status, stdout } = await run('client/load/load-process.js', [], input);
      const found = stdout
        .trim()
        .split('\n')
        .map((line): LoadResult => JSON.parse(line).result);
      assert.is(status, 0);
      assert.equal(
        found.map(({ answered, faults }) => [answered, faults]),
        [
          [100, { duplicated: 1 }],
          [100, {}],
        ],
      );
    },
    (letter) => {
      letter.reply();
      if (letter.number === 50) letter.text += '?';
    },
  );
});

it('it reports its progress', async () => {
  const progress: number[] = [];
  await withStubServer(async (address) => {
    const onProgress = (answered: number) => progress.push(answered);
    await runLoad(plan(address, { rate: 20, letters: 20 }), onProgress);
  });
  assert.ok(progress.length >= 2, progress.join(' '));
  assert.equal(
    progress,
    progress.toSorted((one, other) => one - other),
  );
});

/** Runs the load through a shell that leaves the process's id in a file. */
async function withPidFile(use: (through: string[], pid: () => number) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'strsvr-'));
  const file = join(folder, 'pid');
  try {
    await use(['sh', '-c', `echo $$ >${file}; exec "$@"`, 'sh'], () => Number(readFileSync(file, 'utf8')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('it can be ended, and leaves no process behind', async () => {
  await withPidFile(async (through, pid) => {
    await withStubServer(async (address) => {
      const load = new LoadProcess(through);
      let closed: Promise<void> | undefined;
      const onProgress = () => {
        closed ??= load.close();
      };
      const error = await load.run(plan(address, { rate: 1 }), onProgress).catch((error) => error);
      assert.is(error.message, 'the load ended without a result: SIGKILL');
      await closed;
      assert.throws(() => process.kill(pid(), 0), /ESRCH/);
    });
  });
});

it('it ends by itself when its parent has ended', async () => {
  await withPidFile(async (through, pid) => {
    let letters = 0;
    await withStubServer(
      async (address) => {
        const script = `
          import { LoadProcess } from ${JSON.stringify(built('client/load/run-load.js'))};
          const load = new LoadProcess(${JSON.stringify(through)});
          await load.run(${JSON.stringify(plan(address, { rate: 100 }))});`;
        const parent = new Program(spawn(process.execPath, ['--input-type=module', '-e', script]));
        await until(() => letters > 3);
        parent.kill();
        await until(() => !alive(pid()));
      },
      ({ reply }) => {
        letters += 1;
        reply();
      },
    );
    assert.ok(letters < 1_000, 'it had more to send');
  });
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

testWith(
  test,
  SLOW,
  'a server that does not close after the end of a client, or never ends a line, gets an error of its own',
  async () => {
    const failure = (address: Address, idleTimeoutMs: number): Promise<string> =>
      drive(plan(address, { idleTimeoutMs, timeoutMs: 60_000 })).then(
        () => 'nothing',
        (error: unknown) => String(error),
      );
    const keepOpen = (socket: Socket) => {
      socket.allowHalfOpen = true;
    };
    await withStubServer(
      async (address) => {
        const complaint = 'does not close the connection of a client that has ended its side (FIN)';
        assert.is(await failure(address, 10_000), `OperationalError: ${at(address).join(':')} ${complaint}`);
      },
      undefined,
      keepOpen,
    );
    await withNetServer(
      (socket) => socket.once('data', () => socket.write('x'.repeat(64 * 1024 * 1024 + 1))),
      async (address) => {
        const complaint = 'does not answer lines: more than 67,108,864 bytes came without a line feed';
        assert.is(await failure(address, 60_000), `OperationalError: ${at(address).join(':')} ${complaint}`);
      },
    );
  },
);

it('a server that is not there, or does not answer lines, is an error', async () => {
  const failure = (address: Address, changes?: Partial<LoadPlan>): Promise<string> =>
    drive(plan(address, changes)).then(
      () => 'nothing',
      (error: unknown) => String(error),
    );
  let gone: Address | undefined;
  await withNetServer(
    (socket) => socket.on('data', (chunk) => socket.write(chunk)),
    async (address) => {
      gone = address;
    },
  );
  if (gone === undefined) throw new Error('there was no server');
  assert.match(await failure(gone), /^OperationalError: no server at 127\.0\.0\.1:\d+; start one first/);
  await withNetServer(
    () => {},
    async (address) => {
      const error = await failure(address, { idleTimeoutMs: 300 });
      assert.match(error, /^OperationalError: 127\.0\.0\.1:\d+ does not answer/);
    },
  );
  let text = '';
  await withNetServer(
    (socket) =>
      socket.on('data', (chunk) => {
        for (const letter of chunk.toString()) {
          text += letter; // as the tutorial's server does with an LF
          socket.write(text);
        }
      }),
    async (address) => {
      assert.match(await failure(address), /does not answer lines: it must answer a line feed alone/);
    },
  );
});

// --- strlab drive ---

const STRLAB = 'client/lab/strlab.js';

it('strlab drive shows a table, and the server was right', async () => {
  await withServer({}, async ({ address }) => {
    const args = ['drive', 'localhost', String(address.port), '--letters', '500'];
    const { status, stdout, stderr } = await run(STRLAB, args);
    assert.equal([status, stderr], [0, '']);
    assert.match(stdout, /^500 letters of 100 clients in \d+\.\d\d s\neach client sent its next letter when/);
    assert.match(stdout, /\n[\d,]+ letters\/s; the load took \d+ % of a core\n/);
    assert.match(
      stdout,
      /\np50 +[\d.]+ ms\np90 +[\d.]+ ms\np99 +[\d.]+ ms\np99\.9 +too few\nmax +[\d.]+ ms\n/,
    );
    assert.match(stdout, /\nthe server was right: .*, and the text has all 502 letters\n$/);
  });
});

it('strlab drive --json prints all of it, and a line says what the server did wrong', async () => {
  await withStubServer(
    async (address) => {
      const args = ['drive', ...at(address), '--letters', '300', '--seed', '7', '--json'];
      const { status, stdout, stderr } = await run(STRLAB, args);
      assert.match(stdout, /^\{/, stderr);
      const result = JSON.parse(stdout) as LoadResult;
      assert.equal([result.answered, result.faults, result.finalLetters], [300, { duplicated: 1 }, 303]);
      assert.equal(
        [status, stderr],
        [1, 'strlab: the server was wrong: a letter is in the text twice, or was never sent (1 time)\n'],
      );
    },
    (letter) => {
      letter.reply();
      if (letter.number === 100) letter.text += '?';
    },
  );
});

testWith(test, SLOW, 'strlab drive gives up on a server that serves one client after the other', async () => {
  await withServer({ io: 'blocking' }, async ({ address }) => {
    const { status, stdout, stderr } = await run(STRLAB, ['drive', ...at(address), '--idle-clients', '1']);
    assert.equal(
      [status, stderr],
      [
        1,
        `strlab: ${at(address).join(':')} answers the first client, not the second: ` +
          'does it serve one client after the other?\n',
      ],
    );
    assert.is(stdout, '');
  });
});

it('strlab drive counts the clients that timed out', async () => {
  await withStubServer(
    async (address) => {
      const args = ['drive', ...at(address), '--clients', '2', '--letters', '20'];
      const { status, stdout, stderr } = await run(STRLAB, args);
      const complaint = 'strlab: the server was wrong: 1 client had no reply in time\n';
      assert.equal([status, stderr], [1, complaint]);
      assert.not.match(stdout, /was right/);
    },
    ({ number, reply }) => {
      if (number !== 5) reply();
    },
  );
});

it('strlab drive shows its progress, at a terminal only; with --rate, both times', async () => {
  await withServer({}, async ({ address }) => {
    const terminal = new PtyProgram(STRLAB);
    terminal.start('drive', ...at(address), '--rate', '100', '--letters', '100');
    await terminal.waitFor('a bar', (rows) => rows.some((row) => / [1-9]\d* of 100 letters/.test(row)));
    assert.is(await terminal.exited, 0);
    const shown = terminal.lines.join('\n');
    assert.not.match(shown, /[1-9]\d* of 100 letters/, 'the bar has gone');
    assert.match(shown, /^sent by the clock, 100 letters\/s \(open loop\)$/m);
    assert.match(shown, /\n +since it was due +since it was sent\np50 +[\d.]+ ms +[\d.]+ ms\n/);
  });
});

it('strlab drive: wrong usage and unreachable servers are one line', async () => {
  const rejected = async (...args: string[]) => {
    const { status, stdout, stderr } = await run(STRLAB, args);
    assert.is(stdout, '');
    return `${status} ${stderr}`;
  };
  assert.match(await rejected('drive', '127.0.0.1'), /^2 strlab: Not enough .*\n$/);
  const rate = ['--rate', '0'];
  assert.match(
    await rejected('drive', '127.0.0.1', '2000', ...rate),
    /^2 strlab: --rate: expected a whole number .*\n$/,
  );
  assert.match(
    await rejected('drive', 'no.such.invalid', '2000'),
    /^1 strlab: cannot find the host no\.such.*\n$/,
  );
});

// --- its parts ---

it('a command gives its output, or an error with the end of its stderr, its status or its signal', async () => {
  const node = (script: string, timeoutMs?: number) => output([process.execPath, '-e', script], timeoutMs);
  assert.is(await node('process.stdout.write("é")'), 'é');
  const failure = (command: Promise<string>) => command.catch(({ code, message }) => `${code} ${message}`);
  assert.is(await failure(node('console.error("first"); process.exitCode = 3')), 'FAILED first');
  assert.is(await failure(node('process.exitCode = 3')), 'FAILED exit 3');
  assert.is(await failure(node('setInterval(() => {}, 1_000)', 500)), 'FAILED SIGKILL');
  assert.match(await failure(output(['no-such-program'])), /^ENOENT spawn no-such-program/);
});

test('without epoll, poll reports the ready sockets', () => {
  const listener = libc.listen({ host: '127.0.0.1', port: 0 }, 5);
  const connected = [0, 1].map(() => libc.connect(libc.localAddress(listener), { nagle: false }));
  for (const watch of [openReadiness(2), new PollReadiness(2)]) {
    const seen: number[] = [];
    const turn = (ms: number) => {
      watch.wait(ms, (number) => seen.push(number));
      return seen.splice(0);
    };
    for (const [number, fd] of connected.entries()) watch.set(number, fd, libc.POLLIN);
    assert.equal(turn(1), []);
    watch.set(1, connected[1] ?? -1, libc.POLLIN | libc.POLLOUT);
    assert.equal(turn(30_000), [1]);
    watch.set(0, connected[0] ?? -1, libc.POLLOUT);
    assert.equal(turn(30_000).toSorted(), [0, 1]);
    watch.close();
  }
  const poll = new PollReadiness(1);
  poll.set(0, connected[0] ?? -1, libc.POLLOUT);
  poll.set(0, connected[0] ?? -1, 0);
  poll.wait(0, () => assert.unreachable());
  for (const fd of [...connected, listener]) libc.close(fd);
});

test('percentiles are in milliseconds, and p99.9 only with ten values beyond it', () => {
  const times = Float64Array.from({ length: 10_000 }, (_, at) => (at + 1) / 100);
  const all = percentiles(times);
  assert.is(all?.count, 10_000);
  for (const [name, wanted] of [
    ['p50', 50],
    ['p90', 90],
    ['p99', 99],
    ['p999', 99.9],
    ['max', 100],
  ] as const) {
    assert.is(all?.[name], wanted);
  }
  assert.is(percentiles(times.subarray(1))?.p999, undefined);
  assert.is(percentiles(new Float64Array(0)), undefined);
  assert.is(percentiles(Float64Array.of(1, 9.414))?.p99, 9.414, 'the maximum, not a rounded one above it');
});

test('a histogram counts every time once', () => {
  const bars = buckets(Float64Array.of(0, 0.005, 0.01, 0.011, 0.02, 5, 44, 44.1));
  assert.is(
    bars.reduce((sum, [, count]) => sum + count, 0),
    8,
  );
  assert.equal(bars[0], [0.01, 2]);
  assert.equal(bars.at(-1), [50.1, 2]);
  assert.equal(buckets(new Float64Array(0)), []);
});

test('the same seed sends the same letters at the same times, another seed others', () => {
  const of = (seed: number) => {
    const schedule = new Schedule(plan({ host: '::1', port: 1 }, { seed, rate: 100 }));
    return [Array.from({ length: 1_000 }, (_, number) => schedule.letter(number)), [...(schedule.due ?? [])]];
  };
  assert.equal(of(3), of(3));
  assert.not.equal(of(3)[0], of(4)[0]);
  const due = of(3)[1] ?? [];
  assert.ok(Math.abs((due.at(-1) ?? 0) - 10_000) < 1e-6, 'the rate is kept');
  assert.equal(
    due,
    due.toSorted((one, other) => one - other),
  );
});

test('letters are shared evenly, and two of one client are the same only 52 apart', () => {
  const schedule = new Schedule(plan({ host: '::1', port: 1 }, { clients: 7, letters: 1_000 }));
  const shares = Array.from({ length: 7 }, (_, client) => schedule.share(client));
  assert.equal(shares, [143, 143, 143, 143, 143, 143, 142]);
  for (let client = 0; client < 7; client += 1) {
    const letters = Array.from({ length: 104 }, (_, k) => schedule.letter(schedule.number(client, k)));
    assert.is(new Set(letters.slice(0, 52)).size, 52);
    assert.equal(letters.slice(52), letters.slice(0, 52));
  }
});

// --- replies that never come ---

/** Waiting for them takes half a minute: these run while the other tests do. */
function started<T>(run: () => Promise<T>): () => Promise<T> {
  const result = run();
  result.catch(() => {}); // the test rejects then
  return () => result;
}

const unanswered = started(() =>
  verdictOn(
    ({ number, reply }) => {
      if (number !== 5) reply();
    },
    { clients: 2 },
  ),
);
const skipped = started(() =>
  verdictOn(
    ({ number, reply }) => {
      if (number !== 5) reply();
    },
    { rate: 200 },
  ),
);
const stuck = started(() =>
  verdictOn(({ number, text, socket, reply }) => {
    if (number < 5) reply();
    else socket.write(`${text.slice(0, 5)}\n`);
  }),
);
const blocked = started(() =>
  withServer({ io: 'blocking' }, async ({ address }) => {
    const { timedOut, sent, faults, startUpMs } = await drive(
      plan(address, { idleClients: 1, idleTimeoutMs: 20_000 }),
    );
    assert.equal([timedOut, sent, faults, startUpMs], [10, 0, {}, undefined]);
    const later = await connect(address);
    assert.match(await later.send('a'), /a$/);
    later.close();
  }),
);

test('a reply that is never sent times its client out', async () => {
  const { timedOut, faults, answered } = await unanswered();
  assert.equal([timedOut, faults], [1, {}]);
  assert.ok(answered >= 10, 'the other goes on');
});

test('a skipped reply counts each later one as reordered', async () => {
  const { timedOut, faults, answered } = await skipped();
  assert.equal([timedOut, faults, answered], [1, { reordered: 15 }, 19]);
});

test('the same reply again and again is not growing, and the client times out', async () => {
  const { timedOut, faults } = await stuck();
  assert.equal([timedOut, faults.notGrowing], [1, 1]);
});

test('a server that waits for a silent client times out every other until that one has left', blocked);

test.run();
