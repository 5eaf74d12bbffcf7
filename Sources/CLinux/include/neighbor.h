// Packet sockets that hear who claims or asks for addresses, and nothing else of the traffic.
#ifndef GODWIT_CLINUX_NEIGHBOR_H
#define GODWIT_CLINUX_NEIGHBOR_H

#include <stddef.h>
#include <stdint.h>

#include "network.h"

/// Up to how many addresses a filter tells apart; of more it lets every claim and probe through.
#define CLINUX_NEIGHBOR_ADDRESSES 64

/// A nonblocking packet(7) socket that hears nothing yet; returns its descriptor.
int clinux_neighbor_open(void);

/// Replaces the filter (SO_ATTACH_FILTER of socket(7)): ARP requests and replies (AF_INET), or
/// Neighbor Solicitations from :: and Neighbor Advertisements (AF_INET6), that concern one of the
/// addresses; returns 0.
int clinux_neighbor_filter(int descriptor, int family, const struct clinux_address *addresses,
                           size_t count);

/// Begins to hear ARP (AF_INET) or IPv6 (AF_INET6) on one interface; returns 0.
int clinux_neighbor_bind(int descriptor, int family, int interface_index);

/// Reads one frame without blocking, and passes over the news that the interface is down; returns
/// the bytes stored, which are fewer than were received when `size` is too small.
long clinux_frame_receive(int descriptor, void *bytes, size_t size);

#endif
