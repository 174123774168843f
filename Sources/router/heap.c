// The heap of the router build, in place of the libc's. An updater lives for half a millisecond. With the libc's heap,
// half of this time would go into mapping pages and into page faults. There is one thread. A freed block is kept for
// the next call of malloc(3) with its size.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

// Sizes include the header, and are multiples of 16 bytes up to 512, then powers of two up to 8 KB. A larger block has
// pages of its own, and free(3) unmaps these pages.
enum { unit = 16, fine = 32, classes = fine + 5, chunk = 1 << 16 };

struct block {
    size_t size;
    // The start of the caller's bytes; in a free block, the next free block.
    struct block *next __attribute__((aligned(unit)));
};
_Static_assert(offsetof(struct block, next) == unit, "the caller's bytes are aligned");

static char first[chunk] __attribute__((aligned(unit)));
static char *rest = first;
static char *end = first + chunk;
static struct block *freed[classes];

// - Returns: The class of a size. Rounds the size up to the greatest size of its class.
static unsigned class_of(size_t *size) {
    size_t units = (*size + unit - 1) / unit;
    unsigned class = units;
    if (units > fine) {
        class = fine;
        for (size_t power = fine; power < units; power *= 2, *size = power * unit) class++;
    } else {
        *size = units * unit;
    }
    return class;
}

static void *pages(size_t size) {
    // Mapped at once: a page fault takes longer than to fill a page with zeros.
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return bytes == MAP_FAILED ? NULL : bytes;
}

void *malloc(size_t size) {
    if (size > PTRDIFF_MAX - 2 * unit) {
        errno = ENOMEM;
        return NULL;
    }
    // At least one byte: a freed block has its link there.
    size = (size ? size : 1) + unit;
    unsigned class = class_of(&size);
    struct block *block = class < classes ? freed[class] : NULL;
    if (block) {
        freed[class] = block->next;
        return &block->next;
    }
    if (class >= classes) {
        block = pages(size);
        if (!block) return NULL;
    } else {
        if (size > (size_t)(end - rest)) {
            char *more = pages(chunk);
            if (!more) return NULL;
            rest = more;
            end = more + chunk;
        }
        block = (struct block *)rest;
        rest += size;
    }
    block->size = size;
    return &block->next;
}

void free(void *bytes) {
    if (!bytes) return;
    struct block *block = (struct block *)((char *)bytes - unit);
    size_t size = block->size;
    unsigned class = class_of(&size);
    if (class < classes) {
        block->next = freed[class];
        freed[class] = block;
    } else {
        munmap(block, size);
    }
}

void *calloc(size_t count, size_t size) {
    if (size && count > PTRDIFF_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    void *bytes = malloc(count * size);
    return bytes ? memset(bytes, 0, count * size) : NULL;
}

void *realloc(void *old, size_t size) {
    void *bytes = malloc(size);
    if (old && bytes) {
        size_t before = ((struct block *)((char *)old - unit))->size - unit;
        memcpy(bytes, old, before < size ? before : size);
        free(old);
    }
    return bytes;
}

// posix_spawn(3) calls these names.
void *__libc_malloc(size_t size) __attribute__((alias("malloc")));
void __libc_free(void *bytes) __attribute__((alias("free")));

// No caller needs a greater alignment than malloc's.
int posix_memalign(void **bytes, size_t alignment, size_t size) {
    if (alignment > unit) return EINVAL;
    *bytes = malloc(size);
    return *bytes ? 0 : ENOMEM;
}
