#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { backlog = 4096, most = 16384 };

/// What a client has sent so far of its next message, by descriptor.
struct half {
  struct message message;
  unsigned have;
};
static struct half halves[most];

static int listener(int family, uint16_t port, int mapped) {
  int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) give_up("socket");
  int on = 1, result;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    result = bind(descriptor, (struct sockaddr *)&name, sizeof name);
  } else {
    int only = !mapped;
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    result = bind(descriptor, (struct sockaddr *)&name, sizeof name);
  }
  if (result < 0) give_up("bind");
  if (listen(descriptor, backlog) < 0) give_up("listen");
  return descriptor;
}

static void await(int poll, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) < 0) give_up("epoll_ctl");
}

static void take(int poll, int listener) {
  for (int i = 0; i < backlog; i++) {
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    if (client >= most) {
      close(client);
      continue;
    }
    int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    halves[client].have = 0;
    await(poll, client);
  }
}

static void answer(int client, const char *name) {
  struct half *half = &halves[client];
  int result = read_message(client, &half->message, &half->have);
  if (result == 0) return;
  struct message reply = half->message;
  strncpy(reply.name, name, sizeof reply.name - 1);
  // A client that reads nothing is not worth waiting for.
  if (result > 0 && send(client, &reply, sizeof reply, MSG_NOSIGNAL) == sizeof reply) return;
  close(client);
}

int serve(int count, char **words) {
  if (count != 3 || strlen(words[0]) >= sizeof ((struct message *)0)->name) return 64;
  uint16_t port = (uint16_t)atoi(words[1]);
  int mapped = !strcmp(words[2], "mapped");
  int poll = epoll_create1(EPOLL_CLOEXEC);
  if (poll < 0) give_up("epoll_create1");
  int six = listener(AF_INET6, port, mapped);
  int four = mapped ? -1 : listener(AF_INET, port, 0);
  await(poll, six);
  if (four >= 0) await(poll, four);
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, -1);
    if (ready < 0 && errno != EINTR) give_up("epoll_wait");
    for (int i = 0; i < ready; i++) {
      int descriptor = events[i].data.fd;
      if (descriptor == six || descriptor == four)
        take(poll, descriptor);
      else
        answer(descriptor, words[0]);
    }
  }
}
