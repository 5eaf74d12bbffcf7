#define _GNU_SOURCE
#include "network.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct clinux_address from_v4(struct in_addr address) {
  return (struct clinux_address){0, ntohl(address.s_addr)};
}

static struct clinux_address from_v6(const struct in6_addr *address) {
  uint64_t halves[2];
  memcpy(halves, address, sizeof halves);
  return (struct clinux_address){be64toh(halves[0]), be64toh(halves[1])};
}

static struct in_addr to_v4(struct clinux_address address) {
  return (struct in_addr){htonl((uint32_t)address.low)};
}

static struct in6_addr to_v6(struct clinux_address address) {
  uint64_t halves[2] = {htobe64(address.high), htobe64(address.low)};
  struct in6_addr result;
  memcpy(&result, halves, sizeof result);
  return result;
}

static void read_control(struct msghdr *message, struct clinux_datagram *datagram) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control;
       control = CMSG_NXTHDR(message, control)) {
    const void *data = CMSG_DATA(control);
    if ((control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TTL) ||
        (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_HOPLIMIT)) {
      if (control->cmsg_len >= CMSG_LEN(sizeof(int)))
        memcpy(&datagram->hop_limit, data, sizeof(int));
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo information;
      if (control->cmsg_len < CMSG_LEN(sizeof information)) continue;
      memcpy(&information, data, sizeof information);
      datagram->destination = from_v4(information.ipi_addr);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo information;
      if (control->cmsg_len < CMSG_LEN(sizeof information)) continue;
      memcpy(&information, data, sizeof information);
      datagram->destination = from_v6(&information.ipi6_addr);
    }
  }
}

long clinux_datagram_receive(int descriptor, void *bytes, size_t size,
                             struct clinux_datagram *datagram) {
  struct sockaddr_storage name = {0};
  _Alignas(struct cmsghdr) char control[256];
  struct iovec vector = {bytes, size};
  struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name,
                           .msg_iov = &vector, .msg_iovlen = 1,
                           .msg_control = control, .msg_controllen = sizeof control};
  long count;
  do {
    count = recvmsg(descriptor, &message, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return -errno;
  *datagram = (struct clinux_datagram){.hop_limit = -1};
  if (name.ss_family == AF_INET)
    datagram->source = from_v4(((struct sockaddr_in *)&name)->sin_addr);
  else if (name.ss_family == AF_INET6)
    datagram->source = from_v6(&((struct sockaddr_in6 *)&name)->sin6_addr);
  read_control(&message, datagram);
  return count;
}

int clinux_datagram_send(int descriptor, int family, const void *bytes, size_t size,
                         struct clinux_address source, struct clinux_address destination,
                         int interface_index) {
  struct sockaddr_in name4 = {.sin_family = AF_INET, .sin_addr = to_v4(destination)};
  struct sockaddr_in6 name6 = {.sin6_family = AF_INET6, .sin6_addr = to_v6(destination),
                               .sin6_scope_id = (uint32_t)interface_index};
  struct in_pktinfo information4 = {.ipi_ifindex = interface_index, .ipi_spec_dst = to_v4(source)};
  struct in6_pktinfo information6 = {.ipi6_addr = to_v6(source),
                                     .ipi6_ifindex = (uint32_t)interface_index};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof information6)] = {0};
  struct iovec vector = {(void *)bytes, size};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control};
  struct cmsghdr *header = (struct cmsghdr *)control;
  if (family == AF_INET) {
    message.msg_name = &name4;
    message.msg_namelen = sizeof name4;
    message.msg_controllen = CMSG_SPACE(sizeof information4);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof information4),
                               .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    memcpy(CMSG_DATA(header), &information4, sizeof information4);
  } else {
    message.msg_name = &name6;
    message.msg_namelen = sizeof name6;
    message.msg_controllen = CMSG_SPACE(sizeof information6);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof information6),
                               .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
    memcpy(CMSG_DATA(header), &information6, sizeof information6);
  }
  long count;
  do {
    count = sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return count < 0 ? -errno : 0;
}

enum { CONTROL_SIZE = 128 };

static void read_message_control(struct msghdr *header, struct clinux_message *message,
                                 uint32_t *drops) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control;
       control = CMSG_NXTHDR(header, control)) {
    const void *data = CMSG_DATA(control);
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo information;
      if (control->cmsg_len < CMSG_LEN(sizeof information)) continue;
      memcpy(&information, data, sizeof information);
      // The destination itself, ipi_addr, may be a broadcast address, which nothing is sent from.
      message->local = from_v4(information.ipi_spec_dst);
      message->interface_index = (uint32_t)information.ipi_ifindex;
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo information;
      if (control->cmsg_len < CMSG_LEN(sizeof information)) continue;
      memcpy(&information, data, sizeof information);
      if (!IN6_IS_ADDR_MULTICAST(&information.ipi6_addr))
        message->local = from_v6(&information.ipi6_addr);
      message->interface_index = information.ipi6_ifindex;
    } else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
      if (control->cmsg_len >= CMSG_LEN(sizeof *drops)) memcpy(drops, data, sizeof *drops);
    }
  }
}

