/* `cname-updater request JOB` in C: reads the settings, finds the job, checks that the aliases are as wanted, writes the
 * request into the ledger, notifies the daemon, and checks that the daemon is not stopped.
 * CONFIG RUN JOB UPDATER-RUN. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **words) {
    (void)count;
    char text[65536], path[4096], line[256];
    struct stat one;

    int file = open(words[1], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file == -1) return 78;
    while (read(file, text, sizeof text) > 0) {}
    close(file);
    file = open("/etc/cname_mappings", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file != -1) close(file);

    if (lstat(words[2], &one) == -1 || !S_ISDIR(one.st_mode) || one.st_uid != geteuid()) return 73;
    snprintf(path, sizeof path, "%s/jobs/%s", words[2], words[3]);
    if (lstat(path, &one) == -1) return 64;

    snprintf(path, sizeof path, "%s/since", words[4]);
    file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file == -1 || read(file, text, sizeof text) <= 0) return 73;
    close(file);

    snprintf(path, sizeof path, "%s/pending/%s/manual", words[2], words[3]);
    int length = snprintf(line, sizeof line, "request %s\n", words[3]);
    file = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (file != -1 && read(file, text, sizeof text) == length && memcmp(text, line, length) == 0) {
        if (futimens(file, NULL) == -1) return 73;
    } else {
        char draft[4096];
        snprintf(draft, sizeof draft, "%s/pending/%s/.manual.%d", words[2], words[3], (int)getpid());
        file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file == -1 || write(file, line, length) != length || rename(draft, path) == -1) return 73;
    }
    close(file);
    if (lstat(path, &one) == -1) return 73;

    snprintf(path, sizeof path, "%s/fifo", words[2]);
    int fifo = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (fifo == -1 || fstat(fifo, &one) == -1 || !S_ISFIFO(one.st_mode)) return 69;
    length = snprintf(line, sizeof line, "pending %s\n", words[3]);
    struct pollfd wait = {fifo, POLLOUT, 0};
    poll(&wait, 1, 1000);
    if (write(fifo, line, length) != length) return 69;

    snprintf(path, sizeof path, "%s/lock", words[2]);
    int lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    struct flock holder = {.l_type = F_WRLCK};
    if (lock == -1 || fcntl(lock, F_GETLK, &holder) == -1 || holder.l_type == F_UNLCK) return 69;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)holder.l_pid);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1 || read(file, text, sizeof text) <= 0) return 71;
    return strstr(text, ") T ") ? 69 : 0;
}
