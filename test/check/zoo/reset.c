// Fails reset. An error of one connection ends the program.

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static ssize_t receive_or_exit(int fd, void *bytes, size_t size, int flags) {
  ssize_t received = recv(fd, bytes, size, flags);
  if (received < 0 && errno != EAGAIN) {
    perror("recv");
    exit(1);
  }
  return received;
}

static ssize_t send_or_exit(int fd, const struct msghdr *replies, int flags) {
  ssize_t sent = sendmsg(fd, replies, flags);
  if (sent < 0 && errno != EAGAIN) {
    perror("sendmsg");
    exit(1);
  }
  return sent;
}

#define recv receive_or_exit
#define sendmsg send_or_exit
#include "epoll.c"
