// The kernel side of a lease that a BPF program keeps: two maps and a program for each direction
// (bpf(2)), attached to interfaces at TCX (Linux 6.6). Every function returns a negative errno when it
// fails.
#ifndef GODWIT_CLINUX_FENCE_H
#define GODWIT_CLINUX_FENCE_H

#include <stddef.h>
#include <stdint.h>

enum { CLINUX_FENCE_IN = 0, CLINUX_FENCE_OUT = 1 };

/// A fenced address: an IPv4 address is written as ::ffff:a.b.c.d.
struct clinux_fence_key {
  uint32_t interface_index;
  uint8_t address[16];
};

/// The map from clinux_fence_key to the number of a deadline; returns its descriptor.
int clinux_fence_addresses(uint32_t capacity);

/// The map of deadlines, shared memory; returns its descriptor.
int clinux_fence_deadlines(uint32_t capacity);

/// The shared memory of the deadlines: nanoseconds of CLOCK_BOOTTIME; NULL when it cannot be had.
uint64_t *clinux_fence_map(int deadlines, uint32_t capacity);
void clinux_fence_unmap(uint64_t *deadlines, uint32_t capacity);

/// Reads and writes one deadline in one piece.
uint64_t clinux_fence_load(const uint64_t *deadline);
void clinux_fence_store(uint64_t *deadline, uint64_t nanoseconds);

/// Adds or replaces an address; removing one that is not there is no error.
int clinux_fence_put(int addresses, const struct clinux_fence_key *key, uint32_t deadline);
int clinux_fence_remove(int addresses, const struct clinux_fence_key *key);

/// Loads the program of one direction; returns its descriptor. What the verifier says goes to `log`.
int clinux_fence_load_program(int direction, int addresses, int deadlines, char *log, size_t size);

/// Attaches the program in front of all others of the interface; it stays after the process has gone.
int clinux_fence_attach(int program, int direction, uint32_t interface_index);
int clinux_fence_detach(int program, int direction, uint32_t interface_index);

/// The identifiers of the programs that are attached, at most `capacity`; returns how many there are.
int clinux_fence_attached(int direction, uint32_t interface_index, uint32_t *identifiers,
                          uint32_t capacity);

/// The program of an identifier when it is one of ours: a descriptor, or -ENOENT.
int clinux_fence_program(uint32_t identifier, int direction);

/// The identifier of a program.
int clinux_fence_identifier(int program, uint32_t *identifier);

/// The deadline of an address in the maps of an attached program of ours: 0, or -ENOENT when that
/// program does not fence it.
int clinux_fence_deadline(int program, const struct clinux_fence_key *key, uint64_t *nanoseconds);

/// Runs a program once over a frame that came in or goes out by an interface (BPF_PROG_TEST_RUN):
/// 1 when it passes, 0 when it is dropped. `nanoseconds` gets the mean of `repeat` runs.
int clinux_fence_test(int program, const void *frame, size_t size, uint32_t interface_index,
                      uint32_t repeat, uint32_t *nanoseconds);

#endif
