# A baseline for `threads`: the same wire in Python, a thread for each client, each waiting in its own recv, and a Lock
# around the text. A reply is a view of the text, made under the lock and sent outside, because these bytes never
# change. A blocking send is the backpressure. Python's global interpreter lock runs one thread at a time (see PEP 703).
# Left out: C1 control characters are letters; a full text ends its client's thread; no limits, no log.
#
#   python3 threads.py [port]

import codecs
import mmap
import os
import resource
import signal
import socket
import sys
import threading

TEXT_BYTES = 64 << 20
INPUT_BYTES = 2048
STACK_BYTES = 256 << 10
AT_ONCE = 64  # as many letters are answered in one send

text = memoryview(mmap.mmap(-1, TEXT_BYTES))  # takes memory only as it is written
length = 0
lock = threading.Lock()


def append(letter):
    global length
    with lock:
        start, length = length, length + len(letter)
        text[start:length] = letter
        return text[:length]


def serve(connection):
    decoder = codecs.getincrementaldecoder('utf-8')('replace')
    try:
        while data := connection.recv(INPUT_BYTES):
            letters = decoder.decode(data)
            for start in range(0, len(letters), AT_ONCE):
                answer(connection, letters[start : start + AT_ONCE])
    except OSError:
        pass  # it has gone
    finally:
        connection.close()


def answer(connection, letters):
    replies = []
    for letter in letters:
        if letter == '\n':
            replies.append(b'\n')
        elif letter >= ' ' and letter != '\x7f':
            replies.append(append(letter.encode()))
    connection.sendall(b''.join(replies))


def main():
    listener = socket.create_server(('127.0.0.1', int(sys.argv[1]) if len(sys.argv) > 1 else 0), backlog=4096)
    print(f'threads: listening on 127.0.0.1:{listener.getsockname()[1]}', flush=True)
    threading.stack_size(STACK_BYTES)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
main()
