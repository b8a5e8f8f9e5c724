# A string server: the README beside this file says what it must do.
#
#   python3 server.py 2000

import sys


def serve(port):
    # 1. socket(), setsockopt(SO_REUSEADDR), bind() to 127.0.0.1 and this port, listen()
    # 2. Wait until a client connects or sends: the module selectors, or a thread for each client.
    # 3. accept() a new client; recv() from one that has sent: it may bring several letters, or half of one.
    # 4. Append each letter to the string, and send the string: send() may take only a part of it.
    # 5. recv() returns nothing: this client has left. close() its socket, and go on.
    print(f'server.py is not written yet: it should listen on port {port}', file=sys.stderr)
    return 1


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        print(f'usage: {sys.argv[0]} PORT', file=sys.stderr)
        return 2
    return serve(int(sys.argv[1]))


if __name__ == '__main__':
    sys.exit(main())
