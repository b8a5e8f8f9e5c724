# A server for ASCII that answers a line feed with a line feed: level line. A thread for each client, one lock for the string.
#
#   python3 line.py PORT

import socketserver
import sys
import threading

text = b''
lock = threading.Lock()


class Client(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        while received := self.request.recv(1024):
            for code in received:
                self.answer(bytes([code]))

    def answer(self, letter):
        global text
        if letter == b'\n':
            self.request.sendall(letter)
        elif letter < b'\x7f':
            with lock:
                text += letter
                reply = text
            self.request.sendall(reply)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # that client has left


Server(('127.0.0.1', int(sys.argv[1])), Client).serve_forever()
