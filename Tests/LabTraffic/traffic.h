// The two ends of the lab's TCP connections, and who sends what nobody wants: each a program of one
// thread.
#ifndef GODWIT_TRAFFIC_H
#define GODWIT_TRAFFIC_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/// A request, and with a name in it the answer.
struct message {
  uint64_t number;
  char name[24];
};

/// CLOCK_MONOTONIC in nanoseconds.
int64_t now(void);

/// Ends the program with errno's text.
_Noreturn void give_up(const char *call);

/// As many descriptors as the kernel allows.
void raise_limits(void);

/// Reads up to a whole message into `message`, of which `*have` bytes are there: 1 when it is whole
/// (`*have` is 0 again), 0 when more has to come, -1 at the end or an error (errno, 0 at the end).
int read_message(int socket, struct message *message, unsigned *have);

/// `serve NAME PORT split|mapped`: answers each message with its name. `split` listens on 0.0.0.0
/// and on :: for IPv6 alone, `mapped` on :: for both families. Prints `ready`.
int serve(int count, char **words);

/// `clients KIND COUNT ADDRESS PORT TIMEOUT_MS`: keeps COUNT connections and prints a line for what
/// happens to each, times by CLOCK_MONOTONIC in nanoseconds:
/// `up CLIENT TIME NAME FAILED LATE` after a whole request and answer, with the number of connects
/// since the last `up` that failed and that took longer than TIMEOUT_MS;
/// `down CLIENT TIME ERRNO` when it notices the end of the connection, 0 for an orderly one.
///
/// KIND is `idle` (says nothing after the first request), `writing` (a request each 100 ms), `mute` (says
/// nothing at all: `up` with the name `-` once it is connected) or
/// `half-open` (gone after the first answer without a word to the server: RFC 9293 section 3.5.1).
int clients(int count, char **words);

/// `flood INTERFACE TOTAL RATE`: reads frames from standard input, one a line of hexadecimal digits
/// from the destination address on, and sends TOTAL of them, the first again after the last, RATE
/// each second or, for 0, as fast as it goes. Prints how many and in how many nanoseconds.
int flood(int count, char **words);

#endif
