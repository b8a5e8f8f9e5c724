// Fails long. It takes for granted that a send takes everything.

#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/uio.h>

static ssize_t send_and_forget(int fd, const struct msghdr *replies, int flags) {
  size_t length = 0;
  for (size_t i = 0; i < replies->msg_iovlen; i++) length += replies->msg_iov[i].iov_len;
  sendmsg(fd, replies, flags);
  return (ssize_t)length;
}

#define sendmsg send_and_forget
#include "epoll.c"
