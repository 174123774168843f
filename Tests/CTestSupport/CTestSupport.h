// System calls for one thread of a test, and functions that Swift can't import. glibc's own calls need _GNU_SOURCE or
// act on all threads: nptl(7).

#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// setns(2)
static inline int thread_enter_network(int fd) {
    enum { CLONE_NEWNET_FLAG = 0x40000000 };
    return (int)syscall(SYS_setns, fd, CLONE_NEWNET_FLAG);
}

// setresuid(2): the thread also loses all capabilities.
static inline int thread_become_user(uid_t user) { return (int)syscall(SYS_setresuid, user, user, user); }

static inline void flag_set(int *flag) { __atomic_store_n(flag, 1, __ATOMIC_SEQ_CST); }
static inline int flag_is_set(int *flag) { return __atomic_load_n(flag, __ATOMIC_SEQ_CST); }

// Returns a datagram socket that is connected to an IPv4 address, and receives for at most `seconds`; or -1.
static inline int datagram_socket(const char *address, int port, int seconds) {
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    struct timeval time = {.tv_sec = seconds};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, address, &peer.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    if (fd == -1 || connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0) return fd;
    close(fd);
    return -1;
}

// Answers ARP requests (RFC 826) at a link, in place of the kernel, until *over is set. An answer comes after `delay`
// milliseconds, and only to the last of `every` requests. Returns the number of requests, or -1: packet(7).
static inline int arp_answer(const char *link, int delay, int every, int *over) {
    struct sockaddr_ll own = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP)}, peer;
    socklen_t length = sizeof own;
    struct ether_arp request;
    int count = 0, fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP));
    own.sll_ifindex = (int)if_nametoindex(link);
    if (fd == -1 || bind(fd, (struct sockaddr *)&own, sizeof own) || getsockname(fd, (struct sockaddr *)&own, &length)) return -1;
    while (!flag_is_set(over)) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        length = sizeof peer;
        if (poll(&waiting, 1, 50) != 1) continue;
        if (recvfrom(fd, &request, sizeof request, 0, (struct sockaddr *)&peer, &length) != sizeof request) continue;
        if (peer.sll_pkttype == PACKET_OUTGOING || request.ea_hdr.ar_op != htons(ARPOP_REQUEST)) continue;
        if (++count % every) continue;
        poll(NULL, 0, delay);
        unsigned char address[4];
        memcpy(address, request.arp_tpa, 4);
        memcpy(request.arp_tha, request.arp_sha, 6);
        memcpy(request.arp_tpa, request.arp_spa, 4);
        memcpy(request.arp_sha, own.sll_addr, 6);
        memcpy(request.arp_spa, address, 4);
        request.ea_hdr.ar_op = htons(ARPOP_REPLY);
        sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&peer, length);
    }
    close(fd);
    return count;
}

// Starts a process that locks a file (fcntl(2)), and waits until it holds the lock. The process lives until it is
// killed or the calling thread ends. Returns its number, or -1.
static inline int lock_holder(const char *path) {
    int ends[2];
    char told = 0;
    if (pipe(ends)) return -1;
    pid_t child = fork();
    if (child == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], 0);
        syscall(SYS_close_range, 1, ~0U, 0);
        int fd = open(path, O_RDWR | O_CREAT, 0600);
        told = fcntl(fd, F_SETLK, &lock) == 0;
        if (write(0, &told, 1) == 1) close(0);
        for (;;) pause();
    }
    close(ends[1]);
    if (read(ends[0], &told, 1) != 1) told = 0;
    close(ends[0]);
    return told ? (int)child : -1;
}

#endif
