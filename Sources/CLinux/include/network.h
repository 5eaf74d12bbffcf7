// What the network side of LinuxIO needs from C: control messages, calls that glibc hides behind
// _GNU_SOURCE, and network namespaces. Every function returns a negative errno when it fails.
#ifndef GODWIT_CLINUX_NETWORK_H
#define GODWIT_CLINUX_NETWORK_H

#include <stddef.h>
#include <stdint.h>

/// An IP address as numbers in host order; an IPv4 address is the low 32 bits of `low`.
struct clinux_address {
  uint64_t high;
  uint64_t low;
};

/// What the kernel tells about one datagram of a raw socket beside its bytes.
struct clinux_datagram {
  struct clinux_address source;
  /// All zeros when the control message was missing.
  struct clinux_address destination;
  /// TTL or Hop Limit, -1 when the control message was missing.
  int32_t hop_limit;
};

/// Reads one datagram without blocking (recvmsg(2)); returns the bytes stored, which are fewer
/// than were sent when `size` is too small.
long clinux_datagram_receive(int descriptor, void *bytes, size_t size,
                             struct clinux_datagram *datagram);

/// Sends one datagram of `family` (AF_INET, AF_INET6) with the given source out of one interface
/// without blocking (IP_PKTINFO of ip(7), IPV6_PKTINFO of ipv6(7)); returns 0.
int clinux_datagram_send(int descriptor, int family, const void *bytes, size_t size,
                         struct clinux_address source, struct clinux_address destination,
                         int interface_index);

/// The most datagrams that one call of the two functions below takes.
enum { clinux_batch = 64 };

/// One datagram of a UDP socket; `peer` is the other end and `local` the address of this host that
/// it came to, or is to leave from (all zeros: the kernel chooses).
struct clinux_message {
  struct clinux_address peer;
  struct clinux_address local;
  /// Where it lies in the buffer of the call.
  uint32_t offset;
  uint32_t length;
  /// The interface that it came in by; where it is to leave by, 0 for the kernel's choice.
  uint32_t interface_index;
  /// The other end's port.
  uint16_t port;
  /// Whether it was longer than its place in the buffer.
  uint16_t is_cut;
};

/// Reads up to `count` datagrams without blocking (recvmmsg(2)), each into `size` bytes of the buffer;
/// returns how many. `drops`, unless it stays as it is, becomes what the socket could not queue so far
/// (SO_RXQ_OVFL of socket(7)).
long clinux_messages_receive(int descriptor, void *bytes, size_t size,
                             struct clinux_message *messages, size_t count, uint32_t *drops);

/// Sends `count` datagrams of `family` without blocking (sendmmsg(2)); returns how many left, or a
/// negative errno when the first did not.
long clinux_messages_send(int descriptor, int family, const void *bytes,
                          const struct clinux_message *messages, size_t count);

/// Sends `count` frames of `length` bytes, one behind the other, without blocking (packet(7),
/// sendmmsg(2)); returns how many left, fewer when a queue was full.
long clinux_frames_send(int descriptor, int interface_index, const void *frames, size_t length,
                        size_t count);

/// What became of the packets of one call.
struct clinux_packets {
  /// That left.
  size_t sent;
  /// That the kernel refused, each for itself.
  size_t failed;
  /// Why the last one was refused, 0 for none.
  int failure;
};

/// Sends `count` packets of `length` bytes with their IP header, one behind the other, without
/// blocking (IPPROTO_RAW of raw(7), sendmmsg(2)), each from and to the addresses in its header;
/// `interface_index` is the scope of link-local destinations. Stops when a queue is full.
struct clinux_packets clinux_packets_send(int descriptor, int family, const void *packets,
                                          size_t length, size_t count, int interface_index);

/// Reads one datagram of a netlink socket without blocking and passes over any that is not from
/// the kernel (netlink(7)); returns its length, or -EMSGSIZE when `size` was too small.
long clinux_netlink_receive(int descriptor, void *bytes, size_t size);

/// Moves the calling thread into the namespace /run/netns/NAME (ip-netns(8)); returns a descriptor
/// of the one it was in.
int clinux_in_namespace_begin(const char *name);

/// Moves the calling thread back and closes the descriptor; returns 0.
int clinux_in_namespace_end(int descriptor);

#endif
