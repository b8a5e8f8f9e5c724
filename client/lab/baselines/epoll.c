// A baseline for `events`: the same wire in C, one thread, epoll(7). It shows what the I/O model costs without a runtime.
// Pending replies of a client are views of the text, which never moves, so nothing is copied but by the kernel. A client
// is read only when all that is pending for it has been written: this is the backpressure.
// Left out: UTF-8 is not checked, only counted off by its first bytes, and C1 control characters are letters; a full
// text or a lack of descriptors ends the server; no limits, no log.
//
//   cc -O2 -o epoll epoll.c && ./epoll [port]

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TEXT_BYTES = 64 << 20, CLIENTS = 20000, INPUT_BYTES = 2048, VIEWS = 64, EVENTS = 512 };

// All memory is here from the start; the kernel gives a page when it is first touched.
static char text[TEXT_BYTES];
static size_t text_length;

static struct client {
  bool waits_for_room;
  // Bytes read, of which those before input_at are done with.
  int input_at, input_length;
  // What is pending: the views from view_at on.
  int view_at, view_count;
  struct iovec views[VIEWS];
  unsigned char input[INPUT_BYTES];
} clients[CLIENTS];

static int poller;

// How a call on a nonblocking socket went.
enum outcome { DONE, NOT_YET, GONE };

static void must(bool done, const char *what) {
  if (done) return;
  perror(what);
  exit(1);
}

static int letter_bytes(unsigned char first) {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static void owe(struct client *client, char *bytes, size_t length) {
  client->views[client->view_count++] = (struct iovec){bytes, length};
}

// Turns input into text and replies, until either the input or the room for views is used up. False when nothing is pending.
static bool take_letters(struct client *client) {
  client->view_at = client->view_count = 0;
  while (client->input_at < client->input_length && client->view_count < VIEWS) {
    unsigned char *letter = client->input + client->input_at;
    int length = letter_bytes(*letter);
    if (client->input_at + length > client->input_length) break; // the rest of it has not come
    client->input_at += length;
    if (*letter == '\n') {
      owe(client, "\n", 1);
    } else if (*letter >= 0x20 && *letter != 0x7f) {
      must(text_length + length <= TEXT_BYTES, "the text is full");
      memcpy(text + text_length, letter, length);
      text_length += length;
      owe(client, text, text_length);
    }
  }
  return client->view_count > 0;
}

static enum outcome failed_call(void) { return errno == EAGAIN ? NOT_YET : GONE; }

static enum outcome write_replies(int fd, struct client *client) {
  while (client->view_at < client->view_count) {
    struct iovec *view = client->views + client->view_at;
    struct msghdr replies = {.msg_iov = view, .msg_iovlen = client->view_count - client->view_at};
    ssize_t sent = sendmsg(fd, &replies, MSG_NOSIGNAL);
    if (sent < 0) return failed_call();
    for (; client->view_at < client->view_count && (size_t)sent >= view->iov_len; client->view_at++) {
      sent -= view++->iov_len;
    }
    if (sent > 0) { // a short write: the rest of this view is still pending
      view->iov_base = (char *)view->iov_base + sent;
      view->iov_len -= sent;
    }
  }
  return DONE;
}

static void wait_for(int fd, struct client *client, bool room) {
  if (client->waits_for_room == room) return;
  client->waits_for_room = room;
  struct epoll_event event = {.events = room ? EPOLLOUT : EPOLLIN, .data.fd = fd};
  must(epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) == 0, "epoll_ctl");
}

// Reads behind what is left of an unfinished letter.
static enum outcome read_letters(int fd, struct client *client) {
  int left = client->input_length - client->input_at;
  memmove(client->input, client->input + client->input_at, left);
  client->input_at = 0;
  client->input_length = left;
  ssize_t received = recv(fd, client->input + left, INPUT_BYTES - left, 0);
  if (received <= 0) return received == 0 ? GONE : failed_call();
  client->input_length += received;
  return DONE;
}

// One client's turn: what is pending for it, or else one read and the replies to it. The end of its stream is read only after
// its last reply was written.
static void serve(int fd, struct client *client) {
  enum outcome outcome = client->waits_for_room ? write_replies(fd, client) : read_letters(fd, client);
  while (outcome == DONE && take_letters(client)) outcome = write_replies(fd, client);
  if (outcome == GONE) close(fd);
  else wait_for(fd, client, client->view_at < client->view_count);
}

static void accept_clients(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED)) return;
    must(fd >= 0 && fd < CLIENTS, "accept4");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct client *client = &clients[fd];
    client->waits_for_room = false;
    client->input_at = client->input_length = client->view_at = client->view_count = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    must(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
  }
}

static int listen_on(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  must(listener >= 0, "socket");
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  must(bind(listener, (struct sockaddr *)&address, length) == 0, "bind");
  must(listen(listener, 4096) == 0, "listen");
  must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
  printf("epoll: listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
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
  poller = epoll_create1(0);
  must(poller >= 0, "epoll_create1");
  int listener = listen_on(count > 1 ? atoi(words[1]) : 0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  must(epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) == 0, "epoll_ctl");
  for (;;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poller, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) accept_clients(listener);
      else serve(fd, &clients[fd]);
    }
  }
}