long clinux_messages_receive(int descriptor, void *bytes, size_t size,
                             struct clinux_message *messages, size_t count, uint32_t *drops) {
  struct sockaddr_storage names[clinux_batch];
  struct iovec vectors[clinux_batch];
  struct mmsghdr headers[clinux_batch];
  _Alignas(struct cmsghdr) char controls[clinux_batch][CONTROL_SIZE];
  if (count > clinux_batch) count = clinux_batch;
  for (size_t i = 0; i < count; i++) {
    vectors[i] = (struct iovec){(char *)bytes + i * size, size};
    headers[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &names[i], .msg_namelen = sizeof names[i],
                                              .msg_iov = &vectors[i], .msg_iovlen = 1,
                                              .msg_control = controls[i],
                                              .msg_controllen = CONTROL_SIZE}};
    names[i].ss_family = AF_UNSPEC;
  }
  int found;
  do {
    found = recvmmsg(descriptor, headers, (unsigned)count, MSG_DONTWAIT, NULL);
  } while (found < 0 && errno == EINTR);
  if (found < 0) return -errno;
  for (int i = 0; i < found; i++) {
    struct msghdr *header = &headers[i].msg_hdr;
    messages[i] = (struct clinux_message){.offset = (uint32_t)((size_t)i * size),
                                          .length = headers[i].msg_len,
                                          .is_cut = (header->msg_flags & MSG_TRUNC) != 0};
    if (names[i].ss_family == AF_INET) {
      struct sockaddr_in *name = (struct sockaddr_in *)&names[i];
      messages[i].peer = from_v4(name->sin_addr);
      messages[i].port = ntohs(name->sin_port);
    } else if (names[i].ss_family == AF_INET6) {
      struct sockaddr_in6 *name = (struct sockaddr_in6 *)&names[i];
      messages[i].peer = from_v6(&name->sin6_addr);
      messages[i].port = ntohs(name->sin6_port);
    }
    read_message_control(header, &messages[i], drops);
  }
  return found;
}

static int is_any(struct clinux_address address) { return !address.high && !address.low; }

long clinux_messages_send(int descriptor, int family, const void *bytes,
                          const struct clinux_message *messages, size_t count) {
  union {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } names[clinux_batch];
  struct iovec vectors[clinux_batch];
  struct mmsghdr headers[clinux_batch];
  _Alignas(struct cmsghdr) char controls[clinux_batch][CMSG_SPACE(sizeof(struct in6_pktinfo))];
  if (count > clinux_batch) count = clinux_batch;
  memset(controls, 0, sizeof controls);
  for (size_t i = 0; i < count; i++) {
    const struct clinux_message *message = &messages[i];
    vectors[i] = (struct iovec){(char *)bytes + message->offset, message->length};
    struct msghdr header = {.msg_name = &names[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    struct cmsghdr *control = (struct cmsghdr *)controls[i];
    int is_chosen = !is_any(message->local) || message->interface_index;
    if (family == AF_INET) {
      names[i].v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(message->port),
                                         .sin_addr = to_v4(message->peer)};
      header.msg_namelen = sizeof names[i].v4;
      struct in_pktinfo information = {.ipi_ifindex = (int)message->interface_index,
                                       .ipi_spec_dst = to_v4(message->local)};
      *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof information),
                                  .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
      memcpy(CMSG_DATA(control), &information, sizeof information);
      if (is_chosen) header.msg_controllen = CMSG_SPACE(sizeof information);
    } else {
      names[i].v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                          .sin6_port = htons(message->port),
                                          .sin6_addr = to_v6(message->peer),
                                          .sin6_scope_id = message->interface_index};
      header.msg_namelen = sizeof names[i].v6;
      struct in6_pktinfo information = {.ipi6_addr = to_v6(message->local),
                                        .ipi6_ifindex = message->interface_index};
      *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof information),
                                  .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
      memcpy(CMSG_DATA(control), &information, sizeof information);
      if (is_chosen) header.msg_controllen = CMSG_SPACE(sizeof information);
    }
    if (is_chosen) header.msg_control = control;
    headers[i] = (struct mmsghdr){.msg_hdr = header};
  }
  int sent;
  do {
    sent = sendmmsg(descriptor, headers, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

enum { FRAMES_PER_CALL = 64 };

long clinux_frames_send(int descriptor, int interface_index, const void *frames, size_t length,
                        size_t count) {
  struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_ifindex = interface_index};
  struct iovec vectors[FRAMES_PER_CALL];
  struct mmsghdr messages[FRAMES_PER_CALL];
  size_t sent = 0;
  while (sent < count) {
    size_t chunk = count - sent < FRAMES_PER_CALL ? count - sent : FRAMES_PER_CALL;
    for (size_t i = 0; i < chunk; i++) {
      vectors[i] = (struct iovec){(char *)frames + (sent + i) * length, length};
      messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &name, .msg_namelen = sizeof name,
                                                 .msg_iov = &vectors[i], .msg_iovlen = 1}};
    }
    int left = sendmmsg(descriptor, messages, (unsigned)chunk, MSG_DONTWAIT);
    if (left > 0) {
      sent += (size_t)left;
    } else if (left < 0 && errno == EINTR) {
      continue;
    } else if (left == 0 || errno == EAGAIN || errno == ENOBUFS) {
      break;
    } else {
      return -errno;
    }
  }
  return (long)sent;
}

