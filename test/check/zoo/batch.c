// Fails batch. It uses only the first byte of a receive.

#define _GNU_SOURCE
#include <sys/socket.h>

static ssize_t receive_first(int fd, void *bytes, size_t size, int flags) {
  ssize_t received = recv(fd, bytes, size, flags);
  return received > 1 ? 1 : received;
}

#define recv receive_first
#include "epoll.c"
