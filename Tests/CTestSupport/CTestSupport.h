// What a thread of a test may do to itself without touching the others, as glibc's own calls either hide behind
// _GNU_SOURCE or act on all threads: nptl(7). And what Swift can't import.

#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// setns(2)
static inline int thread_enter_network(int fd) {
    enum { CLONE_NEWNET_FLAG = 0x40000000 };
    return (int)syscall(SYS_setns, fd, CLONE_NEWNET_FLAG);
}

// setresuid(2): all capabilities go with it.
static inline int thread_become_user(uid_t user) { return (int)syscall(SYS_setresuid, user, user, user); }

static inline void flag_set(int *flag) { __atomic_store_n(flag, 1, __ATOMIC_SEQ_CST); }
static inline int flag_is_set(int *flag) { return __atomic_load_n(flag, __ATOMIC_SEQ_CST); }

// A datagram socket that is connected to an IPv4 address, and on which nobody waits for more than a second.
static inline int datagram_socket(const char *address, int port) {
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    struct timeval second = {.tv_sec = 1};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, address, &peer.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    if (fd == -1 || connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0) return fd;
    close(fd);
    return -1;
}

#endif
