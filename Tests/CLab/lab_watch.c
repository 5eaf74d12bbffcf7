// The thread that asks for two addresses and records who claims them. See CLab.h.
#define _GNU_SOURCE
#include "CLab.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int64_t clinux_lab_receive_time(struct msghdr *message);

enum { question_count = 4, question_size = 128, probe_mark = 0x47575042, port_at_client = 9998 };

struct question {
  size_t length;
  uint8_t bytes[question_size];
};

struct clinux_watch {
  struct clinux_watch_settings settings;
  pthread_t thread;
  atomic_bool stop;
  bool joined;
  int socket;
  /// Never read: they keep the client from telling that nobody listens.
  int sinks[2];
  uint8_t hardware[6];
  struct sockaddr_ll to;
  struct question questions[question_count];
  _Atomic uint32_t count;
  _Atomic uint32_t lost;
  struct clinux_watch_record *records;
};

// --- Questions

static void put16(uint8_t *to, uint16_t number) {
  to[0] = (uint8_t)(number >> 8);
  to[1] = (uint8_t)number;
}

static uint32_t sum(const uint8_t *bytes, size_t length, uint32_t start) {
  for (size_t i = 0; i + 1 < length; i += 2) start += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
  return start;
}

/// RFC 1071; a zero is sent as all ones (RFC 768).
static uint16_t fold(uint32_t number) {
  while (number > 0xffff) number = (number >> 16) + (number & 0xffff);
  return number == 0xffff ? 0xffff : (uint16_t)~number;
}

static uint8_t *begin(struct question *question, const uint8_t *destination,
                      const uint8_t *source, uint16_t type) {
  memcpy(question->bytes, destination, 6);
  memcpy(question->bytes + 6, source, 6);
  put16(question->bytes + 12, type);
  return question->bytes + 14;
}

static void ask_by_arp(struct clinux_watch *watch, struct question *question) {
  static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};
  static const uint8_t fixed[8] = {0, 1, 8, 0, 6, 4, 0, 1};
  uint8_t *arp = begin(question, everybody, watch->hardware, ETH_P_ARP);
  memcpy(arp, fixed, 8);
  memcpy(arp + 8, watch->hardware, 6);
  memcpy(arp + 14, watch->settings.own4, 4);
  memcpy(arp + 24, watch->settings.address4, 4);
  question->length = 42;
}

/// The headers of IPv6; the payload follows them.
static uint8_t *ipv6(struct clinux_watch *watch, struct question *question, const uint8_t *group,
                     const uint8_t *destination, uint8_t next, uint8_t hops, uint16_t length) {
  uint8_t *header = begin(question, group, watch->hardware, ETH_P_IPV6);
  header[0] = 0x60;
  put16(header + 4, length);
  header[6] = next;
  header[7] = hops;
  memcpy(header + 8, watch->settings.own6, 16);
  memcpy(header + 24, destination, 16);
  question->length = 14 + 40 + length;
  return header + 40;
}

static uint16_t checksum6(const uint8_t *payload, uint16_t length, uint8_t next) {
  // Source and destination stand right in front of the payload (RFC 8200 section 8.1).
  return fold(sum(payload, length, sum(payload - 32, 32, (uint32_t)length + next)));
}

/// To the solicited-node multicast address (RFC 4861 section 4.3).
static void ask_by_solicitation(struct clinux_watch *watch, struct question *question) {
  const uint8_t *target = watch->settings.address6;
  uint8_t group[6] = {0x33, 0x33, 0xff, target[13], target[14], target[15]};
  uint8_t node[16] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, target[13], target[14], target[15]};
  uint8_t *message = ipv6(watch, question, group, node, 58, 255, 32);
  message[0] = 135;
  memcpy(message + 8, target, 16);
  message[24] = 1;
  message[25] = 1;
  memcpy(message + 26, watch->hardware, 6);
  put16(message + 2, checksum6(message, 32, 58));
}

