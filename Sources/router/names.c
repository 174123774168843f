// Both programs are one file, dhcp-hook, which runs the program that it is called by, as busybox(1) does. Each
// main.swift is a function, which the build names after its module.
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

int debounced(int count, char **words);
int cname_updater(int count, char **words);

int main(int count, char **words) {
    static const char usage[] = "dhcp-hook: call it by a link named debounced or cname-updater\n";
    const char *path = count ? words[0] : "";
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!strcmp(name, "debounced")) return debounced(count, words);
    if (!strcmp(name, "cname-updater")) return cname_updater(count, words);
    (void)!write(STDERR_FILENO, usage, sizeof usage - 1);
    return EX_USAGE;
}
