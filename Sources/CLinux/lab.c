// The lab's namespaces, processes and sockets. See lab.h; lab_probe.c has the two threads.
#define _GNU_SOURCE
#include "lab.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
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
#include <sys/un.h>
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

// --- Sockets

int clinux_lab_bound_socket(const char *ns, const uint8_t *address, size_t length, uint16_t port) {
  int family = length == 4 ? AF_INET : AF_INET6, on = 1, result;
  int descriptor = clinux_socket_in_namespace(ns, family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  if (length == 4) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&name.sin_addr, address, 4);
    setsockopt(descriptor, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    result = bind(descriptor, (struct sockaddr *)&name, sizeof name);
  } else {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&name.sin6_addr, address, 16);
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    result = bind(descriptor, (struct sockaddr *)&name, sizeof name);
  }
  if (result == 0) return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

/// VRRP over either family, ARP, and ICMPv6 types 133 to 137 without extension headers.
static struct sock_filter interesting[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 9, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 2),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 6, 7),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 3),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 133, 2, 1),
    BPF_STMT(BPF_RET | BPF_K, 512),
    BPF_STMT(BPF_RET | BPF_K, 0),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 137, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0),
    BPF_STMT(BPF_RET | BPF_K, 512),
};

static int interface_index(int descriptor, const char *interface) {
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  return ioctl(descriptor, SIOCGIFINDEX, &request) < 0 ? -1 : request.ifr_ifindex;
}

int clinux_lab_sniffer_socket(const char *ns, const char *interface) {
  int descriptor = clinux_socket_in_namespace(ns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  int on = 1, size = 4 << 20;
  struct sock_fprog program = {sizeof interesting / sizeof *interesting, interesting};
  struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  name.sll_ifindex = interface_index(descriptor, interface);
  // The filter comes before the binding, or the socket would hold frames that passed none.
  if (name.sll_ifindex > 0 &&
      setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
      setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 &&
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0 &&
      bind(descriptor, (struct sockaddr *)&name, sizeof name) == 0)
    return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

/// The kernel's timestamp of a message, from CLOCK_REALTIME to CLOCK_MONOTONIC; now without one.
int64_t clinux_lab_receive_time(struct msghdr *message) {
  struct timespec real;
  clock_gettime(CLOCK_REALTIME, &real);
  int64_t now = clinux_lab_now();
  for (struct cmsghdr *entry = CMSG_FIRSTHDR(message); entry; entry = CMSG_NXTHDR(message, entry)) {
    if (entry->cmsg_level != SOL_SOCKET || entry->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec stamp;
    memcpy(&stamp, CMSG_DATA(entry), sizeof stamp);
    return now - ((real.tv_sec - stamp.tv_sec) * 1000000000LL + real.tv_nsec - stamp.tv_nsec);
  }
  return now;
}

int clinux_lab_next_frame(int socket, int timeout_ms, struct clinux_lab_frame *frame) {
  struct sockaddr_ll from = {0};
  char control[256];
  struct iovec space = {frame->bytes, sizeof frame->bytes};
  struct msghdr message = {&from, sizeof from, &space, 1, control, sizeof control, 0};
  ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT);
  if (length < 0 && errno == EAGAIN) {
    if (!clinux_lab_readable(socket, timeout_ms)) return 0;
    message.msg_controllen = sizeof control;
    length = recvmsg(socket, &message, MSG_DONTWAIT);
  }
  if (length < 0) return errno == EAGAIN || errno == ENETDOWN ? 0 : -1;
  frame->length = (uint16_t)length;
  frame->outgoing = from.sll_pkttype == PACKET_OUTGOING;
  frame->time = clinux_lab_receive_time(&message);
  return 1;
}

int clinux_lab_inject(const char *ns, const char *interface, const uint8_t *bytes, size_t length) {
  int descriptor = clinux_socket_in_namespace(ns, AF_PACKET, SOCK_RAW, 0);
  if (descriptor < 0) return -1;
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
  to.sll_ifindex = interface_index(descriptor, interface);
  memcpy(to.sll_addr, bytes, length < 6 ? length : 6);
  ssize_t sent = -1;
  if (to.sll_ifindex > 0)
    sent = sendto(descriptor, bytes, length, 0, (struct sockaddr *)&to, sizeof to);
  int error = errno;
  close(descriptor);
  errno = error;
  return sent == (ssize_t)length ? 0 : -1;
}

int clinux_lab_notify_socket(const char *path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof name.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(name.sun_path, path);
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  if (bind(descriptor, (struct sockaddr *)&name, sizeof name) == 0) return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

// --- Time

int64_t clinux_lab_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
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
