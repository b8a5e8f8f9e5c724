// Typical faults of a server like this one. A mutation is one change in the source and the test that must catch it
// (mutation-runner.ts checks that). exercise.ts gives them to students, so each also has a difficulty, a hint and commands
// that show its symptom (trial.ts checks these). mutant.ts writes a copy of the source with one mutation.

export const DIFFICULTIES = ['easy', 'medium', 'hard'] as const;

/** A change of the source, and the test that must catch it. */
export interface CodeMutation {
  readonly name: string;
  /** Relative to the root of the source: server/core/session.ts. */
  readonly file: string;
  /** In that file, exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly caughtBy: { readonly file: string; readonly title: string };
}

/** A mutation that is an exercise too. */
export interface Mutation extends CodeMutation {
  /** What a user notices, not the cause. The title of the exercise. */
  readonly symptom: string;
  readonly difficulty: (typeof DIFFICULTIES)[number];
  /** One or two sentences that point to the idea, not to the line. */
  readonly hint: string;
  /** Source files to read, in this order; the mutation is in one of them. */
  readonly read: readonly string[];
  readonly trial: Trial;
}

/** Commands that show the symptom, in two terminals. HERE is the exercise's folder, PORT the server's port. */
export interface Trial {
  /** Options of the server, after its port. */
  readonly args: readonly string[];
  /** How the server's disk fails: BROKEN_DISK of fs-fault-preload.ts. */
  readonly disk?: string;
  /** Another built file of test/support/ to be loaded before the server. */
  readonly preload?: string;
  /** A wrapper command for the server. */
  readonly through?: string;
  /** For the second terminal; STRCLNT and STRLAB are those of the checkout. Without it, starting the server is enough. */
  readonly client?: string;
  /** Whether the server then gets a Ctrl-C. */
  readonly interrupt?: true;
  /** What the unchanged server does. */
  readonly right: Observation;
  /** What the mutant does; without a sign: the sign of `right` never appears. */
  readonly wrong: Omit<Observation, 'sign'> & Partial<Observation>;
}

export interface Observation {
  /** For the student. */
  readonly what: string;
  /** A pattern in the output of the two terminals. */
  readonly sign: RegExp;
}

const JOURNAL = ['--journal', 'HERE/text'];
const COMMIT = 'a letter is durable after its write and an fdatasync; later letters are the next group';
const STAYS_FULL = 'a full disk: partial writes are truncated, new letters are rejected, and writing resumes';
/** Sends a line end and prints how long the answer took. */
const SERVED_AFTER = `node -e "setTimeout(() => { console.log('not served in 15 s'); process.exit() }, 15000); require('net').connect(PORT, '127.0.0.1').once('data', () => { console.log('served after', Math.round(performance.now() / 1000), 's'); process.exit() }).write('\\n')"`;
/** Fault injection at system calls on the journal; the calls and the fault follow. */
const INJECT = 'env UV_THREADPOOL_SIZE=1 strace -f -qq -o /dev/null -P HERE/text -e inject';
const NO_LETTER_WITHOUT_DISK: Omit<Trial, 'disk'> = {
  args: JOURNAL,
  client: 'printf a | STRCLNT PORT',
  right: {
    what: 'strclnt gets no reply: the server says that it cannot write the journal, and ends',
    sign: /cannot write the journal/,
  },
  wrong: { what: 'strclnt prints a, so its user believes that the letter is safe', sign: /^a$/m },
};

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'reply shows a later text',
    symptom: 'When several letters come at once, a reply does not end in the letter that it answers.',
    difficulty: 'easy',
    hint: 'A reply is the text up to and including its letter. Where is it remembered how long the text was then, and is that used?',
    read: ['server/core/session.ts', 'server/core/text.ts'],
    trial: {
      args: [],
      client: '(printf abc; sleep 1) | nc 127.0.0.1 PORT',
      right: { what: 'aababc: the replies a, ab and abc', sign: /aababc/ },
      wrong: { what: 'abcabcabc', sign: /abcabcabc/ },
    },
    file: 'server/core/session.ts',
    find: 'const offset = this.#text.offsetOf(appended);',
    replace: 'const offset = appended === LINE_END ? LINE_END : this.#text.length;',
    caughtBy: { file: 'unit/session.test', title: 'a reply contains no letter after its own' },
  },
  {
    name: 'input without turns',
    symptom: 'While some clients paste without end, a client that comes waits for many seconds.',
    difficulty: 'hard',
    hint: 'libuv reads one socket again, up to 32 times, as long as each read fills the buffer and the socket is not paused. What do the other sockets do meanwhile?',
    read: [
      'server/models/events.ts',
      'server/models/shared-read-buffer.ts',
      'server/limits/write-scheduler.ts',
    ],
    trial: {
      args: [],
      client: `node -e "for (let i = 0; i < 200; i++) { const s = require('net').connect(PORT, '127.0.0.1'); const go = () => { while (s.write(Buffer.alloc(1e6))); }; s.on('drain', go); go() }" & sleep 3; ${SERVED_AFTER}; kill $!`,
      right: { what: 'served after 0 or 1 s', sign: /served after [0-3] s/ },
      wrong: { what: 'after many seconds, or not in 15 s', sign: /served (after ([4-9]|\d\d)|in 15) s/ },
    },
    file: 'server/models/events.ts',
    find: "want === 'input' && !floods",
    replace: "want === 'input'",
    caughtBy: {
      file: 'models/events.test',
      title: 'clients that flood the server are read round-robin, one read each',
    },
  },
  {
    name: 'allowHalfOpen false',
    symptom:
      'A client that sends many letters and says at once that it has no more lacks most of its replies.',
    difficulty: 'easy',
    hint: 'TCP has two directions, and each is closed on its own. Which option of createServer (node:net) says what happens to ours when the client closes its own?',
    read: ['server/models/events.ts'],
    trial: {
      args: [],
      client: `node -e "require('net').connect(PORT, '127.0.0.1').end('a'.repeat(6000)).pipe(process.stdout)" | wc -c`,
      preload: 'small-buffers-preload.js',
      right: { what: '18003000: the bytes of all 6,000 replies', sign: /^ *18003000$/m },
      wrong: {
        what: 'fewer. (Its sockets read ahead, as most servers’ do: that is what small-buffers-preload.js is for)',
        sign: /^ *(?!18003000$)\d+$/m,
      },
    },
    file: 'server/models/events.ts',
    find: 'allowHalfOpen: true, // a client that has ended its side still gets its replies',
    replace: 'allowHalfOpen: false,',
    caughtBy: {
      file: 'models/shared-read-buffer.test',
      title: 'without the shared buffer, letters followed at once by the end of the stream are all answered',
    },
  },
  {
    name: 'decoding per chunk',
    symptom: 'Now and then an emoji becomes several question marks.',
    difficulty: 'easy',
    hint: 'TCP is a stream of bytes: it may deliver the four bytes of an emoji in two chunks. What becomes of half an emoji?',
    read: ['server/core/session.ts', 'shared/utf8.ts'],
    trial: {
      args: [],
      client: `(printf '\\360\\237'; sleep 1; printf '\\230\\200'; sleep 1) | nc 127.0.0.1 PORT`,
      right: { what: '😀 (its four bytes were sent in two halves)', sign: /😀/ },
      wrong: { what: 'question marks (U+FFFD)', sign: /\ufffd/ },
    },
    file: 'server/core/session.ts',
    find: 'this.#decoder.feed(chunk, from, from + length);',
    replace: `const received = new TextDecoder().decode(chunk.subarray(from, from + length));
    this.#decoder.feed(Buffer.from(received));`,
    caughtBy: { file: 'unit/session.test', title: 'two clients’ halves of an emoji stay apart' },
  },
  {
    name: 'drain ignored',
    symptom: 'One client that sends and never reads makes the server grow until it dies.',
    difficulty: 'medium',
    hint: 'socket.write() always takes what it is given, and keeps in memory what the kernel does not want yet. How does the caller find out, and when must it stop?',
    read: ['server/models/events.ts', 'server/models/reply-coalescer.ts', 'server/limits/write-scheduler.ts'],
    trial: {
      args: [],
      client: `node -e "for (const n of [1, 2]) require('net').connect(PORT, '127.0.0.1').write('a'.repeat(16000))" & sleep 5; ps -A -o rss,args | grep '[s]trsvr.js PORT'; kill $!`,
      right: {
        what: 'the server has less than 200,000 kilobytes (the first figure of its line)',
        sign: /^ *(\d{5}|1\d{5}) .*strsvr/m,
      },
      wrong: {
        what: 'it has 300,000 or more, and keeps them as long as the client is there',
        sign: /^ *([3-9]\d{5}|\d{7,}) .*strsvr/m,
      },
    },
    file: 'server/models/events.ts',
    find: `while (quantum > 0 && socket.writableLength === 0) {
      const length = this.#coalescer.write(session, socket);
      if (length === 0) break;
      this.#context.log.wrote(client.id, length, socket.writableLength);
      quantum -= length;
    }
    const want = socket.writableLength > 0 ? 'drain' : session.wants;`,
    replace: `while (quantum > 0) {
      const length = this.#coalescer.write(session, socket);
      if (length === 0) break;
      this.#context.log.wrote(client.id, length, socket.writableLength);
      quantum -= length;
    }
    const want: string = session.wants;`,
    caughtBy: {
      file: 'models/events.test',
      title: 'a client that never reads costs little memory and delays no other client',
    },
  },
  {
    name: 'short send cut',
    symptom: 'Long replies to a client that reads slowly have holes.',
    difficulty: 'medium',
    hint: 'send(2) returns how many bytes the kernel has taken. That may be fewer than it was given: what happens to the rest?',
    read: ['server/models/nonblocking.ts', 'server/models/pending-write.ts'],
    trial: {
      args: ['--io', 'nonblocking', '--idle-sleep', '1'],
      client: `node -e "const s = require('net').connect(PORT, '127.0.0.1').end('a'.repeat(6000)); setTimeout(() => s.pipe(process.stdout), 1000)" | wc -c`,
      right: { what: '18003000: the bytes of all 6,000 replies', sign: /^ *18003000$/m },
      wrong: { what: 'fewer', sign: /^ *(?!18003000$)\d+$/m },
    },
    file: 'server/models/pending-write.ts',
    find: 'this.#left = message.rest(Math.max(0, count));',
    replace: 'this.#left = [];',
    caughtBy: {
      file: 'unit/pending-write.test',
      title: 'the rest of a partial send comes first in the next one, with at most 1 bytes per send',
    },
  },
  {
    name: 'receive not linked',
    symptom: 'A client that sends and never reads is read from without end.',
    difficulty: 'hard',
    hint: 'A receive is handed over together with the send before it. What makes the kernel do one after the other?',
    read: ['server/models/uring.ts', 'shared/libc/uring.ts'],
    trial: {
      args: ['--io', 'uring'],
      client: `node -e "require('net').connect(PORT, '127.0.0.1').end('😀'.repeat(9000)).resume().on('close', () => { const s = require('net').connect(PORT, '127.0.0.1').pause(); setInterval(() => s.write('a'), 1) })" & sleep 9; printf b | STRCLNT PORT | tr -cd a | wc -c; kill $!`,
      right: { what: 'a few hundred letters: what the kernel keeps of its replies', sign: /^ *\d{1,3}$/m },
      wrong: { what: 'thousands, and more each second', sign: /^ *\d{4,}$/m },
    },
    file: 'shared/libc/uring.ts',
    find: 'linked ? SQE_IO_LINK | SQE_CQE_SKIP_SUCCESS : 0',
    replace: 'linked ? SQE_CQE_SKIP_SUCCESS : 0',
    caughtBy: {
      file: 'models/uring.test',
      title: 'a client is not read from while its replies are not sent completely',
    },
  },
  {
    name: 'fd closed before its thread ended',
    symptom: 'The server does not stop while a client is connected that says nothing.',
    difficulty: 'medium',
    hint: 'A thread sleeps in recv(2), and another one wants to wake it. Is close(2) of the descriptor enough for that? See shutdown(2).',
    read: [
      'server/models/threads.ts',
      'server/models/worker/worker-model.ts',
      'server/models/worker/worker-context.ts',
    ],
    trial: {
      args: ['--io', 'threads'],
      client: 'sleep 60 | nc 127.0.0.1 PORT',
      interrupt: true,
      right: { what: 'the server prints its final value and ends at once', sign: /final value/ },
      wrong: { what: 'it does not end (a second Ctrl-C ends it)' },
    },
    file: 'server/models/threads.ts',
    find: 'libc.shutdown(fd, how);',
    replace: 'libc.close(fd);',
    caughtBy: {
      file: 'system/strsvr.test',
      title: 'threads: a stop wakes workers that sleep in recv before it closes their descriptors',
    },
  },
  {
    name: 'threads left asleep at exit',
    symptom: 'After an internal error the server answers no more, and only kill -9 ends it.',
    difficulty: 'medium',
    hint: 'At its exit a process waits for its worker threads. One that sleeps in recv(2) never notices: what must be done to its socket, and when?',
    read: ['server/models/worker/worker-model.ts', 'server/models/threads.ts'],
    trial: {
      args: ['--io', 'threads'],
      through: `env NODE_OPTIONS="--import=data:text/javascript,setTimeout(()=>{throw%20new%20Error('internal')},5000).unref()"`,
      client: `node -e "require('net').connect(PORT, '127.0.0.1').resume().on('error', () => {}).on('close', () => console.log('disconnected'))"`,
      right: {
        what: 'after 5 s, when the error happens, the server ends: disconnected',
        sign: /^disconnected$/m,
      },
      wrong: { what: 'nothing: the server prints the error and does not end (kill -9 ends it)' },
    },
    file: 'server/models/worker/worker-model.ts',
    find: "process.once('exit', this.#wakeAll);\n",
    replace: '',
    caughtBy: {
      file: 'models/attack.test',
      title: 'an exception on the main thread ends the process, even while a worker sleeps in a system call',
    },
  },
  {
    name: 'destroy instead of linger',
    symptom: 'When the text is full, a client that goes on sending may lose replies to letters in the text.',
    difficulty: 'hard',
    hint: 'What does the kernel send when a socket is closed while received bytes are still unread, and what does that do to replies on their way (RFC 2525, section 2.17)?',
    read: ['server/models/events.ts', 'server/limits/lingering-close.ts'],
    trial: {
      args: ['--max-length', '3000'],
      client: `node -e "const s = require('net').connect(PORT, '127.0.0.1').on('error', () => {}); s.write('a'.repeat(1e6)); setTimeout(() => s.pipe(process.stdout), 1000)" | wc -c`,
      right: { what: '4501500: the bytes of all 3,000 replies', sign: /^ *4501500$/m },
      wrong: { what: 'fewer', sign: /^ *(?!4501500$)\d+$/m },
    },
    file: 'server/limits/lingering-close.ts',
    find: `    if (reason === 'ended' || socket.destroyed) return; // the client has closed its side too`,
    replace: `    if (reason !== 'ended') socket.destroy();
    if (socket.destroyed) return;`,
    caughtBy: {
      file: 'wire/wire.test',
      title:
        'a client that reads late from a full text gets every pending reply, from the kernel’s buffer too',
    },
  },
  {
    name: 'unlocked append in threads',
    symptom: 'When several clients send much at the same time, letters get lost.',
    difficulty: 'hard',
    hint: 'A lock keeps two threads apart only if both take the same one. What do the threads share, and what has each of its own?',
    read: [
      'server/models/threads.ts',
      'server/models/worker/mutex.ts',
      'server/models/worker/worker-model.ts',
      'server/core/text.ts',
    ],
    trial: {
      args: ['--io', 'threads'],
      client: 'STRLAB drive 127.0.0.1 PORT --clients 8 --letters 10000 && echo all right',
      right: { what: 'all right: 10,000 replies were checked', sign: /^all right$/m },
      wrong: {
        what: 'the server was wrong (if not, try again: two threads must meet)',
        sign: /the server was wrong/,
      },
    },
    file: 'server/models/threads.ts',
    find: 'new Mutex(data.mutex)',
    replace: 'new Mutex(new SharedArrayBuffer(4))',
    caughtBy: {
      file: 'models/model-behaviour.test',
      title: 'threads: of two letters appended at the same time, none is lost with the lock',
    },
  },
  {
    name: 'lock not taken',
    symptom: 'Two servers may be started with one file.',
    difficulty: 'easy',
    hint: 'lock() gives a promise. What is a promise as a condition?',
    read: ['server/journal/journal-file.ts', 'server/journal/file-system.ts'],
    trial: {
      args: JOURNAL,
      client: 'node HERE/dist/server/strsvr.js 0 --journal HERE/text',
      right: {
        what: 'the second server says that another one keeps its text there',
        sign: /another server keeps/,
      },
      wrong: { what: 'it listens', sign: /listening on[\s\S]*listening on/ },
    },
    file: 'server/journal/journal-file.ts',
    find: '!(await flock(fd))',
    replace: '!flock(fd)',
    caughtBy: {
      file: 'journal/journal-server.test',
      title: 'a second server on the same journal exits with a reason; a killed server releases the lock',
    },
  },
  {
    name: 'no fdatasync',
    symptom: 'A power cut may lose all letters of the last half minute, although they were answered.',
    difficulty: 'easy',
    hint: 'write(2) brings bytes to the kernel’s memory, not to the disk. Which call waits for the disk, and where is it made?',
    read: ['server/journal/journal.ts'],
    trial: { ...NO_LETTER_WITHOUT_DISK, disk: 'fails:2' },
    file: 'server/journal/journal.ts',
    find: "sync === 'always' && this.#disk.fdatasync(this.#fd),",
    replace: 'undefined,',
    caughtBy: { file: 'journal/journal.test', title: COMMIT },
  },
  {
    name: 'partial write ignored',
    symptom: 'On a disk that is nearly full the server says that another program has changed its file.',
    difficulty: 'easy',
    hint: 'write(2) returns how many bytes it has written. What if these are fewer than it was given?',
    read: ['server/journal/journal.ts', 'server/journal/file-system.ts'],
    trial: {
      args: JOURNAL,
      disk: 'short',
      client: 'printf é | STRCLNT PORT',
      right: { what: 'strclnt prints é', sign: /^é$/m },
      wrong: {
        what: 'the server says that another program has changed the file, and ends',
        sign: /changed it while/,
      },
    },
    file: 'server/journal/file-system.ts',
    find: 'written += taken;',
    replace: 'written = bytes.length;',
    caughtBy: {
      file: 'journal/journal.test',
      title: 'a partial write is completed before the sync',
    },
  },
  {
    name: 'answer before fdatasync',
    symptom: 'A power cut may lose a letter that was answered a moment before.',
    difficulty: 'medium',
    hint: 'A letter may be shown once its fdatasync has ended without an error. Where is that awaited, and where the error?',
    read: ['server/journal/journal.ts'],
    trial: { ...NO_LETTER_WITHOUT_DISK, disk: 'fails:2' },
    file: 'server/journal/journal.ts',
    find: "sync === 'always' && this.#disk.fdatasync(this.#fd),",
    replace: "sync === 'always' && void this.#disk.fdatasync(this.#fd).catch(() => {}),",
    caughtBy: { file: 'journal/journal.test', title: COMMIT },
  },
  {
    name: 'no fdatasync at start',
    symptom:
      'After a kill -9, a restart and then a power cut, letters may be missing that clients have seen.',
    difficulty: 'medium',
    hint: 'A server that was killed may have written letters that are not on disk yet. The next one reads them from the kernel’s memory and shows them: what must it do before?',
    read: ['server/journal/journal-file.ts'],
    trial: {
      args: JOURNAL,
      disk: 'fails:1',
      right: {
        what: 'the disk fails at the first fdatasync: the server does not start',
        sign: /cannot open the journal/,
      },
      wrong: { what: 'it listens, because it never asked the disk', sign: /listening on/ },
    },
    file: 'server/journal/journal-file.ts',
    find: `// A server killed before this one may have left letters that are in the file, but not on disk.
  await disk.fdatasync(fd);
`,
    replace: '',
    caughtBy: { file: 'journal/journal.test', title: 'file and folder are synced before the first letter' },
  },
  {
    name: 'short read accepted',
    symptom: 'After a start from a failing disk the text is gone, also from the file.',
    difficulty: 'hard',
    hint: 'read(2) may give less than was asked for, and says 0 at the end of a file. How does the start know that it has all of it?',
    read: ['server/journal/journal-file.ts', 'server/journal/recovery.ts'],
    trial: {
      args: JOURNAL,
      through: `printf abc > HERE/text; ${INJECT}=read,pread64:retval=0`,
      right: {
        what: 'the server says that it could not read the file, and ends',
        sign: /it should hold 3 bytes/,
      },
      wrong: { what: 'it listens, and takes all that is in the file for a hole', sign: /listening on/ },
    },
    file: 'server/journal/journal-file.ts',
    find: 'if (length === size)',
    replace: 'if (length <= size)',
    caughtBy: {
      file: 'journal/journal-server.test',
      title: 'the end of the file at a read of the journal: exit 1, the file unchanged',
    },
  },
  {
    name: 'single NUL cut off',
    symptom: 'One byte that the disk got wrong, and the next start cuts off every letter after it.',
    difficulty: 'medium',
    hint: 'A power cut keeps whole pages from the disk. Where can the NULs that it leaves end?',
    read: ['server/journal/recovery.ts'],
    trial: {
      args: JOURNAL,
      through: "printf 'ab\\000cd' > HERE/text; env",
      right: { what: 'the server says at which byte the file is no text, and ends', sign: /byte 2 is 0x00/ },
      wrong: { what: 'it listens, and the file holds ab', sign: /listening on/ },
    },
    file: 'server/journal/recovery.ts',
    find: 'page[0] === NUL ? page.every((byte) => byte === NUL) : !page.some(isControlByte)',
    replace: 'page[0] === NUL || !page.some(isControlByte)',
    caughtBy: {
      file: 'journal/journal.test',
      title: 'a file with one NUL among its letters is rejected with the position, and unchanged',
    },
  },
  {
    name: 'cut-off bytes not kept',
    symptom: 'What a start takes off the end of the file is nowhere to be found.',
    difficulty: 'easy',
    hint: 'The log names a file that should hold it. What is written into that file, and where?',
    read: ['server/journal/journal-file.ts', 'server/journal/file-system.ts'],
    trial: {
      args: JOURNAL,
      through: "rm -f HERE/text.cut-*; printf 'ab\\000' > HERE/text; env",
      client: 'cat HERE/text.cut-* | wc -c',
      right: { what: '1: the NUL that was at the end', sign: /^ *1$/m },
      wrong: { what: '0', sign: /^ *0$/m },
    },
    file: 'server/journal/journal-file.ts',
    find: 'await writeAll(disk, fd, bytes);',
    replace: 'await writeAll(disk, fd, bytes.subarray(bytes.length));',
    caughtBy: {
      file: 'journal/journal.test',
      title:
        'a file with a zero-filled tail is recovered up to its last whole letter, and the rest is kept in a second file',
    },
  },
  {
    name: 'EDQUOT unknown',
    symptom: 'When the quota of its user is used up, the server ends instead of waiting for room.',
    difficulty: 'hard',
    hint: 'libuv has no name for each errno of Linux. What does Node.js call an error that has none?',
    read: ['server/journal/journal.ts', 'shared/errors.ts'],
    trial: {
      args: JOURNAL,
      through: `${INJECT}=write,pwrite64:error=EDQUOT:when=1`,
      client: 'printf a | STRCLNT PORT',
      right: {
        what: 'the server says that the disk is full, and a second later that it has space again',
        sign: /full \(EDQUOT\)/,
      },
      wrong: {
        what: 'the server says that it cannot write the journal, and ends',
        sign: /cannot write the journal/,
      },
    },
    file: 'shared/errors.ts',
    find: 'named(error.code)',
    replace: 'error.code',
    caughtBy: {
      file: 'journal/journal-server.test',
      title: 'EDQUOT counts as a full disk: the reply stays pending and the write is retried',
    },
  },
  {
    name: 'ENOSPC bytes left in the file',
    symptom: 'While the disk is full, the file holds letters that were never answered.',
    difficulty: 'medium',
    hint: 'A write may put part of a group into the file, and the next one find no room. What is in the file then?',
    read: ['server/journal/journal.ts'],
    trial: {
      args: JOURNAL,
      disk: 'full:1',
      client: 'printf é | STRCLNT PORT & sleep 3; wc -c < HERE/text; kill $!',
      right: { what: '0: é has two bytes, and there is room for one', sign: /^ *0$/m },
      wrong: { what: '1', sign: /^ *1$/m },
    },
    file: 'server/journal/journal.ts',
    find: 'if (isFull(error)) await this.#truncateTail();\n      throw error;',
    replace: 'throw error;',
    caughtBy: { file: 'journal/journal.test', title: STAYS_FULL },
  },
  {
    name: 'not read-only when full',
    symptom: 'While the disk is full, a client that sends a letter waits for ever and gets no message.',
    difficulty: 'medium',
    hint: 'Letters that are in the text wait for room. What keeps more letters out of the text meanwhile?',
    read: ['server/journal/journal.ts', 'server/core/text.ts', 'server/core/session.ts'],
    trial: {
      args: JOURNAL,
      disk: 'full',
      client: '(printf a | STRCLNT PORT) & sleep 2; printf b | STRCLNT PORT',
      right: { what: 'the client of b prints one line and ends', sign: /has closed the connection/ },
      wrong: { what: 'nothing: both wait for ever' },
    },
    file: 'server/journal/journal.ts',
    find: 'this.#readOnly = true;\n',
    replace: '',
    caughtBy: { file: 'journal/journal.test', title: STAYS_FULL },
  },
  {
    name: 'stop waits for a hung disk',
    symptom: 'When the disk hangs, SIGTERM does not end the server.',
    difficulty: 'medium',
    hint: 'Which steps does a stop take, and which of them waits for the disk? What limits that wait?',
    read: ['server/string-server.ts', 'server/journal/journal.ts'],
    trial: {
      args: JOURNAL,
      disk: 'hangs',
      client: 'printf a | STRCLNT PORT',
      interrupt: true,
      right: { what: 'after 5 s the server says that the disk hangs, and ends', sign: /the disk hangs/ },
      wrong: { what: 'it does not end (a second Ctrl-C ends it)' },
    },
    file: 'server/string-server.ts',
    find: 'journal?.closeWithin(LINGER_MS);\n',
    replace: '',
    caughtBy: {
      file: 'journal/journal-server.test',
      title: 'a hanging fdatasync, then a SIGTERM: the reason, no final value, killed within 5 s',
    },
  },
  {
    name: 'fdatasync started before the write ended',
    symptom:
      'A power cut may lose a letter that was answered; and sometimes the server says that another program has changed its file.',
    difficulty: 'hard',
    hint: 'Two calls that nothing orders may happen in either order. Which promise is never awaited?',
    read: ['server/journal/journal.ts', 'server/journal/file-system.ts'],
    trial: {
      args: JOURNAL,
      disk: 'late',
      client: 'printf a | STRCLNT PORT',
      right: { what: 'after half a second strclnt prints a: each write takes that long', sign: /^a$/m },
      wrong: {
        what: 'the server says that another program has changed the file, and ends',
        sign: /changed it while/,
      },
    },
    file: 'server/journal/file-system.ts',
    find: 'const taken = await disk.write(fd, bytes.subarray(written));',
    replace: 'disk.write(fd, bytes).catch(() => {});\n    const taken: number = bytes.length;',
    caughtBy: { file: 'journal/journal.test', title: COMMIT },
  },
  {
    name: 'fdatasync retried after EIO',
    symptom: 'On a failing disk letters are answered that are on no disk.',
    difficulty: 'hard',
    hint: 'After EIO the kernel forgets which pages it could not write. What does a second fdatasync say then, and what is it worth?',
    read: ['server/journal/journal.ts', 'server/journal/file-system.ts'],
    trial: { ...NO_LETTER_WITHOUT_DISK, disk: 'fails:2' },
    file: 'server/journal/file-system.ts',
    find: 'fdatasync: (fd) => again(() => disk.fdatasync(fd)),',
    replace: 'fdatasync: (fd) => again(() => disk.fdatasync(fd).catch(() => disk.fdatasync(fd))),',
    caughtBy: {
      file: 'journal/journal.test',
      title: 'EIO at the n-th fdatasync, for every n: no letter shown is lost',
    },
  },
  {
    name: 'fdatasync on the event loop',
    symptom: 'While the disk is slow, no client is served, not even one that needs no disk.',
    difficulty: 'hard',
    hint: 'Which thread makes the call, and what else does that thread do?',
    read: ['server/journal/journal.ts', 'server/journal/file-system.ts'],
    trial: {
      args: JOURNAL,
      through:
        'env UV_THREADPOOL_SIZE=1 strace -f -o /dev/null -e inject=fdatasync:delay_enter=10000000:when=2+',
      client: `printf a | STRCLNT PORT & sleep 3; ${SERVED_AFTER}; wait`,
      right: {
        what: 'served after 0 s: a line end is answered while a waits 10 s for the disk',
        sign: /served after [0-3] s/,
      },
      wrong: { what: 'served after 7 s', sign: /served after ([4-9]|\d\d) s/ },
    },
    file: 'server/journal/file-system.ts',
    find: 'fdatasync: promisify(fs.fdatasync),',
    replace: 'fdatasync: async (fd) => fs.fdatasyncSync(fd),',
    caughtBy: {
      file: 'journal/journal-server.test',
      title: 'with a slow disk no other client waits, and later letters form one group',
    },
  },
];
