#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif
#ifndef SCHED_RESET_ON_FORK
#define SCHED_RESET_ON_FORK 0x40000000
#endif

// The kernel's signal set is one 64-bit word on every machine Swift runs on. The raw calls are used
// because glibc's leave out its two internal signals.
typedef uint64_t kernel_signal_set;
enum { last_signal = 64, report_descriptor = 3 };

static struct rlimit descriptor_limit_at_start;
static int descriptor_limit_raised;
static struct rlimit core_limit_at_start;
static int core_limit_lowered;

enum spawn_step {
  step_setsid,
  step_dup2,
  step_close_range,
  step_chdir,
  step_setgroups,
  step_setresgid,
  step_setresuid,
  step_execve,
};

static const char *const step_names[] = {
    "setsid", "dup2", "close_range", "chdir", "setgroups", "setresgid", "setresuid", "execve",
};

struct spawn_report {
  int32_t step;
  int32_t error;
};

// The child of vfork borrows its parent's memory: it may read that, and write only to its own stack
// frames below, and it leaves only by execve or _exit.
static _Noreturn void give_up(int report, enum spawn_step step) {
  struct spawn_report text = {step, errno};
  ssize_t written = write(report, &text, sizeof text);
  (void)written;
  _exit(127);
}

static void reset_signals(void) {
  // All zeros is SIG_DFL without flags in every layout of the kernel's struct sigaction.
  unsigned char standard[64] = {0};
  for (int signal = 1; signal <= last_signal; signal++)
    if (signal != SIGKILL && signal != SIGSTOP)
      syscall(SYS_rt_sigaction, signal, standard, NULL, sizeof(kernel_signal_set));
}

// What the daemon needs for itself is not for its children. All best effort: each only lowers.
static void reset_privileges(void) {
  int policy = (int)syscall(SYS_sched_getscheduler, 0) & ~SCHED_RESET_ON_FORK;
  if (policy == SCHED_FIFO || policy == SCHED_RR) {
    struct sched_param parameters = {0};
    syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &parameters);
  }
  errno = 0;
  if (getpriority(PRIO_PROCESS, 0) < 0 && errno == 0) setpriority(PRIO_PROCESS, 0, 0);
  // The kernel keeps a vfork child's score apart from its parent's, although they share their memory.
  int score = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
  if (score >= 0) {
    char first = 0;
    if (pread(score, &first, 1, 0) == 1 && first == '-') {
      ssize_t written = pwrite(score, "0", 1, 0);
      (void)written;
    }
    close(score);
  }
  if (descriptor_limit_raised)
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &descriptor_limit_at_start, NULL);
  if (core_limit_lowered) syscall(SYS_prlimit64, 0, RLIMIT_CORE, &core_limit_at_start, NULL);
}

// glibc's wrappers would try to switch all threads of the parent.
static void become(const struct godwit_spawn_request *request, int report) {
  int same = request->user == geteuid() && request->group == getegid();
  if (syscall(SYS_setgroups, request->group_count, request->groups) != 0 &&
      !(errno == EPERM && same))
    give_up(report, step_setgroups);
  if (syscall(SYS_setresgid, request->group, request->group, request->group) != 0)
    give_up(report, step_setresgid);
  if (syscall(SYS_setresuid, request->user, request->user, request->user) != 0)
    give_up(report, step_setresuid);
}

static _Noreturn __attribute__((noinline)) void run_child(
    const struct godwit_spawn_request *request, int report) {
  reset_signals();
  reset_privileges();
  if (setsid() < 0) give_up(report, step_setsid);
  if (dup2(request->input, 0) < 0 || dup2(request->output, 1) < 0 || dup2(request->error, 2) < 0)
    give_up(report, step_dup2);
  if (report != report_descriptor && dup3(report, report_descriptor, O_CLOEXEC) < 0)
    give_up(report, step_dup2);
  if (syscall(SYS_close_range, report_descriptor + 1, ~0U, 0) != 0)
    give_up(report_descriptor, step_close_range);
  if (chdir("/") != 0) give_up(report_descriptor, step_chdir);
  umask(022);
  if (request->switches_user) become(request, report_descriptor);
  kernel_signal_set none = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
  execve(request->path, request->arguments, request->environment);
  give_up(report_descriptor, step_execve);
}

static pid_t fail(const char *call, const char **failed_call, int error) {
  *failed_call = call;
  errno = error;
  return -1;
}

// An ignored SIGCHLD is inherited from whoever started the daemon, and would reap children unseen.
static void keep_zombies(void) {
  struct sigaction now;
  if (sigaction(SIGCHLD, NULL, &now) == 0 &&
      (now.sa_handler == SIG_IGN || (now.sa_flags & SA_NOCLDWAIT) != 0))
    signal(SIGCHLD, SIG_DFL);
}

