# A baseline for `nonblocking`: the same wire in Python, with nonblocking sockets that are polled round-robin
# and without end, whether they have anything. Most of the time the answer is "not yet" (BlockingIOError).
# A client with pending replies is not read from: this is the backpressure.
# Left out: C1 control characters are letters; a full text ends the server; no limits, no log.
#
#   python3 nonblocking_loop.py [port]

import codecs
import mmap
import resource
import signal
import socket
import sys

TEXT_BYTES = 64 << 20
INPUT_BYTES = 2048
AT_ONCE = 64  # as many letters are answered in one send

text = memoryview(mmap.mmap(-1, TEXT_BYTES))  # takes memory only as it is written
length = 0


def append(letter):
    global length
    start, length = length, length + len(letter)
    text[start:length] = letter
    return text[:length]


class Client:
    def __init__(self, connection):
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self.held = ''
        self.pending = []

    def take_turn(self):
        """Goes on where the last turn stopped. False when the client has gone."""
        try:
            if not self.held and not self.pending:
                data = self.connection.recv(INPUT_BYTES)
                if not data:
                    return False
                self.held = self.decoder.decode(data)
            while self.held or self.pending:
                if not self.pending:
                    self.take_letters()
                self.send()
        except BlockingIOError:
            pass  # not yet
        except OSError:
            return False
        return True

    def take_letters(self):
        letters, self.held = self.held[:AT_ONCE], self.held[AT_ONCE:]
        for letter in letters:
            if letter == '\n':
                self.pending.append(memoryview(b'\n'))
            elif letter >= ' ' and letter != '\x7f':
                self.pending.append(append(letter.encode()))

    def send(self):
        while self.pending:
            sent = self.connection.sendmsg(self.pending)
            while self.pending and sent >= len(self.pending[0]):
                sent -= len(self.pending.pop(0))
            if sent > 0:
                self.pending[0] = self.pending[0][sent:]


def main():
    listener = socket.create_server(('127.0.0.1', int(sys.argv[1]) if len(sys.argv) > 1 else 0), backlog=4096)
    listener.setblocking(False)
    print(f'nonblocking_loop: listening on 127.0.0.1:{listener.getsockname()[1]}', flush=True)
    clients = []
    while True:
        try:
            clients.append(Client(listener.accept()[0]))
        except BlockingIOError:
            pass  # no new client
        gone = [client for client in clients if not client.take_turn()]
        for client in gone:
            client.connection.close()
            clients.remove(client)


_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
main()
