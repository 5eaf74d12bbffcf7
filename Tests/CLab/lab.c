// The lab's namespaces and processes. See lab.h; lab_socket.c has the sockets, lab_probe.c the two threads.
#define _GNU_SOURCE
#include "CLab.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <ifaddrs.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// --- Namespaces

static int open_namespace(const char *ns) {
  char path[128];
  snprintf(path, sizeof path, "/run/netns/%s", ns);
  return open(path, O_RDONLY | O_CLOEXEC);
}

/// Takes the calling thread into `ns`; the descriptor of where it came from, or -1 and errno.
static int enter(const char *ns) {
  int back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (back < 0) return -1;
  int there = open_namespace(ns);
  if (there < 0 || setns(there, CLONE_NEWNET) < 0) {
    int error = errno;
    if (there >= 0) close(there);
    close(back);
    errno = error;
    return -1;
  }
  close(there);
  return back;
}

/// Takes the calling thread back. A thread that stayed in a wrong namespace would mix up every
/// later test, so a failure ends the process.
static void leave(int back) {
  int error = errno;
  if (setns(back, CLONE_NEWNET) < 0) abort();
  close(back);
  errno = error;
}

int clinux_socket_in_namespace(const char *ns, int domain, int type, int protocol) {
  int back = enter(ns);
  if (back < 0) return -1;
  int descriptor = socket(domain, type | SOCK_CLOEXEC, protocol);
  leave(back);
  return descriptor;
}

int clinux_lab_write_in_namespace(const char *ns, const char *path, const char *text) {
  int back = enter(ns);
  if (back < 0) return -1;
  int result = -1;
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor >= 0) {
    size_t length = strlen(text);
    if (write(descriptor, text, length) == (ssize_t)length) result = 0;
    int error = errno;
    close(descriptor);
    errno = error;
  }
  leave(back);
  return result;
}

int clinux_lab_has_address(const char *ns, const uint8_t *address, size_t length) {
  int back = enter(ns);
  if (back < 0) return -1;
  struct ifaddrs *list = NULL;
  int found = getifaddrs(&list);
  leave(back);
  if (found < 0) return -1;
  for (struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr) continue;
    if (length == 4 && entry->ifa_addr->sa_family == AF_INET)
      found |= !memcmp(&((struct sockaddr_in *)entry->ifa_addr)->sin_addr, address, 4);
    if (length == 16 && entry->ifa_addr->sa_family == AF_INET6)
      found |= !memcmp(&((struct sockaddr_in6 *)entry->ifa_addr)->sin6_addr, address, 16);
  }
  freeifaddrs(list);
  return found;
}

int clinux_lab_interface_flags(const char *ns, const char *interface) {
  int descriptor = clinux_socket_in_namespace(ns, AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0) return -1;
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  int result = ioctl(descriptor, SIOCGIFFLAGS, &request);
  int error = errno;
  close(descriptor);
  errno = error;
  return result < 0 ? -1 : (uint16_t)request.ifr_flags;
}

// --- What must be gone

enum { most_namespaces = 256, most_directories = 64 };
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static char namespaces[most_namespaces][64];
static char directories[most_directories][128];
static pthread_once_t guarded = PTHREAD_ONCE_INIT;
static int wake[2] = {-1, -1};
static volatile sig_atomic_t ending;

static void remove_everything(void) {
  for (int i = 0; i < most_namespaces; i++)
    if (namespaces[i][0]) clinux_lab_remove_namespace(namespaces[i]);
  for (int i = 0; i < most_directories; i++)
    if (directories[i][0]) clinux_lab_remove_directory(directories[i]);
}

static void on_signal(int number) {
  unsigned char byte = (unsigned char)number;
  ending = 1;
  if (write(wake[1], &byte, 1) < 0) _exit(128 + number);
}

/// Cleaning up takes functions that a signal handler may not call, so a thread of its own does it.
static void *cleaner(void *unused) {
  unsigned char number;
  while (read(wake[0], &number, 1) != 1) {}
  remove_everything();
  signal(number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, NULL);
  kill(getpid(), number);
  return unused;
}

static void guard(void) {
  if (pipe2(wake, O_CLOEXEC) < 0) abort();
  pthread_t thread;
  if (pthread_create(&thread, NULL, cleaner, NULL) != 0) abort();
  pthread_detach(thread);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  atexit(remove_everything);
}

static int remember(char *table, size_t width, int count, const char *text) {
  pthread_once(&guarded, guard);
  if (ending || strlen(text) >= width) return -1;
  int result = -1;
  pthread_mutex_lock(&table_lock);
  for (int i = 0; i < count && result < 0; i++) {
    if (table[i * width]) continue;
    snprintf(table + i * width, width, "%s", text);
    result = 0;
  }
  pthread_mutex_unlock(&table_lock);
  return result;
}

