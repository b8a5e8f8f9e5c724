// Fails leak. It ends a connection without closing its descriptor.

#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define close(fd) (epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL), shutdown(fd, SHUT_RDWR))
#include "epoll.c"