/// The header of UDP and the 24 bytes that the echo knows.
static void datagram(struct clinux_watch *watch, uint8_t *udp) {
  uint32_t mark = probe_mark;
  put16(udp, port_at_client);
  put16(udp + 2, watch->settings.port);
  put16(udp + 4, 32);
  memcpy(udp + 8, &mark, sizeof mark);
}

/// A datagram to the address in a frame to everybody: IP takes it wherever the address is.
static void ask_by_datagram4(struct clinux_watch *watch, struct question *question) {
  static const uint8_t everybody[6] = {255, 255, 255, 255, 255, 255};
  uint8_t *header = begin(question, everybody, watch->hardware, ETH_P_IP);
  header[0] = 0x45;
  put16(header + 2, 20 + 32);
  header[8] = 64;
  header[9] = IPPROTO_UDP;
  memcpy(header + 12, watch->settings.own4, 4);
  memcpy(header + 16, watch->settings.address4, 4);
  put16(header + 10, fold(sum(header, 20, 0)));
  datagram(watch, header + 20);
  question->length = 14 + 20 + 32;
}

static void ask_by_datagram6(struct clinux_watch *watch, struct question *question) {
  static const uint8_t nodes[6] = {0x33, 0x33, 0, 0, 0, 1};
  uint8_t *udp = ipv6(watch, question, nodes, watch->settings.address6, IPPROTO_UDP, 64, 32);
  datagram(watch, udp);
  put16(udp + 6, checksum6(udp, 32, IPPROTO_UDP));
}

// --- Answers

enum { ipv6_bit = 0x80 };

/// What a frame claims; 0 for nothing.
static uint8_t kind_of(struct clinux_watch *watch, const uint8_t *frame, size_t length,
                       uint8_t *priority) {
  const struct clinux_watch_settings *settings = &watch->settings;
  if (length < 42) return 0;
  bool alone = !(frame[0] & 1);
  uint16_t type = (uint16_t)(frame[12] << 8 | frame[13]);
  if (type == ETH_P_ARP)
    return memcmp(frame + 28, settings->address4, 4) ? 0
           : alone                                   ? clinux_watch_answer
                                                     : clinux_watch_announcement;
  if (type == ETH_P_IP && frame[23] == 112) {
    *priority = frame[36];
    return clinux_watch_advertisement;
  }
  if (type == ETH_P_IP && frame[23] == IPPROTO_UDP)
    return memcmp(frame + 26, settings->address4, 4) ? 0 : clinux_watch_datagram;
  if (type != ETH_P_IPV6 || length < 78) return 0;
  if (frame[20] == 112) {
    *priority = frame[56];
    return clinux_watch_advertisement | ipv6_bit;
  }
  if (frame[20] == IPPROTO_UDP && !memcmp(frame + 22, settings->address6, 16))
    return clinux_watch_datagram | ipv6_bit;
  if (frame[20] == 58 && frame[54] == 136 && !memcmp(frame + 62, settings->address6, 16))
    return (alone ? clinux_watch_answer : clinux_watch_announcement) | ipv6_bit;
  return 0;
}

