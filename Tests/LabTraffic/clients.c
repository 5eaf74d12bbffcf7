#define _GNU_SOURCE
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
  most = 8192,
  /// Between two connects of one client of which the first was refused.
  pause_ns = 5000000,
  request_interval_ns = 100000000,
  /// How often the deadlines are looked at.
  tick_ms = 5,
};

enum kind { idle, writing, half_open, mute };
enum state {
  /// Has no connection, and tries again at its deadline.
  waiting,
  connecting,
  /// Waits for the first answer.
  asking,
  up,
  /// Half-open, for good.
  gone,
};

struct client {
  enum state state;
  int socket;
  int64_t deadline;
  uint64_t number;
  unsigned failed, late, have;
  struct message message;
};

static struct client pool[most];
static int poll_descriptor, total;
static enum kind kind;
static struct sockaddr_storage to;
static socklen_t to_size;
static int64_t timeout;
static uint64_t turn;

static void connect_again(struct client *client);

static void lose(struct client *client) {
  close(client->socket);
  client->socket = -1;
  client->have = 0;
}

/// A connect or a first request that came to nothing.
static void fail(struct client *client, int is_late) {
  lose(client);
  if (is_late)
    client->late++;
  else
    client->failed++;
  client->state = waiting;
  client->deadline = is_late ? 0 : now() + pause_ns;
}

static void watch(struct client *client, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u32 = (uint32_t)(client - pool)};
  if (epoll_ctl(poll_descriptor, operation, client->socket, &event) < 0) give_up("epoll_ctl");
}

static int ask(struct client *client) {
  struct message request = {.number = ++client->number};
  ssize_t sent = send(client->socket, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT);
  // A full buffer is no news about the connection; a part of a message would be, but is so small
  // that it never happens.
  return sent == sizeof request || (sent < 0 && errno == EAGAIN) ? 0 : -1;
}

static void connected(struct client *client) {
  client->state = asking;
  watch(client, EPOLL_CTL_MOD, EPOLLIN);
  if (kind == mute) {
    printf("up %d %lld - %u %u\n", (int)(client - pool), (long long)now(), client->failed,
           client->late);
    client->state = up;
    return;
  }
  if (ask(client) < 0) fail(client, 0);
}

static void connect_again(struct client *client) {
  client->socket = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->socket < 0) give_up("socket");
  int on = 1;
  setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  client->state = connecting;
  client->deadline = now() + timeout;
  int result = connect(client->socket, (struct sockaddr *)&to, to_size);
  if (result < 0 && errno != EINPROGRESS) return fail(client, 0);
  watch(client, EPOLL_CTL_ADD, EPOLLOUT);
}

/// The connection had worked and has ended.
static void noticed(struct client *client, int error) {
  printf("down %d %lld %d\n", (int)(client - pool), (long long)now(), error);
  lose(client);
  client->failed = client->late = 0;
  connect_again(client);
}

/// As a machine does that lost its power: the server is told nothing.
static void vanish(struct client *client) {
  int on = 1;
  if (setsockopt(client->socket, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) < 0)
    give_up("TCP_REPAIR");
  lose(client);
  client->state = gone;
}

static void handle(struct client *client) {
  int error = 0;
  socklen_t size = sizeof error;
  switch (client->state) {
    case waiting:
    case gone:
      return;
    case connecting:
      if (getsockopt(client->socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error)
        return fail(client, 0);
      return connected(client);
    case asking: {
      int result = read_message(client->socket, &client->message, &client->have);
      if (result < 0) return fail(client, 0);
      if (result == 0) return;
      printf("up %d %lld %.23s %u %u\n", (int)(client - pool), (long long)now(),
             client->message.name, client->failed, client->late);
      client->state = up;
      if (kind == half_open) vanish(client);
      return;
    }
    case up:
      if (read_message(client->socket, &client->message, &client->have) < 0)
        noticed(client, errno);
  }
}

/// The connections' requests are spread evenly over the interval.
static void write_due(int64_t start) {
  int64_t apart = request_interval_ns / total;
  int64_t time = now();
  for (int i = 0; i < total && start + (int64_t)turn * apart <= time; i++, turn++) {
    struct client *client = &pool[turn % (uint64_t)total];
    if (client->state == up && ask(client) < 0) noticed(client, errno);
  }
}

static void look_at_deadlines(void) {
  int64_t time = now();
  for (int i = 0; i < total; i++) {
    struct client *client = &pool[i];
    int pending = client->state == connecting || client->state == asking;
    if (pending && client->deadline < time) fail(client, 1);
    if (client->state == waiting && client->deadline <= time) connect_again(client);
  }
}

static int read_words(int count, char **words) {
  if (count != 5) return -1;
  kind = !strcmp(words[0], "idle") ? idle : !strcmp(words[0], "writing") ? writing
         : !strcmp(words[0], "mute") ? mute : half_open;
  total = atoi(words[1]);
  timeout = atoll(words[4]) * 1000000;
  in_port_t port = htons((uint16_t)atoi(words[3]));
  struct sockaddr_in *four = (struct sockaddr_in *)&to;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)&to;
  if (inet_pton(AF_INET, words[2], &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = port;
    to_size = sizeof *four;
  } else if (inet_pton(AF_INET6, words[2], &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = port;
    to_size = sizeof *six;
  } else {
    return -1;
  }
  return total < 1 || total > most || timeout <= 0 ? -1 : 0;
}

int clients(int count, char **words) {
  if (read_words(count, words) < 0) return 64;
  poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (poll_descriptor < 0) give_up("epoll_create1");
  static char buffer[1 << 16];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  for (int i = 0; i < total; i++) {
    pool[i].state = waiting;
    pool[i].socket = -1;
  }
  int64_t start = now(), looked = 0;
  for (;;) {
    struct epoll_event events[512];
    int ready = epoll_wait(poll_descriptor, events, 512, kind == writing ? 1 : tick_ms);
    if (ready < 0 && errno != EINTR) give_up("epoll_wait");
    for (int i = 0; i < ready; i++) handle(&pool[events[i].data.u32]);
    if (kind == writing) write_due(start);
    if (now() - looked >= tick_ms * 1000000LL) {
      look_at_deadlines();
      looked = now();
    }
    fflush(stdout);
  }
}
