// The two threads of the lab: one answers probes, one sends them and notes who answered. See lab.h.
#define _GNU_SOURCE
#include "CLab.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t clinux_lab_receive_time(struct msghdr *message);

/// A probe, and with a name in it the answer.
struct probe_message {
  uint32_t mark;
  uint32_t number;
  char name[16];
};
enum { probe_mark = 0x47575042, most_sockets = 8, most_responders = 16 };

// --- Echo

struct clinux_echo {
  pthread_t thread;
  size_t count;
  int stop;
  struct pollfd entries[most_sockets + 1];
  char name[16];
};

static void answer(struct clinux_echo *echo, int socket) {
  struct probe_message message = {0};
  struct sockaddr_storage from;
  // Bounded, so that a flood on one socket cannot keep the thread from its stop.
  for (int i = 0; i < 64; i++) {
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(socket, &message, sizeof message, MSG_DONTWAIT,
                              (struct sockaddr *)&from, &size);
    if (length < 0) return;
    if (length < 8 || message.mark != probe_mark) continue;
    memcpy(message.name, echo->name, sizeof message.name);
    // An address that has just left cannot be sent from: the probe is lost, as it should be.
    (void)sendto(socket, &message, sizeof message, MSG_DONTWAIT, (struct sockaddr *)&from, size);
  }
}

/// Ahead of every ordinary thread, and woken to the microsecond: what is measured are others.
static void keep_time(void) {
  struct sched_param first = {.sched_priority = 1};
  pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
  prctl(PR_SET_TIMERSLACK, 1);
}

static void *echo_thread(void *argument) {
  struct clinux_echo *echo = argument;
  keep_time();
  for (;;) {
    if (poll(echo->entries, echo->count + 1, -1) < 0) continue;
    if (echo->entries[echo->count].revents) return NULL;
    for (size_t i = 0; i < echo->count; i++)
      if (echo->entries[i].revents) answer(echo, echo->entries[i].fd);
  }
}

struct clinux_echo *clinux_echo_start(const int *sockets, size_t count, const char *name) {
  if (count == 0 || count > most_sockets) {
    errno = EINVAL;
    return NULL;
  }
  struct clinux_echo *echo = calloc(1, sizeof *echo);
  if (!echo) return NULL;
  strncpy(echo->name, name, sizeof echo->name - 1);
  echo->count = count;
  echo->stop = eventfd(0, EFD_CLOEXEC);
  for (size_t i = 0; i < count; i++)
    echo->entries[i] = (struct pollfd){.fd = sockets[i], .events = POLLIN};
  echo->entries[count] = (struct pollfd){.fd = echo->stop, .events = POLLIN};
  int error = echo->stop < 0 ? errno : pthread_create(&echo->thread, NULL, echo_thread, echo);
  if (error) {
    if (echo->stop >= 0) close(echo->stop);
    free(echo);
    errno = error;
    return NULL;
  }
  return echo;
}

void clinux_echo_stop(struct clinux_echo *echo) {
  eventfd_write(echo->stop, 1);
  pthread_join(echo->thread, NULL);
  for (size_t i = 0; i < echo->count; i++) close(echo->entries[i].fd);
  close(echo->stop);
  free(echo);
}

// --- Probe

struct clinux_probe {
  pthread_t thread;
  pthread_mutex_t lock;
  atomic_bool stop;
  bool joined;
  int socket;
  int grace_ms;
  int64_t interval;
  uint32_t capacity;
  uint32_t sent;
  struct sockaddr_storage to;
  socklen_t to_size;
  char names[most_responders][16];
  struct clinux_probe_record *records;
};

/// The index of a name, new names added; -1 when the table is full.
static int responder_index(struct clinux_probe *probe, const char *name) {
  for (int i = 0; i < most_responders; i++) {
    if (!probe->names[i][0]) memcpy(probe->names[i], name, 15);
    if (!strncmp(probe->names[i], name, 15)) return i;
  }
  return -1;
}