static void drain(struct clinux_watch *watch) {
  for (int i = 0; i < 4096; i++) {
    uint8_t frame[128];
    char control[256];
    struct iovec space = {frame, sizeof frame};
    struct msghdr message = {
        .msg_iov = &space, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(watch->socket, &message, MSG_DONTWAIT);
    if (length < 0) return;
    struct clinux_watch_record record = {0};
    record.kind = kind_of(watch, frame, (size_t)length, &record.priority);
    if (!record.kind) continue;
    uint32_t count = atomic_load(&watch->count);
    if (count >= watch->settings.capacity) {
      atomic_fetch_add(&watch->lost, 1);
      continue;
    }
    record.time = clinux_lab_receive_time(&message);
    memcpy(record.hardware, frame + 6, 6);
    watch->records[count] = record;
    atomic_store(&watch->count, count + 1);
  }
}

// --- The thread

static void *watch_thread(void *argument) {
  struct clinux_watch *watch = argument;
  // Busy nodes must not keep it from asking.
  struct sched_param first = {.sched_priority = 1};
  pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
  int64_t next = clinux_lab_now();
  while (!atomic_load(&watch->stop)) {
    for (int i = 0; i < question_count; i++)
      (void)sendto(watch->socket, watch->questions[i].bytes, watch->questions[i].length,
                   MSG_DONTWAIT, (struct sockaddr *)&watch->to, sizeof watch->to);
    next += watch->settings.interval_us * 1000;
    int64_t now = clinux_lab_now();
    if (next < now) next = now;
    if (next > now) clinux_lab_sleep((next - now) / 1000);
    drain(watch);
  }
  return NULL;
}

static int open_socket(struct clinux_watch *watch) {
  const struct clinux_watch_settings *settings = &watch->settings;
  watch->socket =
      clinux_socket_in_namespace(settings->ns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (watch->socket < 0) return -1;
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", settings->interface);
  if (ioctl(watch->socket, SIOCGIFHWADDR, &request) < 0) return -1;
  memcpy(watch->hardware, request.ifr_hwaddr.sa_data, 6);
  if (ioctl(watch->socket, SIOCGIFINDEX, &request) < 0) return -1;
  watch->to = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  watch->to.sll_ifindex = request.ifr_ifindex;
  int on = 1, size = 16 << 20;
  setsockopt(watch->socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  if (setsockopt(watch->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) return -1;
  if (setsockopt(watch->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) return -1;
  if (bind(watch->socket, (struct sockaddr *)&watch->to, sizeof watch->to) < 0) return -1;
  watch->sinks[0] = clinux_lab_bound_socket(settings->ns, settings->own4, 4, port_at_client);
  watch->sinks[1] = clinux_lab_bound_socket(settings->ns, settings->own6, 16, port_at_client);
  return watch->sinks[0] < 0 || watch->sinks[1] < 0 ? -1 : 0;
}

struct clinux_watch *clinux_watch_start(const struct clinux_watch_settings *settings) {
  struct clinux_watch *watch = calloc(1, sizeof *watch);
  if (!watch) return NULL;
  watch->settings = *settings;
  watch->socket = watch->sinks[0] = watch->sinks[1] = -1;
  // Anonymous zero pages: memory is used only as far as records are written.
  watch->records = calloc(settings->capacity ? settings->capacity : 1, sizeof *watch->records);
  int error = !watch->records || open_socket(watch) < 0 ? errno : 0;
  if (!error) {
    ask_by_arp(watch, &watch->questions[0]);
    ask_by_solicitation(watch, &watch->questions[1]);
    ask_by_datagram4(watch, &watch->questions[2]);
    ask_by_datagram6(watch, &watch->questions[3]);
    error = pthread_create(&watch->thread, NULL, watch_thread, watch);
  }
  if (error) {
    watch->joined = true;
    clinux_watch_free(watch);
    errno = error;
    return NULL;
  }
  return watch;
}

void clinux_watch_stop(struct clinux_watch *watch) {
  if (watch->joined) return;
  atomic_store(&watch->stop, true);
  pthread_join(watch->thread, NULL);
  watch->joined = true;
  drain(watch);
}

void clinux_watch_free(struct clinux_watch *watch) {
  clinux_watch_stop(watch);
  if (watch->socket >= 0) close(watch->socket);
  for (int i = 0; i < 2; i++)
    if (watch->sinks[i] >= 0) close(watch->sinks[i]);
  free(watch->records);
  free(watch);
}

uint32_t clinux_watch_count(struct clinux_watch *watch) { return atomic_load(&watch->count); }

struct clinux_watch_record clinux_watch_at(struct clinux_watch *watch, uint32_t index) {
  struct clinux_watch_record record = {0};
  if (index < atomic_load(&watch->count)) record = watch->records[index];
  return record;
}

uint32_t clinux_watch_lost(struct clinux_watch *watch) {
  struct tpacket_stats statistics = {0};
  socklen_t size = sizeof statistics;
  // The kernel's count begins anew with each look.
  if (getsockopt(watch->socket, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0)
    atomic_fetch_add(&watch->lost, statistics.tp_drops);
  return atomic_load(&watch->lost);
}
