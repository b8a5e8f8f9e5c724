// Fails restart. It does not set SO_REUSEADDR.

#define _GNU_SOURCE
#include <sys/socket.h>

#define setsockopt(fd, level, ...) ((level) == SOL_SOCKET ? 0 : setsockopt(fd, level, __VA_ARGS__))
#include "epoll.c"
