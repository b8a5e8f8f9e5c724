// A baseline for `threads`: the same wire in C, a POSIX thread for each client, each waiting in its own recv(2), and a
// mutex around the text. A letter's offset is taken under the lock; the reply, which is the text up to it, is sent
// outside: these bytes never change. That sendmsg(2) blocks is the backpressure.
// Left out: UTF-8 is not checked, only counted off by its first bytes, and C1 control characters are letters; a full
// text or a lack of descriptors or threads ends the server; no limits, no log.
//
//   cc -O2 -pthread -o threads threads.c && ./threads [port]

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TEXT_BYTES = 64 << 20, INPUT_BYTES = 2048, VIEWS = 64, STACK_BYTES = 64 << 10 };

static char text[TEXT_BYTES];
static size_t text_length; // under the lock
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void must(bool done, const char *what) {
  if (done) return;
  perror(what);
  exit(1);
}

static int letter_bytes(unsigned char first) {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

// Gives the letter's offset: the length of the text just after it.
static size_t append(const unsigned char *letter, int length) {
  pthread_mutex_lock(&lock);
  must(text_length + length <= TEXT_BYTES, "the text is full");
  memcpy(text + text_length, letter, length);
  size_t offset = text_length += length;
  pthread_mutex_unlock(&lock);
  return offset;
}

static bool write_replies(int fd, struct iovec *views, int count) {
  while (count > 0) {
    struct msghdr replies = {.msg_iov = views, .msg_iovlen = count};
    ssize_t sent = sendmsg(fd, &replies, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return false;
    if (sent < 0) continue;
    for (; count > 0 && (size_t)sent >= views->iov_len; count--) sent -= views++->iov_len;
    if (count > 0) {
      views->iov_base = (char *)views->iov_base + sent;
      views->iov_len -= sent;
    }
  }
  return true;
}

// Answers whole letters; what is unfinished stays. Gives how many bytes are done with, or -1 when the client is gone.
static int answer(int fd, unsigned char *input, int length) {
  struct iovec views[VIEWS];
  int at = 0, count = 0;
  while (at < length && at + letter_bytes(input[at]) <= length) {
    unsigned char *letter = input + at;
    at += letter_bytes(*letter);
    if (*letter == '\n') {
      views[count++] = (struct iovec){"\n", 1};
    } else if (*letter >= 0x20 && *letter != 0x7f) {
      views[count++] = (struct iovec){text, append(letter, input + at - letter)};
    }
    if (count < VIEWS) continue;
    if (!write_replies(fd, views, count)) return -1;
    count = 0;
  }
  return write_replies(fd, views, count) ? at : -1;
}

static void *serve(void *client) {
  int fd = (intptr_t)client;
  unsigned char input[INPUT_BYTES];
  int left = 0;
  for (;;) {
    ssize_t received = recv(fd, input + left, INPUT_BYTES - left, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) break;
    int length = left + received, done = answer(fd, input, length);
    if (done < 0) break;
    left = length - done;
    memmove(input, input + done, left);
  }
  close(fd);
  return NULL;
}

static int listen_on(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  must(listener >= 0, "socket");
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  must(bind(listener, (struct sockaddr *)&address, length) == 0, "bind");
  must(listen(listener, 4096) == 0, "listen");
  must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
  printf("threads: listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void stop(int signal) {
  (void)signal;
  _exit(0);
}

int main(int count, char **words) {
  signal(SIGTERM, stop);
  struct rlimit descriptors;
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, STACK_BYTES);
  pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
  int listener = listen_on(count > 1 ? atoi(words[1]) : 0);
  for (;;) {
    int fd = accept4(listener, NULL, NULL, 0);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    must(fd >= 0, "accept4");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    pthread_t thread;
    errno = pthread_create(&thread, &small, serve, (void *)(intptr_t)fd);
    must(errno == 0, "pthread_create");
  }
}
