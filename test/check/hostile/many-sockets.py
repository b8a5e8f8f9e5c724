# Opens 1,000 sockets that listen, and connects to itself.

import socket
import sys
import time

port = int(sys.argv[1])
sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(900)]
server = socket.create_server(('127.0.0.1', port))
sockets += [socket.create_connection(('127.0.0.1', port)) for _ in range(50)]
while True:
    connection, _ = server.accept()
    sockets.append(connection)
    connection.sendall(b'\x1b]0;title\x07\x9b31m' * 1000)
    time.sleep(0.01)
