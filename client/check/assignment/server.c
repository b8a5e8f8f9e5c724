// A string server: the README beside this file says what it must do.
//
//   cc -O2 -pthread -o server server.c && ./server 2000

#include <stdio.h>
#include <stdlib.h>

static int serve(int port) {
  // 1. socket(), setsockopt(SO_REUSEADDR), bind() to 127.0.0.1 and this port, listen()
  // 2. Wait until a client connects or sends: poll(), or a thread for each client.
  // 3. accept() a new client; recv() from one that has sent: it may bring several letters, or half of one.
  // 4. Append each letter to the string, and send the string: send() may take only a part of it.
  // 5. recv() returns 0: this client has left. close() its socket, and go on.
  fprintf(stderr, "server.c is not written yet: it should listen on port %d\n", port);
  return 1;
}

int main(int count, char **words) {
  int port = count == 2 ? atoi(words[1]) : 0;
  if (port < 1 || port > 65535) {
    fprintf(stderr, "usage: %s PORT\n", words[0]);
    return 2;
  }
  return serve(port);
}
