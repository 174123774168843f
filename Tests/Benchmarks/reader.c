/* Only reads the FIFO, until it has seen so many lines: FIFO LINES. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **words) {
    (void)count;
    static char text[16384];
    mkfifo(words[1], 0600);
    struct pollfd fifo = {open(words[1], O_RDWR | O_NONBLOCK), POLLIN, 0};
    for (long lines = atol(words[2]); lines > 0;) {
        poll(&fifo, 1, -1);
        ssize_t length = read(fifo.fd, text, sizeof text);
        for (char *next = text; length > 0 && (next = memchr(next, '\n', text + length - next)); next++) lines--;
    }
    return 0;
}
