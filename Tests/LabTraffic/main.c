#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void give_up(const char *call) {
  fprintf(stderr, "lab-traffic: %s: %s\n", call, strerror(errno));
  exit(71);
}

void raise_limits(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) give_up("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) give_up("setrlimit");
}

int read_message(int socket, struct message *message, unsigned *have) {
  ssize_t count =
      recv(socket, (char *)message + *have, sizeof *message - *have, MSG_DONTWAIT);
  if (count == 0) {
    errno = 0;
    return -1;
  }
  if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  *have += (unsigned)count;
  if (*have < sizeof *message) return 0;
  *have = 0;
  return 1;
}

int main(int count, char **words) {
  raise_limits();
  if (count > 1 && !strcmp(words[1], "serve")) return serve(count - 2, words + 2);
  if (count > 1 && !strcmp(words[1], "clients")) return clients(count - 2, words + 2);
  if (count > 1 && !strcmp(words[1], "flood")) return flood(count - 2, words + 2);
  fprintf(stderr,
          "usage: lab-traffic serve NAME PORT split|mapped\n"
          "       lab-traffic clients idle|writing|mute|half-open COUNT ADDRESS PORT TIMEOUT_MS\n"
          "       lab-traffic flood INTERFACE TOTAL RATE\n");
  return 64;
}
