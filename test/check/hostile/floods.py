# Sends without end to each client.

import socket
import sys
import threading

server = socket.create_server(('127.0.0.1', int(sys.argv[1])))


def flood(connection):
    try:
        while True:
            connection.sendall(b'\x1b[2J' * 10000)
    except OSError:
        pass


while True:
    threading.Thread(target=flood, args=(server.accept()[0],), daemon=True).start()
