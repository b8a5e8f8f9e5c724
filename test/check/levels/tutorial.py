# What the tutorial's strsvr does, in Python 3: it accepts two clients, then asks each in turn, without waiting, for one
# letter. A letter is appended and all are sent back, without a line feed; a client that sends nothing more has left.
#
#   python3 tutorial.py PORT

import collections
import socket
import sys

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('', int(sys.argv[1])))
listener.listen(5)

circle = collections.deque()
for _ in range(2):
    client, _address = listener.accept()
    client.setblocking(False)
    circle.append(client)

v = b''
while circle:
    client = circle.popleft()
    try:
        letter = client.recv(1)
        if letter == b'':
            client.close()
            continue
        v += letter
        client.send(v)
    except OSError:
        pass  # nothing yet, or the next receive says that it has left
    circle.append(client)
print('the final value of v is', v.decode())
