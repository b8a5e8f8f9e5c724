// Fails slow-reader. Its sends block.

#define _GNU_SOURCE
#include <sys/socket.h>

#define accept4(listener, address, length, flags) accept4(listener, address, length, 0)
#include "epoll.c"
