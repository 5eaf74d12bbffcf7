#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { most_frames = 65536, most_bytes = 1514, together = 64 };

static struct iovec frames[most_frames];

/// A line of hexadecimal digits as a frame; its length, 0 for a line without any.
static size_t read_frame(const char *line, uint8_t *bytes) {
  size_t length = 0;
  unsigned byte;
  while (length < most_bytes && sscanf(line + 2 * length, "%2x", &byte) == 1)
    bytes[length++] = (uint8_t)byte;
  return length;
}

static int read_frames(void) {
  static char line[2 * most_bytes + 2];
  static uint8_t bytes[most_bytes];
  int count = 0;
  while (count < most_frames && fgets(line, sizeof line, stdin)) {
    size_t length = read_frame(line, bytes);
    if (length < 14) continue;
    frames[count].iov_base = memcpy(malloc(length), bytes, length);
    frames[count++].iov_len = length;
  }
  return count;
}

/// Sends until all are on their way: a full queue is waited for.
static void send_all(int socket, struct mmsghdr *messages, unsigned count) {
  for (unsigned sent = 0; sent < count;) {
    int result = sendmmsg(socket, messages + sent, count - sent, 0);
    if (result > 0)
      sent += (unsigned)result;
    else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
      give_up("sendmmsg");
  }
}

int flood(int count, char **words) {
  if (count != 3) return 64;
  long total = atol(words[1]), rate = atol(words[2]);
  int frame_count = read_frames();
  if (frame_count == 0 || total < 1 || rate < 0) return 64;
  int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (descriptor < 0) give_up("socket");
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
  to.sll_ifindex = (int)if_nametoindex(words[0]);
  if (to.sll_ifindex == 0) give_up("if_nametoindex");
  struct mmsghdr messages[together] = {0};
  int64_t start = now();
  for (long sent = 0; sent < total;) {
    unsigned batch = 0;
    for (; batch < together && sent + batch < total; batch++) {
      messages[batch].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to,
                                                .msg_iov = &frames[(sent + batch) % frame_count],
                                                .msg_iovlen = 1};
    }
    send_all(descriptor, messages, batch);
    sent += batch;
    int64_t due = rate ? start + sent * 1000000000LL / rate : 0;
    struct timespec until = {due / 1000000000, due % 1000000000};
    while (due > now() &&
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {}
  }
  printf("%ld %lld\n", total, (long long)(now() - start));
  return 0;
}