static void drain(struct clinux_probe *probe) {
  for (int i = 0; i < 1024; i++) {
    struct probe_message message;
    char control[256];
    struct iovec space = {&message, sizeof message};
    struct msghdr header = {
        .msg_iov = &space, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(probe->socket, &header, MSG_DONTWAIT);
    if (length < 0) return;
    if (length != sizeof message || message.mark != probe_mark || !message.name[0]) continue;
    int64_t time = clinux_lab_receive_time(&header);
    pthread_mutex_lock(&probe->lock);
    int index = message.number < probe->sent ? responder_index(probe, message.name) : -1;
    if (index >= 0) {
      struct clinux_probe_record *record = &probe->records[message.number];
      if (!record->received) {
        record->received = time;
        record->responder = (uint8_t)index;
      }
      record->responders |= (uint16_t)(1 << index);
    }
    pthread_mutex_unlock(&probe->lock);
  }
}

static void sleep_until(int64_t time) {
  struct timespec until = {time / 1000000000, time % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
}

static void *probe_thread(void *argument) {
  struct clinux_probe *probe = argument;
  keep_time();
  int64_t next = clinux_lab_now();
  while (!atomic_load(&probe->stop)) {
    if (probe->sent < probe->capacity) {
      struct probe_message message = {.mark = probe_mark, .number = probe->sent};
      pthread_mutex_lock(&probe->lock);
      probe->records[probe->sent++].sent = clinux_lab_now();
      pthread_mutex_unlock(&probe->lock);
      // A network that cannot be reached is what is measured here: such a probe is lost.
      (void)sendto(probe->socket, &message, sizeof message, MSG_DONTWAIT,
                   (struct sockaddr *)&probe->to, probe->to_size);
    }
    next += probe->interval;
    int64_t now = clinux_lab_now();
    // After a pause of this thread the missed probes are not sent in a burst.
    if (next < now - 10 * probe->interval) next = now;
    sleep_until(next);
    drain(probe);
  }
  int64_t end = clinux_lab_now() + probe->grace_ms * 1000000LL;
  while (clinux_lab_now() < end) {
    clinux_lab_readable(probe->socket, (int)((end - clinux_lab_now()) / 1000000) + 1);
    drain(probe);
  }
  return NULL;
}

struct clinux_probe *clinux_probe_start(const char *ns, const uint8_t *address, size_t length,
                                        uint16_t port, int64_t interval_us, uint32_t capacity) {
  struct clinux_probe *probe = calloc(1, sizeof *probe);
  if (!probe) return NULL;
  // Anonymous zero pages: memory is used only as far as probes are sent.
  probe->records = calloc(capacity ? capacity : 1, sizeof *probe->records);
  probe->capacity = capacity;
  probe->interval = (interval_us > 0 ? interval_us : 1) * 1000;
  if (length == 4) {
    struct sockaddr_in *to = (struct sockaddr_in *)&probe->to;
    to->sin_family = AF_INET;
    to->sin_port = htons(port);
    memcpy(&to->sin_addr, address, 4);
    probe->to_size = sizeof *to;
  } else {
    struct sockaddr_in6 *to = (struct sockaddr_in6 *)&probe->to;
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(port);
    memcpy(&to->sin6_addr, address, 16);
    probe->to_size = sizeof *to;
  }
  pthread_mutex_init(&probe->lock, NULL);
  probe->socket =
      clinux_socket_in_namespace(ns, length == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  int error = probe->socket < 0 || !probe->records ? errno : 0;
  if (!error) {
    int on = 1;
    setsockopt(probe->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    error = pthread_create(&probe->thread, NULL, probe_thread, probe);
  }
  if (error) {
    probe->joined = true;
    clinux_probe_free(probe);
    errno = error;
    return NULL;
  }
  return probe;
}

void clinux_probe_stop(struct clinux_probe *probe, int grace_ms) {
  if (probe->joined) return;
  probe->grace_ms = grace_ms;
  atomic_store(&probe->stop, true);
  pthread_join(probe->thread, NULL);
  probe->joined = true;
}

void clinux_probe_free(struct clinux_probe *probe) {
  clinux_probe_stop(probe, 0);
  if (probe->socket >= 0) close(probe->socket);
  pthread_mutex_destroy(&probe->lock);
  free(probe->records);
  free(probe);
}

uint32_t clinux_probe_count(struct clinux_probe *probe) {
  pthread_mutex_lock(&probe->lock);
  uint32_t count = probe->sent;
  pthread_mutex_unlock(&probe->lock);
  return count;
}

struct clinux_probe_record clinux_probe_at(struct clinux_probe *probe, uint32_t number) {
  struct clinux_probe_record record = {0};
  pthread_mutex_lock(&probe->lock);
  if (number < probe->sent) record = probe->records[number];
  pthread_mutex_unlock(&probe->lock);
  return record;
}

bool clinux_probe_responder(struct clinux_probe *probe, uint8_t index, char name[16]) {
  pthread_mutex_lock(&probe->lock);
  bool found = index < most_responders && probe->names[index][0];
  if (found) memcpy(name, probe->names[index], 16);
  pthread_mutex_unlock(&probe->lock);
  return found;
}
