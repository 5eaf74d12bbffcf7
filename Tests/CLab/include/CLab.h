// What the lab of network namespaces (Tests/Lab) needs from the kernel and Swift cannot say itself.
// No program that is installed uses anything of this file.
#ifndef GODWIT_LAB_H
#define GODWIT_LAB_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

// --- Namespaces. A namespace is named as ip-netns(8) names it: a file in /run/netns.

/// socket(2) in namespace `ns`, close-on-exec; -1 and errno on failure. The calling thread is back
/// in its own namespace when this returns.
int clinux_socket_in_namespace(const char *ns, int domain, int type, int protocol);

/// Writes `text` to the file `path` as seen from `ns` (for /proc/sys/net); 0, or -1 and errno.
int clinux_lab_write_in_namespace(const char *ns, const char *path, const char *text);

/// Whether an interface of `ns` has `address` (4 or 16 bytes): 1, 0, or -1 and errno.
int clinux_lab_has_address(const char *ns, const uint8_t *address, size_t length);

/// The flags of an interface of `ns` (netdevice(7)), -1 and errno when there is none of that name.
int clinux_lab_interface_flags(const char *ns, const char *interface);

/// A BPF program for frames that come in (TCX, Linux 6.6), which passes all of them; -1 and errno.
int clinux_lab_passing_program(void);

// --- Processes.

/// Starts `argv[0]` in its own process group with default signals and no further descriptor; in
/// namespace `ns` unless that is NULL. Descriptors below zero become /dev/null. The process
/// identifier, or -1 and errno.
pid_t clinux_lab_spawn(const char *ns, char *const argv[], char *const envp[], int input,
                       int output, int errors);

/// Waits for the end of a child: 1 with its wait status, 0 when the time is over, -1 and errno.
int clinux_lab_wait(pid_t process, int timeout_ms, int *status);

/// SIGKILL to every process in `ns`, and waits until there is none: 0, -1 after `timeout_ms`.
int clinux_lab_end_processes(const char *ns, int timeout_ms);

// --- What must be gone when this process is: at exit and at SIGINT, SIGTERM and SIGHUP.

/// Remembers a namespace or a directory (in /tmp); -1 when the table is full or the process is
/// ending.
int clinux_lab_remember_namespace(const char *ns);
int clinux_lab_remember_directory(const char *path);
/// Ends what runs in the namespace, removes it and forgets it; harmless when it is gone already.
void clinux_lab_remove_namespace(const char *ns);
/// Removes the directory with everything in it and forgets it; harmless when it is gone already.
void clinux_lab_remove_directory(const char *path);

// --- Sockets of its nodes.

/// A UDP socket of `ns` bound to an address that need not be there yet (IP_FREEBIND); -1 and errno.
int clinux_lab_bound_socket(const char *ns, const uint8_t *address, size_t length, uint16_t port);

/// A packet socket of `ns` on one interface that gets only VRRP, ARP, neighbour discovery and UDP
/// port 9112, with the kernel's timestamps, and nothing from the hardware address `ignored` unless
/// that is NULL; -1 and errno.
int clinux_lab_sniffer_socket(const char *ns, const char *interface, const uint8_t *ignored);

/// One frame of a sniffer socket.
struct clinux_lab_frame {
  /// CLOCK_MONOTONIC, nanoseconds.
  int64_t time;
  /// Sent by this interface, not received.
  bool outgoing;
  /// Bytes in `bytes`; a longer frame is cut.
  uint16_t length;
  uint8_t bytes[512];
};

/// The next frame, waiting for up to `timeout_ms`: 1, 0 when there is none, -1 and errno.
int clinux_lab_next_frame(int socket, int timeout_ms, struct clinux_lab_frame *frame);

/// Sends one Ethernet frame from an interface of `ns`, `times` over; 0, or -1 and errno.
int clinux_lab_inject(const char *ns, const char *interface, const uint8_t *bytes, size_t length,
                      uint32_t times);

/// A socket of the form of sd_notify(3) at `path`; -1 and errno.
int clinux_lab_notify_socket(const char *path);

/// CLOCK_MONOTONIC in nanoseconds.
int64_t clinux_lab_now(void);

/// Whether `descriptor` can be read within `timeout_ms`.
bool clinux_lab_readable(int descriptor, int timeout_ms);

/// Runs the calling thread ahead of every ordinary one; what it starts is ordinary.
void clinux_lab_keep_ahead(void);

