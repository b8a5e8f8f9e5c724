# Takes memory without end once a client connects.

import socket
import sys

server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
connection, _ = server.accept()
taken = []
while True:
    taken.append(bytearray(b'x' * (16 << 20)))