enum { PACKETS_PER_CALL = 32 };

/// Where one packet goes, and the source that its route is looked up with.
struct packet_place {
  union {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } name;
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void place_packet(struct msghdr *message, struct packet_place *place, int family,
                         const unsigned char *packet, int interface_index) {
  struct cmsghdr *header = (struct cmsghdr *)place->control;
  memset(place, 0, sizeof *place);
  message->msg_name = &place->name;
  message->msg_control = place->control;
  if (family == AF_INET) {
    struct in_pktinfo information = {0};
    place->name.v4.sin_family = AF_INET;
    memcpy(&information.ipi_spec_dst, packet + 12, 4);
    memcpy(&place->name.v4.sin_addr, packet + 16, 4);
    message->msg_namelen = sizeof place->name.v4;
    message->msg_controllen = CMSG_SPACE(sizeof information);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof information),
                               .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    memcpy(CMSG_DATA(header), &information, sizeof information);
  } else {
    struct in6_pktinfo information = {0};
    struct sockaddr_in6 *name = &place->name.v6;
    name->sin6_family = AF_INET6;
    memcpy(&information.ipi6_addr, packet + 8, 16);
    memcpy(&name->sin6_addr, packet + 24, 16);
    if (IN6_IS_ADDR_LINKLOCAL(&name->sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&information.ipi6_addr)) {
      name->sin6_scope_id = (uint32_t)interface_index;
      information.ipi6_ifindex = (uint32_t)interface_index;
    }
    message->msg_namelen = sizeof *name;
    message->msg_controllen = CMSG_SPACE(sizeof information);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof information),
                               .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
    memcpy(CMSG_DATA(header), &information, sizeof information);
  }
}

struct clinux_packets clinux_packets_send(int descriptor, int family, const void *packets,
                                          size_t length, size_t count, int interface_index) {
  struct packet_place places[PACKETS_PER_CALL];
  struct iovec vectors[PACKETS_PER_CALL];
  struct mmsghdr messages[PACKETS_PER_CALL];
  struct clinux_packets result = {0};
  while (result.sent + result.failed < count) {
    size_t done = result.sent + result.failed;
    size_t chunk = count - done < PACKETS_PER_CALL ? count - done : PACKETS_PER_CALL;
    for (size_t i = 0; i < chunk; i++) {
      unsigned char *packet = (unsigned char *)packets + (done + i) * length;
      vectors[i] = (struct iovec){packet, length};
      messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &vectors[i], .msg_iovlen = 1}};
      place_packet(&messages[i].msg_hdr, &places[i], family, packet, interface_index);
    }
    int left = sendmmsg(descriptor, messages, (unsigned)chunk, MSG_DONTWAIT);
    if (left > 0) {
      result.sent += (size_t)left;
    } else if (left < 0 && errno == EINTR) {
      continue;
    } else if (left == 0 || errno == EAGAIN || errno == ENOBUFS) {
      break;
    } else {
      // The first one is refused; those behind it have their own chance.
      result.failure = errno;
      result.failed++;
    }
  }
  return result;
}

long clinux_netlink_receive(int descriptor, void *bytes, size_t size) {
  for (;;) {
    struct sockaddr_nl name = {0};
    struct iovec vector = {bytes, size};
    struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name,
                             .msg_iov = &vector, .msg_iovlen = 1};
    long count = recvmsg(descriptor, &message, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (name.nl_pid != 0) continue;
    return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : count;
  }
}

int clinux_in_namespace_begin(const char *name) {
  char path[256];
  if (snprintf(path, sizeof path, "/run/netns/%s", name) >= (int)sizeof path) return -ENAMETOOLONG;
  int old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (old < 0) return -errno;
  int next = open(path, O_RDONLY | O_CLOEXEC);
  int failure = next < 0 || setns(next, CLONE_NEWNET) < 0 ? errno : 0;
  if (next >= 0) close(next);
  if (!failure) return old;
  close(old);
  return -failure;
}

int clinux_in_namespace_end(int descriptor) {
  int failure = setns(descriptor, CLONE_NEWNET) < 0 ? errno : 0;
  close(descriptor);
  return -failure;
}