/// nanosleep(2) for `microseconds`.
void clinux_lab_sleep(int64_t microseconds);

// --- Echo: answers each probe with the number it carries and the name of the node.

struct clinux_echo;

/// Starts a thread that serves `count` (up to 8) bound sockets, which it owns from then on; NULL
/// and errno on failure.
struct clinux_echo *clinux_echo_start(const int *sockets, size_t count, const char *name);
/// Ends the thread and closes the sockets.
void clinux_echo_stop(struct clinux_echo *echo);

// --- Probe: a numbered datagram at a fixed interval, and who answered when.

struct clinux_probe;

struct clinux_probe_record {
  /// CLOCK_MONOTONIC, nanoseconds; the kernel's receive timestamp. `received` 0: not answered.
  int64_t sent;
  int64_t received;
  /// Index of the name of who answered first, and bits of the indexes of all who did.
  uint8_t responder;
  uint16_t responders;
};

/// Starts a thread that sends to `address`, `port` from `ns` every `interval_us` microseconds until
/// it has sent `capacity` probes; NULL and errno on failure.
struct clinux_probe *clinux_probe_start(const char *ns, const uint8_t *address, size_t length,
                                        uint16_t port, int64_t interval_us, uint32_t capacity);
/// Sends no more, waits `grace_ms` for late answers and ends the thread.
void clinux_probe_stop(struct clinux_probe *probe, int grace_ms);
void clinux_probe_free(struct clinux_probe *probe);
/// How many were sent; may be read while it runs.
uint32_t clinux_probe_count(struct clinux_probe *probe);
/// The record of the probe with that number; may be read while it runs.
struct clinux_probe_record clinux_probe_at(struct clinux_probe *probe, uint32_t number);
/// Writes the name of responder `index` to `name` (16 bytes); false when there is none.
bool clinux_probe_responder(struct clinux_probe *probe, uint8_t index, char name[16]);

// --- Watch: asks every node for two addresses at a fixed interval, and records who claims them.

struct clinux_watch;

/// What a frame is to the watch.
enum clinux_watch_kind {
  /// An ARP packet whose sender, or a Neighbor Advertisement whose target, is the address: sent to
  /// the watch alone, and to everybody.
  clinux_watch_answer = 1,
  clinux_watch_announcement,
  /// The datagram that answers a probe of `clinux_echo_start`, from the address.
  clinux_watch_datagram,
  /// A VRRP message.
  clinux_watch_advertisement,
};

struct clinux_watch_record {
  /// CLOCK_MONOTONIC, nanoseconds; the kernel's receive timestamp.
  int64_t time;
  /// The Ethernet source.
  uint8_t hardware[6];
  /// clinux_watch_kind, with the upper bit for IPv6.
  uint8_t kind;
  /// Of an advertisement.
  uint8_t priority;
};

struct clinux_watch_settings {
  /// Where it asks from, and its own addresses there.
  const char *ns;
  const char *interface;
  uint8_t own4[4];
  uint8_t own6[16];
  /// What it asks for, and the port of the echo.
  uint8_t address4[4];
  uint8_t address6[16];
  uint16_t port;
  int64_t interval_us;
  /// The most records; what comes after them is counted as lost.
  uint32_t capacity;
};

/// Starts a thread that asks every node each interval, by ARP, by a Neighbor Solicitation and by a
/// datagram over either family, all in frames that reach every node: each that has the address
/// answers, whatever anybody remembers. NULL and errno on failure.
struct clinux_watch *clinux_watch_start(const struct clinux_watch_settings *settings);
/// Ends the thread; the records stay.
void clinux_watch_stop(struct clinux_watch *watch);
void clinux_watch_free(struct clinux_watch *watch);
/// How many records there are, in the order of the socket; may be read while it runs.
uint32_t clinux_watch_count(struct clinux_watch *watch);
/// Record `index`, below the count.
struct clinux_watch_record clinux_watch_at(struct clinux_watch *watch, uint32_t index);
/// Frames that did not fit the socket or the records.
uint32_t clinux_watch_lost(struct clinux_watch *watch);

// --- Calls of a function of libc.

/// A descriptor that counts the calls of `function` by this thread (a breakpoint of
/// perf_event_open(2)) until it is closed; -1 and errno.
int clinux_calls_open(const char *function);
/// How many there were; -1 and errno.
int64_t clinux_calls_count(int descriptor);

#endif
