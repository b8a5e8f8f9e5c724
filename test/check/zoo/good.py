# A server without a fault: selectors, nonblocking sockets, backpressure. Each other file here changes one thing in it.
#
#   python3 good.py PORT

import codecs
import selectors
import signal
import socket
import sys

MAX_PENDING = 64 << 10  # bytes of replies; a client that has more is not read


class Client:
    def __init__(self, connection):
        self.connection = connection
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self.letters = ''  # received, not yet answered
        self.pending = bytearray()  # replies, not yet sent
        self.ended = False


class Server:
    reuse_address = True
    no_delay = True
    select_timeout = None

    def __init__(self):
        self.text = bytearray()
        self.clients = []
        self.selector = selectors.DefaultSelector()

    def run(self, port):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        self.listener = socket.socket()
        if self.reuse_address:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(('127.0.0.1', port))
        self.listener.listen(128)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)
        while True:
            for key, events in self.selector.select(self.select_timeout):
                if key.data is None:
                    self.accept()
                elif key.data in self.clients:
                    self.serve(key.data, events)

    def accept(self):
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        if self.no_delay:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Client(connection)
        self.clients.append(client)
        self.selector.register(connection, selectors.EVENT_READ, client)
        self.on_connect(client)

    def serve(self, client, events):
        try:
            if events & selectors.EVENT_READ:
                self.receive(client)
            self.answer(client)
        except OSError:
            self.on_error(client)

    def receive(self, client):
        data = client.connection.recv(4096)
        if data:
            client.letters += self.decode(client, data)
        else:
            client.ended = True

    def answer(self, client):
        while client.letters and len(client.pending) < MAX_PENDING:
            letter, client.letters = client.letters[0], client.letters[1:]
            self.on_letter(client, letter)
        self.send(client)
        while client.letters and not client.pending:
            return self.answer_later(client)
        if client.ended and not client.pending:
            return self.leave(client)
        full = client.pending or client.ended
        self.selector.modify(client.connection, selectors.EVENT_WRITE if full else selectors.EVENT_READ, client)

    def answer_later(self, client):
        self.selector.modify(client.connection, selectors.EVENT_WRITE, client)

    def on_connect(self, client):
        pass

    def decode(self, client, data):
        return client.decoder.decode(data)

    def on_letter(self, client, letter):
        if letter == '\n':
            client.pending += b'\n'
        elif letter >= ' ' and letter != '\x7f':
            self.store(client, letter)
            self.reply(client, letter)

    def store(self, client, letter):
        self.text += letter.encode()

    def reply(self, client, letter):
        client.pending += self.text

    def send(self, client):
        if client.pending:
            try:
                del client.pending[: client.connection.send(client.pending)]
            except BlockingIOError:
                pass

    def on_error(self, client):
        self.leave(client)

    def leave(self, client):
        self.clients.remove(client)
        self.selector.unregister(client.connection)
        self.close(client)

    def close(self, client):
        client.connection.close()


def main(server):
    server.run(int(sys.argv[1]))


if __name__ == '__main__':
    main(Server())
