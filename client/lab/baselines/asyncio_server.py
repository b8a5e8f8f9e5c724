# A baseline for `events`: the same wire in Python, on asyncio's Protocol, which is the quick way: no task and no queue
# for each client. The text lies in memory that never moves, so a reply is a view of it until asyncio sends it.
# While asyncio says that a client's replies wait (pause_writing), that client's letters are held and it is not read.
# Left out: C1 control characters are letters; a full text ends the client whose letter it is; no limits, no log.
#
#   python3 asyncio_server.py [port]

import asyncio
import codecs
import mmap
import resource
import signal
import socket
import sys

TEXT_BYTES = 64 << 20
AT_ONCE = 64  # as many letters are answered in one write

text = memoryview(mmap.mmap(-1, TEXT_BYTES))  # takes memory only as it is written
length = 0


def append(letter):
    global length
    start, length = length, length + len(letter)
    text[start:length] = letter
    return text[:length]


class Client(asyncio.Protocol):
    def connection_made(self, transport):
        transport.get_extra_info('socket').setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = transport
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self.held = ''
        self.full = False
        self.ended = False

    def data_received(self, data):
        self.held += self.decoder.decode(data)
        self.answer()

    def eof_received(self):
        self.ended = True
        self.answer()
        return True  # the transport stays open for what is pending; answer() closes it

    def pause_writing(self):
        self.full = True
        self.transport.pause_reading()

    def resume_writing(self):
        self.full = False
        self.transport.resume_reading()
        self.answer()

    def answer(self):
        while self.held and not self.full:
            letters, self.held = self.held[:AT_ONCE], self.held[AT_ONCE:]
            replies = []
            for letter in letters:
                if letter == '\n':
                    replies.append(b'\n')
                elif letter >= ' ' and letter != '\x7f':
                    replies.append(append(letter.encode()))
            self.transport.writelines(replies)
        if self.ended and not self.held:
            self.transport.close()


async def main():
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = await loop.create_server(Client, '127.0.0.1', port, backlog=4096)
    print(f'asyncio: listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}', flush=True)
    await stopped.wait()


_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
asyncio.run(main())
