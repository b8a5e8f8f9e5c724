// A baseline for `uring`: the same wire in C, one thread, io_uring(7) with liburing. It shows what completion instead of
// readiness is worth without a runtime. Each send has the next receive linked behind it, so a client is read from only
// when all its replies are written. Receive buffers are the kernel's choice: idle clients own none.
// Left out: as in epoll.c. A client whose connection breaks is closed without a word.
//
//   cc -O2 -o uring uring.c -luring && ./uring [port]

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TEXT_BYTES = 64 << 20, CLIENTS = 20000, INPUT_BYTES = 2048, VIEWS = 64, ENTRIES = 256, BUFFERS = 256, GROUP = 0 };
enum operation { ACCEPT, RECEIVE, SEND };

// All memory is here from the start; the kernel gives a page when it is first touched.
static char text[TEXT_BYTES];
static size_t text_length;

static struct client {
  // Bytes received, of which those before input_at are done with.
  int input_at, input_length;
  size_t sending;
  struct msghdr replies;
  struct iovec views[VIEWS];
  unsigned char input[INPUT_BYTES + 4];
} clients[CLIENTS];

static struct io_uring ring;
static struct io_uring_buf_ring *free_buffers;
static unsigned char buffers[BUFFERS][INPUT_BYTES];

static void must(bool done, const char *what) {
  if (done) return;
  perror(what);
  exit(1);
}

static int letter_bytes(unsigned char first) {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static void owe(struct client *client, char *bytes, size_t length) {
  client->views[client->replies.msg_iovlen++] = (struct iovec){bytes, length};
  client->sending += length;
}

// Turns input into text and replies, until either the input or the room for views is used up.
static void take_letters(struct client *client) {
  client->replies = (struct msghdr){.msg_iov = client->views};
  client->sending = 0;
  while (client->input_at < client->input_length && client->replies.msg_iovlen < VIEWS) {
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
}

// Makes room for two submissions, since links do not reach from one system call to the next.
static void make_room(void) {
  if (io_uring_sq_space_left(&ring) < 2) io_uring_submit(&ring);
}

static struct io_uring_sqe *submission(void) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
  must(sqe != NULL, "io_uring_get_sqe");
  return sqe;
}

// What its completion will say.
static void name(struct io_uring_sqe *sqe, enum operation operation, int fd) {
  io_uring_sqe_set_data64(sqe, (unsigned long long)operation << 32 | (unsigned)fd);
}

static void submit_receive(int fd) {
  struct io_uring_sqe *sqe = submission();
  io_uring_prep_recv(sqe, fd, NULL, INPUT_BYTES, 0);
  sqe->ioprio = IORING_RECVSEND_POLL_FIRST;
  sqe->flags = IOSQE_BUFFER_SELECT;
  sqe->buf_group = GROUP;
  name(sqe, RECEIVE, fd);
}

// What comes next for a client: its replies, and a receive behind them once all its input is used up.
static void proceed(int fd, struct client *client) {
  take_letters(client);
  make_room();
  bool owes = client->replies.msg_iovlen > 0;
  int left = client->input_length - client->input_at;
  bool reads = client->replies.msg_iovlen < VIEWS || left == 0;
  if (owes) {
    struct io_uring_sqe *sqe = submission();
    io_uring_prep_sendmsg(sqe, fd, &client->replies, MSG_NOSIGNAL | MSG_WAITALL);
    if (reads) sqe->flags = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
    name(sqe, SEND, fd);
  }
  if (reads) submit_receive(fd);
}

static void give_back(int buffer) {
  io_uring_buf_ring_add(free_buffers, buffers[buffer], INPUT_BYTES, buffer, io_uring_buf_ring_mask(BUFFERS), 0);
  io_uring_buf_ring_advance(free_buffers, 1);
}

// Moves what was received behind what is left of an unfinished letter.
static void received(int fd, struct client *client, struct io_uring_cqe *cqe) {
  if (cqe->res == -ENOBUFS) return submit_receive(fd);
  if (cqe->res <= 0) {
    close(fd);
    return;
  }
  int left = client->input_length - client->input_at;
  int buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
  memmove(client->input, client->input + client->input_at, left);
  memcpy(client->input + left, buffers[buffer], cqe->res);
  give_back(buffer);
  client->input_at = 0;
  client->input_length = left + cqe->res;
  proceed(fd, client);
}

static void accept_clients(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, 0);
    if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED)) break;
    must(fd >= 0 && fd < CLIENTS, "accept4");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    clients[fd].input_at = clients[fd].input_length = 0;
    make_room();
    submit_receive(fd);
  }
  make_room();
  struct io_uring_sqe *sqe = submission();
  io_uring_prep_poll_add(sqe, listener, 1);
  name(sqe, ACCEPT, listener);
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
  printf("uring: listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void stop(int signal) {
  (void)signal;
  _exit(0);
}

static void set_up_ring(void) {
  struct io_uring_params params = {
    .flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
  };
  errno = -io_uring_queue_init_params(ENTRIES, &ring, &params);
  must(errno == 0, "io_uring_queue_init_params");
  free_buffers = mmap(NULL, BUFFERS * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  must(free_buffers != MAP_FAILED, "mmap");
  struct io_uring_buf_reg registration = {
    .ring_addr = (unsigned long)free_buffers, .ring_entries = BUFFERS, .bgid = GROUP,
  };
  errno = -io_uring_register_buf_ring(&ring, &registration, 0);
  must(errno == 0, "io_uring_register_buf_ring");
  for (int buffer = 0; buffer < BUFFERS; buffer++) give_back(buffer);
}

int main(int count, char **words) {
  signal(SIGTERM, stop);
  struct rlimit descriptors;
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  set_up_ring();
  int listener = listen_on(count > 1 ? atoi(words[1]) : 0);
  accept_clients(listener);
  for (;;) {
    io_uring_submit_and_wait(&ring, 1);
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(&ring, head, cqe) {
      int fd = (int)cqe->user_data;
      struct client *client = &clients[fd];
      seen++;
      switch ((enum operation)(cqe->user_data >> 32)) {
      case ACCEPT:
        accept_clients(listener);
        break;
      case RECEIVE:
        received(fd, client, cqe);
        break;
      case SEND: // a linked one only if it has failed; then its receive is cancelled
        if (cqe->res == (int)client->sending) proceed(fd, client);
        else close(fd);
      }
    }
    io_uring_cq_advance(&ring, seen);
  }
}
