/* Runs programs in turn, so that noise hits all alike: ROUNDS, then for each program a NAME, its environment, and its words
 * up to a `;`, as in  100 a X=1 /bin/true ';' b /bin/false ';'
 * Prints for each: NAME, the median from exec to exit and the mean CPU time, in microseconds. The output of the
 * programs is dropped. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most = 32 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int compare(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

int main(int count, char **words) {
    int rounds = atoi(words[1]), programs = 0;
    char **names[most], **calls[most];
    for (int i = 2; i < count && programs < most; i++, programs++) {
        names[programs] = words + i++;
        calls[programs] = words + i;
        while (strchr(calls[programs][0], '=')) calls[programs]++;
        while (strcmp(words[i], ";")) i++;
        words[i] = NULL;
    }
    posix_spawn_file_actions_t streams;
    posix_spawn_file_actions_init(&streams);
    posix_spawn_file_actions_addopen(&streams, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    double *took = malloc(sizeof *took * rounds * programs), cpu[most] = {0};
    for (int round = 0; round < rounds; round++) {
        for (int p = 0; p < programs; p++) {
            char *environment[32] = {0};
            int variables = 0;
            for (char **word = names[p] + 1; word < calls[p] && variables < 31; word++) environment[variables++] = *word;
            double start = now();
            pid_t child;
            int status = posix_spawn(&child, calls[p][0], &streams, NULL, calls[p], environment);
            if (status != 0) {
                fprintf(stderr, "%s: %s\n", calls[p][0], strerror(status));
                return 1;
            }
            struct rusage usage;
            wait4(child, &status, 0, &usage);
            took[p * rounds + round] = now() - start;
            if (status != 0) {
                fprintf(stderr, "%s: status %d\n", *names[p], status);
                return 1;
            }
            cpu[p] += usage.ru_utime.tv_sec * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1e6
                + usage.ru_stime.tv_usec;
        }
    }
    for (int p = 0; p < programs; p++) {
        qsort(took + p * rounds, rounds, sizeof *took, compare);
        printf("%s %.0f %.0f\n", *names[p], took[p * rounds + rounds / 2], cpu[p] / rounds);
    }
    return 0;
}
