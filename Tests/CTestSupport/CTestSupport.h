// What a thread of a test may do to itself without touching the others. glibc's own calls either hide behind
// _GNU_SOURCE or act on all threads: nptl(7).

#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

// setns(2)
static inline int thread_enter_network(int fd) {
    enum { CLONE_NEWNET_FLAG = 0x40000000 };
    return (int)syscall(SYS_setns, fd, CLONE_NEWNET_FLAG);
}

// setresuid(2): all capabilities go with it.
static inline int thread_become_user(uid_t user) { return (int)syscall(SYS_setresuid, user, user, user); }

#endif
