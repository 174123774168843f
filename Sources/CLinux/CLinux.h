// libc: glibc in the development build, musl in the router build. Functions with the prefix linux_ replace what Swift
// can't import: variadic functions, macros other than plain numbers, and calls without a declaration.
// No _GNU_SOURCE: the Dispatch module imports these headers without it, and Swift needs them to be alike.

#ifndef CLINUX_H
#define CLINUX_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#if defined(ROUTER_BUILD) && defined(__GLIBC__)
#error "the router build must see musl's headers: its structures differ from glibc's"
#endif

static inline int linux_errno(void) { return errno; }
static inline void linux_clear_errno(void) { errno = 0; }

// openat(2) rather than open(2): musl's open(2) sets O_CLOEXEC with another system call.
static inline int linux_open(const char *path, int flags, mode_t mode) { return openat(AT_FDCWD, path, flags, mode); }

static inline void linux_set_nonblocking(int fd) { fcntl(fd, F_SETFL, O_NONBLOCK); }

static inline int linux_lock(int fd, int command, struct flock *lock) { return fcntl(fd, command, lock); }

static inline const char *linux_entry_name(const struct dirent *entry) { return entry->d_name; }

static inline void linux_signal_default(int signal_number) { signal(signal_number, SIG_DFL); }
static inline void linux_signal_ignore(int signal_number) { signal(signal_number, SIG_IGN); }

extern char **environ;
static inline char **linux_environment(void) { return environ; }

// System V ABI, "Initial Stack and Register State": argc, argv, then the environment, until the process changes it.
static inline char **linux_arguments(void) {
    char **words = linux_environment() - 1;
    long count = 0;
    while ((long)words[-1] != count) {
        words--;
        count++;
    }
    return words;
}

// madvise(2) on the program's code. The linker defines both symbols.
static inline void linux_release_code(void) {
    extern char __executable_start[], etext[];
    madvise(__executable_start, (size_t)(etext - __executable_start), MADV_DONTNEED);
}

// The router build defines the package's version.
#ifndef PROGRAM_VERSION
#define PROGRAM_VERSION "unreleased"
#endif
static inline const char *linux_program_version(void) { return PROGRAM_VERSION; }

static inline int linux_exited(int status) { return WIFEXITED(status); }
static inline int linux_exit_status(int status) { return WEXITSTATUS(status); }
static inline int linux_signal(int status) { return WTERMSIG(status); }

// statfs(2). The structure and the call share a name.
static inline int linux_file_system(const char *path, unsigned long *type) {
    struct statfs status;
    int result = statfs(path, &status);
    if (result == 0) *type = (unsigned int)status.f_type;
    return result;
}

// pipe2(2) is only declared with _GNU_SOURCE. musl has no wrapper for pidfd_open(2) and close_range(2).

static inline int linux_pipe(int fds[2]) { return (int)syscall(SYS_pipe2, fds, O_CLOEXEC); }

static inline int linux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static inline int linux_close_on_exec_from(int first) {
    enum { CLOSE_RANGE_CLOEXEC_FLAG = 4 };
    return (int)syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC_FLAG);
}

// Types of sockets are enumerations in glibc and numbers in musl. NETLINK_ROUTE is 0 (linux/netlink.h).

static inline int linux_route_socket(void) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

static inline int linux_log_socket(void) {
    struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1 || connect(fd, (struct sockaddr *)&log, sizeof log) == 0) return fd;
    close(fd);
    return -1;
}

// A struct sockaddr_nl with the group RTNLGRP_NEIGH.
static inline int linux_neighbour_socket(void) {
    struct {
        sa_family_t family;
        unsigned short padding;
        unsigned int port, groups;
    } address = {AF_NETLINK, 0, 0, 1 << 2};
    int fd = linux_route_socket();
    if (fd == -1 || bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

#endif
