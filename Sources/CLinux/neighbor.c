#define _GNU_SOURCE
#include "neighbor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

// Where things lie in a frame: behind an Ethernet header of 14 bytes, and an IPv6 header of 40.
enum {
  ARP_OPERATION = 20,
  ARP_SENDER = 28,
  ARP_TARGET = 38,
  IPV6_NEXT_HEADER = 20,
  IPV6_SOURCE = 22,
  ICMPV6_TYPE = 54,
  ICMPV6_TARGET = 62,
};

enum { ICMPV6 = 58, SOLICITATION = 135, ADVERTISEMENT = 136 };

/// Nine instructions for each address of IPv6, two lists for IPv4 with two each, and the rest.
enum { PROGRAM_LENGTH = CLINUX_NEIGHBOR_ADDRESSES * 9 + 64 };

/// A classic BPF program while it is written.
struct program {
  struct sock_filter code[PROGRAM_LENGTH];
  unsigned short length;
};

static void add(struct program *program, unsigned short code, unsigned char if_true,
                unsigned char if_false, uint32_t value) {
  program->code[program->length++] = (struct sock_filter){code, if_true, if_false, value};
}

static void load(struct program *program, unsigned short size, uint32_t offset) {
  add(program, BPF_LD | size | BPF_ABS, 0, 0, offset);
}

static void drop(struct program *program) { add(program, BPF_RET | BPF_K, 0, 0, 0); }

static void accept_frame(struct program *program) {
  add(program, BPF_RET | BPF_K, 0, 0, UINT32_MAX);
}

/// Drops the frame unless what is loaded has the value.
static void require(struct program *program, uint32_t value) {
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
  drop(program);
}

/// Accepts the frame when what is loaded has the value.
static void accept_if(struct program *program, uint32_t value) {
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
  accept_frame(program);
}

/// What this host sends, and what is for others: unicast that a promiscuous interface hears, and
/// frames of a VLAN that has no interface here, whose tag the kernel has taken off already.
static void drop_foreign(struct program *program) {
  load(program, BPF_W, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
  add(program, BPF_JMP | BPF_JGE | BPF_K, 0, 1, PACKET_OTHERHOST);
  drop(program);
}

static void write_ipv4(struct program *program, const struct clinux_address *addresses,
                       size_t count) {
  load(program, BPF_H, ARP_OPERATION);
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1);
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2);
  drop(program);
  if (count > CLINUX_NEIGHBOR_ADDRESSES) {
    accept_frame(program);
    return;
  }
  load(program, BPF_W, ARP_SENDER);
  for (size_t i = 0; i < count; i++) accept_if(program, (uint32_t)addresses[i].low);
  require(program, 0);
  load(program, BPF_W, ARP_TARGET);
  for (size_t i = 0; i < count; i++) accept_if(program, (uint32_t)addresses[i].low);
  drop(program);
}

/// Keeps the four words of the target in the program's memory, which costs less than to read them
/// from the frame for each address: the kernel bounds the size of a filter (optmem_max of socket(7)).
/// The last word is loaded afterwards.
static void keep_target(struct program *program) {
  for (uint32_t i = 0; i < 4; i++) {
    load(program, BPF_W, ICMPV6_TARGET + 4 * i);
    add(program, BPF_ST, 0, 0, i);
  }
}

/// Accepts the frame when its target is the address; the last word of the target is loaded before
/// and after.
static void accept_target(struct program *program, struct clinux_address address) {
  uint32_t words[4] = {(uint32_t)(address.high >> 32), (uint32_t)address.high,
                       (uint32_t)(address.low >> 32), (uint32_t)address.low};
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 8, words[3]);
  for (unsigned char i = 0; i < 3; i++) {
    add(program, BPF_LD | BPF_MEM, 0, 0, i);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, (unsigned char)(5 - 2 * i), words[i]);
  }
  accept_frame(program);
  add(program, BPF_LD | BPF_MEM, 0, 0, 3);
}

static void write_ipv6(struct program *program, const struct clinux_address *addresses,
                       size_t count) {
  load(program, BPF_B, IPV6_NEXT_HEADER);
  require(program, ICMPV6);
  load(program, BPF_B, ICMPV6_TYPE);
  // Past the type and source of a solicitation: two instructions, and three for each word.
  add(program, BPF_JMP | BPF_JEQ | BPF_K, 14, 0, ADVERTISEMENT);
  require(program, SOLICITATION);
  for (uint32_t i = 0; i < 4; i++) {
    load(program, BPF_W, IPV6_SOURCE + 4 * i);
    require(program, 0);
  }
  if (count > CLINUX_NEIGHBOR_ADDRESSES) {
    accept_frame(program);
    return;
  }
  keep_target(program);
  for (size_t i = 0; i < count; i++) accept_target(program, addresses[i]);
  drop(program);
}

int clinux_neighbor_open(void) {
  // Protocol 0: it hears nothing before it is bound, so nothing passes by the filter.
  int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return descriptor < 0 ? -errno : descriptor;
}

int clinux_neighbor_filter(int descriptor, int family, const struct clinux_address *addresses,
                           size_t count) {
  struct program program = {.length = 0};
  drop_foreign(&program);
  if (family == AF_INET)
    write_ipv4(&program, addresses, count);
  else
    write_ipv6(&program, addresses, count);
  struct sock_fprog filter = {.len = program.length, .filter = program.code};
  if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0)
    return -errno;
  return 0;
}

int clinux_neighbor_bind(int descriptor, int family, int interface_index) {
  // One protocol and not all: what leaves is not copied to the socket, and a frame for a VLAN
  // interface goes to a socket of that one.
  uint16_t protocol = family == AF_INET ? ETH_P_ARP : ETH_P_IPV6;
  struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol),
                             .sll_ifindex = interface_index};
  return bind(descriptor, (struct sockaddr *)&name, sizeof name) < 0 ? -errno : 0;
}

long clinux_frame_receive(int descriptor, void *bytes, size_t size) {
  for (;;) {
    long count = recv(descriptor, bytes, size, MSG_DONTWAIT);
    if (count >= 0) return count;
    // Told once, ahead of what waits; whoever watches the link knows.
    if (errno != EINTR && errno != ENETDOWN) return -errno;
  }
}
