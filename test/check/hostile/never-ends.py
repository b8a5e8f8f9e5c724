# Ignores SIGTERM and does not end; a process of it leaves the session, and another one its environment too.

import os
import signal
import socket
import subprocess
import sys
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', __file__], start_new_session=True, env={})
print('\x1b[2J' + os.environ.get('SECRET', 'no secret'), flush=True)
time.sleep(600)
