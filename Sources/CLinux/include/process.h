#ifndef GODWIT_PROCESS_H
#define GODWIT_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/types.h>

/// What godwit_spawn starts. Nothing here is changed, and nothing is kept after the call.
struct godwit_spawn_request {
  /// The program's absolute path.
  const char *path;
  /// Its arguments and its whole environment, each ended by NULL.
  char *const *arguments;
  char *const *environment;
  /// The child's standard input, output and error: descriptors of 3 or more.
  int input;
  int output;
  int error;
  /// Whether to become the user below; otherwise the child stays the caller's user.
  int switches_user;
  uid_t user;
  gid_t group;
  const gid_t *groups;
  size_t group_count;
};

/// Starts a program in its own session, with default signals, ordinary scheduling and descriptors
/// 0-2 only; returns its pid and stores a pidfd.
///
/// Returns -1 when any step up to and including execve(2) failed: errno is that step's and
/// *failed_call its name. The child is then gone and reaped.
pid_t godwit_spawn(const struct godwit_spawn_request *request, int *pidfd, const char **failed_call);

/// Looks whether the process behind a pidfd has ended (waitid(2) with WNOHANG).
///
/// Returns 1 when it has: *signalled tells whether *status is a signal or an exit code. 0 while it
/// runs, -1 with errno. With keep it stays a zombie, so that its pid and its group's cannot be reused.
int godwit_reap(int pidfd, int keep, int *signalled, int *status);

/// pipe2(2) with O_CLOEXEC, both ends 3 or more so that a child's dup2 cannot overwrite them.
int godwit_pipe(int ends[2]);

/// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC.
int godwit_accept(int listener);

/// SO_PEERCRED of a connected Unix socket (unix(7)): 0, or -1 with errno.
int godwit_peer_credentials(int descriptor, pid_t *process, uid_t *user, gid_t *group);

/// SO_PEERGROUPS of a connected Unix socket: how many groups there are, of which at most capacity are
/// stored, or -1 with errno.
int godwit_peer_groups(int descriptor, gid_t *groups, int capacity);

/// SCHED_FIFO with SCHED_RESET_ON_FORK for the calling thread (sched(7)): 0, or -1 with errno.
int godwit_set_realtime(int priority);

/// mlockall(2) of everything present and future, page by page as it is touched.
int godwit_lock_memory(void);

/// Raises the soft limit of open files to the hard one; children of godwit_spawn get the old one back.
int godwit_raise_descriptor_limit(void);

/// No core of this process, neither as a file nor to the program of core_pattern (core(5)): 0, or -1 with
/// errno. Children of godwit_spawn get the old limit back.
int godwit_forbid_core(void);

/// Whether a capability is effective for the calling thread (capget(2)).
int godwit_has_capability(int capability);

/// SIG_IGN for SIGPIPE (signal(7)).
int godwit_ignore_broken_pipes(void);

/// After that many milliseconds writes text to standard error and ends the process with status 1,
/// whatever it is waiting for. Only one deadline exists; the text is copied, at most 511 bytes of it.
int godwit_exit_after(long milliseconds, const char *text);

#endif
