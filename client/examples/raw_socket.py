# A client without a library: python3 client/examples/raw_socket.py [port]
# A letter and a line feed are answered with one line: the whole string.

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
with socket.create_connection(("127.0.0.1", port)) as connection:
    replies = connection.makefile(encoding="utf-8", newline="\n")
    for letter in "abc":
        connection.sendall(f"{letter}\n".encode())
        print(replies.readline(), end="")
