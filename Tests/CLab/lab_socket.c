// The sockets of the lab's nodes. See lab.h.
#define _GNU_SOURCE
#include "CLab.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { peer_port = 9112 };

int clinux_lab_bound_socket(const char *ns, const uint8_t *address, size_t length, uint16_t port) {
  int family = length == 4 ? AF_INET : AF_INET6, on = 1, result;
  int descriptor = clinux_socket_in_namespace(ns, family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  if (length == 4) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&name.sin_addr, address, 4);
    setsockopt(descriptor, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    result = bind(descriptor, (struct sockaddr *)&name, sizeof name);
  } else {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&name.sin6_addr, address, 16);
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    result = bind(descriptor, (struct sockaddr *)&name, sizeof name);
  }
  if (result == 0) return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

/// VRRP over either family, ARP, ICMPv6 types 133 to 137 without extension headers, and UDP from or
/// to the peer channel's port over IPv4 without options; nothing of one sender, if that is set.
static const struct sock_filter interesting[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 6),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 10),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 18, 0),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 15, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 7),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 12, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 12),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 34),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, peer_port, 9, 0),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 36),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, peer_port, 7, 8),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 7),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 133, 0, 2),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 137, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 512),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

static int interface_index(int descriptor, const char *interface) {
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  return ioctl(descriptor, SIOCGIFINDEX, &request) < 0 ? -1 : request.ifr_ifindex;
}

int clinux_lab_sniffer_socket(const char *ns, const char *interface, const uint8_t *ignored) {
  int descriptor = clinux_socket_in_namespace(ns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  int on = 1, size = 4 << 20;
  struct sock_filter filter[sizeof interesting / sizeof *interesting];
  memcpy(filter, interesting, sizeof filter);
  if (ignored) {
    filter[1].k = (uint32_t)ignored[0] << 24 | ignored[1] << 16 | ignored[2] << 8 | ignored[3];
    filter[3].k = (uint32_t)ignored[4] << 8 | ignored[5];
  }
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  name.sll_ifindex = interface_index(descriptor, interface);
  // The filter comes before the binding, or the socket would hold frames that passed none.
  if (name.sll_ifindex > 0 &&
      setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
      setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 &&
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0 &&
      bind(descriptor, (struct sockaddr *)&name, sizeof name) == 0)
    return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

/// From CLOCK_REALTIME to CLOCK_MONOTONIC. The thread may be stopped between two readings: a comparison
/// that took long is made again.
static int64_t real_to_monotonic(void) {
  int64_t offset = 0, best = INT64_MAX;
  for (int i = 0; i < 10 && best > 5000; i++) {
    struct timespec real;
    int64_t before = clinux_lab_now();
    clock_gettime(CLOCK_REALTIME, &real);
    int64_t length = clinux_lab_now() - before;
    if (length >= best) continue;
    best = length;
    offset = before + length / 2 - (real.tv_sec * 1000000000LL + real.tv_nsec);
  }
  return offset;
}

/// The kernel's timestamp of a message on CLOCK_MONOTONIC; now without one.
int64_t clinux_lab_receive_time(struct msghdr *message) {
  for (struct cmsghdr *entry = CMSG_FIRSTHDR(message); entry; entry = CMSG_NXTHDR(message, entry)) {
    if (entry->cmsg_level != SOL_SOCKET || entry->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(entry), sizeof stamp);
    return stamp.tv_sec * 1000000000LL + stamp.tv_nsec + real_to_monotonic();
  }
  return clinux_lab_now();
}

int clinux_lab_next_frame(int socket, int timeout_ms, struct clinux_lab_frame *frame) {
  struct sockaddr_ll from = {0};
  char control[256];
  struct iovec space = {frame->bytes, sizeof frame->bytes};
  struct msghdr message = {&from, sizeof from, &space, 1, control, sizeof control, 0};
  ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT);
  if (length < 0 && errno == EAGAIN) {
    if (!clinux_lab_readable(socket, timeout_ms)) return 0;
    message.msg_controllen = sizeof control;
    length = recvmsg(socket, &message, MSG_DONTWAIT);
  }
  if (length < 0) return errno == EAGAIN || errno == ENETDOWN ? 0 : -1;
  frame->length = (uint16_t)length;
  frame->outgoing = from.sll_pkttype == PACKET_OUTGOING;
  frame->time = clinux_lab_receive_time(&message);
  return 1;
}

int clinux_lab_inject(const char *ns, const char *interface, const uint8_t *bytes, size_t length,
                      uint32_t times) {
  int descriptor = clinux_socket_in_namespace(ns, AF_PACKET, SOCK_RAW, 0);
  if (descriptor < 0) return -1;
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
  to.sll_ifindex = interface_index(descriptor, interface);
  memcpy(to.sll_addr, bytes, length < 6 ? length : 6);
  ssize_t sent = -1;
  for (uint32_t count = 0; to.sll_ifindex > 0 && count < times; count++) {
    sent = sendto(descriptor, bytes, length, 0, (struct sockaddr *)&to, sizeof to);
    if (sent != (ssize_t)length) break;
  }
  int error = errno;
  close(descriptor);
  errno = error;
  return sent == (ssize_t)length ? 0 : -1;
}

int clinux_lab_notify_socket(const char *path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof name.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(name.sun_path, path);
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  if (bind(descriptor, (struct sockaddr *)&name, sizeof name) == 0) return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}