pid_t godwit_spawn(
    const struct godwit_spawn_request *request, int *pidfd, const char **failed_call) {
  int report[2];
  if (godwit_pipe(report) != 0) return fail("pipe2", failed_call, errno);
  keep_zombies();
  // No handler may run in the child while it borrows this memory.
  kernel_signal_set all = ~(kernel_signal_set)0, before = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
  pid_t child = vfork();
  if (child == 0) run_child(request, report[1]);
  int vfork_error = errno;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
  close(report[1]);
  if (child < 0) {
    close(report[0]);
    return fail("vfork", failed_call, vfork_error);
  }
  // The child is past execve or has written its report: there is nothing to wait for.
  struct spawn_report text = {0, 0};
  fcntl(report[0], F_SETFL, O_NONBLOCK);
  ssize_t length = read(report[0], &text, sizeof text);
  close(report[0]);
  if (length == (ssize_t)sizeof text) {
    waitpid(child, NULL, 0);
    return fail(step_names[text.step], failed_call, text.error);
  }
  *pidfd = (int)syscall(SYS_pidfd_open, child, 0);
  if (*pidfd < 0) {
    int error = errno;
    kill(-child, SIGKILL);
    waitpid(child, NULL, 0);
    return fail("pidfd_open", failed_call, error);
  }
  return child;
}

int godwit_reap(int pidfd, int keep, int *signalled, int *status) {
  siginfo_t info;
  int result;
  memset(&info, 0, sizeof info);
  do {
    result = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | (keep ? WNOWAIT : 0));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return -1;
  if (info.si_pid == 0) return 0;
  *signalled = info.si_code != CLD_EXITED;
  *status = info.si_status;
  return 1;
}

int godwit_pipe(int ends[2]) {
  int made[2];
  if (pipe2(made, O_CLOEXEC) != 0) return -1;
  for (int end = 0; end < 2; end++) {
    ends[end] = made[end];
    if (made[end] > 2) continue;
    ends[end] = fcntl(made[end], F_DUPFD_CLOEXEC, 3);
    int error = errno;
    close(made[end]);
    if (ends[end] >= 0) continue;
    close(end == 0 ? made[1] : ends[0]);
    errno = error;
    return -1;
  }
  return 0;
}

int godwit_accept(int listener) {
  return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int godwit_peer_credentials(int descriptor, pid_t *process, uid_t *user, gid_t *group) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *process = peer.pid;
  *user = peer.uid;
  *group = peer.gid;
  return 0;
}

int godwit_peer_groups(int descriptor, gid_t *groups, int capacity) {
  socklen_t length = (socklen_t)((size_t)capacity * sizeof *groups);
  // With ERANGE the kernel stores the length it would have needed.
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0 && errno != ERANGE)
    return -1;
  return (int)(length / sizeof *groups);
}

int godwit_set_realtime(int priority) {
  struct sched_param parameters = {.sched_priority = priority};
  return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters);
}

int godwit_lock_memory(void) { return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT); }

int godwit_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  if (limit.rlim_cur == limit.rlim_max) return 0;
  struct rlimit before = limit;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  descriptor_limit_at_start = before;
  descriptor_limit_raised = 1;
  return 0;
}

int godwit_forbid_core(void) {
  struct rlimit limit;
  if (core_limit_lowered) return 0;
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return -1;
  struct rlimit before = limit;
  // 0 would only keep files away: the kernel hands a core to the program of core_pattern all the same,
  // unless the limit is 1, which is too short for any file.
  limit.rlim_cur = limit.rlim_max < 1 ? limit.rlim_max : 1;
  if (setrlimit(RLIMIT_CORE, &limit) != 0) return -1;
  core_limit_at_start = before;
  core_limit_lowered = 1;
  return 0;
}

int godwit_has_capability(int capability) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (capability < 0 || capability >= 64 || syscall(SYS_capget, &header, data) != 0) return 0;
  return (data[capability / 32].effective >> (capability % 32)) & 1;
}

int godwit_ignore_broken_pipes(void) { return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0; }

static char deadline_text[512];
static size_t deadline_length;

static void leave_at_deadline(int signal) {
  (void)signal;
  ssize_t written = write(2, deadline_text, deadline_length);
  (void)written;
  _exit(1);
}

int godwit_exit_after(long milliseconds, const char *text) {
  deadline_length = strnlen(text, sizeof deadline_text - 1);
  memcpy(deadline_text, text, deadline_length);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = leave_at_deadline;
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  struct itimerval timer = {{0, 0}, {milliseconds / 1000, (milliseconds % 1000) * 1000}};
  if (sigaction(SIGALRM, &action, NULL) != 0) return -1;
  if (sigprocmask(SIG_UNBLOCK, &alarm_only, NULL) != 0) return -1;
  return setitimer(ITIMER_REAL, &timer, NULL);
}