static void forget(char *table, size_t width, int count, const char *text) {
  pthread_mutex_lock(&table_lock);
  for (int i = 0; i < count; i++)
    if (!strcmp(table + i * width, text)) table[i * width] = 0;
  pthread_mutex_unlock(&table_lock);
}

int clinux_lab_remember_namespace(const char *ns) {
  return remember(namespaces[0], sizeof namespaces[0], most_namespaces, ns);
}

int clinux_lab_remember_directory(const char *path) {
  if (strncmp(path, "/tmp/", 5) || strstr(path, "..") || !path[5]) return -1;
  return remember(directories[0], sizeof directories[0], most_directories, path);
}

void clinux_lab_remove_namespace(const char *ns) {
  char name[64], path[128];
  snprintf(name, sizeof name, "%s", ns);
  snprintf(path, sizeof path, "/run/netns/%s", name);
  if (access(path, F_OK) == 0) {
    clinux_lab_end_processes(name, 5000);
    umount2(path, MNT_DETACH);
    unlink(path);
  }
  forget(namespaces[0], sizeof namespaces[0], most_namespaces, name);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where) {
  (void)status, (void)type, (void)where;
  remove(path);
  return 0;
}

void clinux_lab_remove_directory(const char *path) {
  char name[128];
  snprintf(name, sizeof name, "%s", path);
  if (strncmp(name, "/tmp/", 5) == 0 && name[5])
    nftw(name, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
  forget(directories[0], sizeof directories[0], most_directories, name);
}

// --- Processes

pid_t clinux_lab_spawn(const char *ns, char *const argv[], char *const envp[], int input,
                       int output, int errors) {
  if (ending) {
    errno = ECANCELED;
    return -1;
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  int descriptors[3] = {input, output, errors};
  for (int i = 0; i < 3; i++) {
    if (descriptors[i] < 0)
      posix_spawn_file_actions_addopen(&actions, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
    else
      posix_spawn_file_actions_adddup2(&actions, descriptors[i], i);
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  pid_t process = -1;
  int back = ns ? enter(ns) : -1;
  int error = ns && back < 0 ? errno : 0;
  if (!error) error = posix_spawnp(&process, argv[0], &actions, &attributes, argv, envp);
  if (back >= 0) leave(back);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  errno = error;
  return error ? -1 : process;
}

int clinux_lab_wait(pid_t process, int timeout_ms, int *status) {
  pid_t done = waitpid(process, status, WNOHANG);
  if (done != 0) return done < 0 ? -1 : 1;
  int descriptor = (int)syscall(SYS_pidfd_open, process, 0);
  if (descriptor < 0) return -1;
  clinux_lab_readable(descriptor, timeout_ms);
  close(descriptor);
  done = waitpid(process, status, WNOHANG);
  return done < 0 ? -1 : done > 0;
}

/// SIGKILL to each process of the namespace; how many there were.
static int kill_processes(dev_t device, ino_t inode) {
  DIR *directory = opendir("/proc");
  if (!directory) return 0;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    pid_t process = (pid_t)strtol(entry->d_name, NULL, 10);
    if (process <= 1 || process == getpid()) continue;
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/ns/net", process);
    if (stat(path, &status) < 0) continue;
    if (status.st_dev != device || status.st_ino != inode) continue;
    kill(process, SIGKILL);
    count++;
  }
  closedir(directory);
  return count;
}

int clinux_lab_end_processes(const char *ns, int timeout_ms) {
  struct stat status;
  char path[128], own[] = "/proc/1/ns/net";
  struct stat machine;
  snprintf(path, sizeof path, "/run/netns/%s", ns);
  if (stat(path, &status) < 0) return 0;
  // A name whose mount is not there yet is an ordinary file, and the machine's own is never ours.
  if (stat(own, &machine) == 0 && machine.st_ino == status.st_ino) return -1;
  int64_t deadline = clinux_lab_now() + timeout_ms * 1000000LL;
  while (kill_processes(status.st_dev, status.st_ino) > 0) {
    if (clinux_lab_now() > deadline) return -1;
    clinux_lab_sleep(1000);
  }
  return 0;
}

// --- Time

int64_t clinux_lab_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void clinux_lab_keep_ahead(void) {
  struct sched_param first = {.sched_priority = 1};
  sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
}

void clinux_lab_sleep(int64_t microseconds) {
  struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
  while (nanosleep(&time, &time) < 0 && errno == EINTR) {}
}

bool clinux_lab_readable(int descriptor, int timeout_ms) {
  int64_t deadline = clinux_lab_now() + timeout_ms * 1000000LL;
  for (;;) {
    int64_t left = (deadline - clinux_lab_now() + 999999) / 1000000;
    struct pollfd entry = {.fd = descriptor, .events = POLLIN};
    int ready = poll(&entry, 1, left > 0 ? (int)left : 0);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return false;
  }
}
