# Prints without end, and answers nothing.

import socket
import sys

server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
while True:
    sys.stdout.write('\x1b[2J\x1b[31mendless\n' * 1000)
