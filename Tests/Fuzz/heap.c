/* The heap of the router build: a random sequence of its calls, beside a plain model of what a heap owes its callers.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The mappings of the heap: chunks for small blocks, which stay, and the pages of each large block. */
struct mapping {
    char *start;
    size_t size;
};
enum { most_mappings = 1000 };
static struct mapping mappings[most_mappings];
static size_t mapping_count;

static void require(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "heap: %s\n", what);
    abort();
}

static void *seen_mmap(void *place, size_t size, int protection, int flags, int file, off_t offset) {
    void *start = mmap(place, size, protection, flags, file, offset);
    if (start != MAP_FAILED) {
        require(mapping_count < most_mappings, "too many mappings");
        mappings[mapping_count++] = (struct mapping){start, size};
    }
    return start;
}

static int seen_munmap(void *start, size_t size) {
    for (size_t index = 0; index < mapping_count; index++) {
        if (mappings[index].start != start) continue;
        require(mappings[index].size == size, "a mapping is given back in part");
        mappings[index] = mappings[--mapping_count];
        return munmap(start, size);
    }
    require(0, "pages are given back that were not mapped");
    return -1;
}

/* The fuzzer keeps its own heap, and the libc keeps the fuzzer's. */
#define malloc router_malloc
#define calloc router_calloc
#define realloc router_realloc
#define free router_free
#define posix_memalign router_posix_memalign
#define mmap seen_mmap
#define munmap seen_munmap
#define alias(name) unused
#include "../../Sources/router/heap.c"
#undef mmap
#undef munmap

enum { most_blocks = 32, most_bytes = 400000, largest_small = 8192 - unit };

/* A caller's block. Its bytes are a part of `noise` that begins at `tag`. */
struct held {
    unsigned char *bytes;
    size_t size;
    size_t tag;
};
static struct held blocks[most_blocks];
static unsigned char noise[most_bytes + 256];
static const unsigned char zeros[most_bytes];
static size_t tags;

static int is_sound(const struct held *block, size_t size) {
    return memcmp(block->bytes, noise + block->tag, size) == 0;
}

/* Takes a new block, and fills it. */
static void hold(struct held *block, void *bytes, size_t size) {
    require(bytes != NULL, "no memory");
    require((uintptr_t)bytes % 16 == 0, "a block is not aligned");
    for (const struct held *other = blocks; other < blocks + most_blocks; other++) {
        if (other == block || !other->bytes) continue;
        require((unsigned char *)bytes + size <= other->bytes || other->bytes + other->size <= (unsigned char *)bytes,
            "two blocks overlap");
    }
    *block = (struct held){bytes, size, tags++ % 256};
    memcpy(bytes, noise + block->tag, size);
}

static void give_back(struct held *block) {
    if (!block->bytes) return;
    require(is_sound(block, block->size), "a block has changed");
    size_t before = mapping_count;
    free(block->bytes);
    require(before - mapping_count == (block->size > largest_small), "what is large, and only that, gives its pages back");
    block->bytes = NULL;
}

/* A size that no heap has. */
static size_t excess(unsigned number) {
    static const size_t starts[] = {SIZE_MAX, (size_t)PTRDIFF_MAX + 300, PTRDIFF_MAX, SIZE_MAX / 4, (size_t)1 << 50};
    return starts[number % 5] - number / 5 % 600;
}

/* Mostly small ones; some about where the large ones begin, and few that are really large, since they take their time. */
static size_t size_of(unsigned number) {
    unsigned low = number % 0x1000;
    switch (number >> 12) {
    case 15: return low < 0x200 ? (size_t)low * 768 : low * 4;
    case 14: return 8100 + low % 200;
    default: return low % 1100;
    }
}

static void step(unsigned call, struct held *block, unsigned number) {
    size_t size = size_of(number);
    void *bytes;
    errno = 0;
    switch (call) {
    case 0:
    case 1:
        give_back(block);
        hold(block, malloc(size), size);
        break;
    case 2: {
        give_back(block);
        size_t width = number % 7 + 1;
        bytes = calloc(size / width, width);
        size = size / width * width;
        require(bytes && memcmp(bytes, zeros, size) == 0, "calloc gives no zeros");
        hold(block, bytes, size);
        break;
    }
    case 3:
    case 4:
        bytes = realloc(block->bytes, size);
        if (block->bytes) {
            struct held moved = {bytes, 0, block->tag};
            require(bytes && is_sound(&moved, size < block->size ? size : block->size), "realloc loses bytes");
        }
        block->bytes = NULL;
        hold(block, bytes, size);
        break;
    case 5:
        give_back(block);
        bytes = block;
        if (number % 8 < 5) {
            require(posix_memalign(&bytes, (size_t)1 << number % 8, size) == 0, "posix_memalign refuses");
            hold(block, bytes, size);
        } else {
            require(posix_memalign(&bytes, (size_t)1 << number % 8, size) == EINVAL, "an alignment it can't keep");
            require(bytes == block, "a result in spite of a failure");
        }
        break;
    case 6:
        give_back(block);
        free(NULL);
        break;
    default:
        size = excess(number);
        switch (number % 4) {
        case 0: require(!malloc(size) && errno == ENOMEM, "malloc gives too much"); break;
        case 1: require(!calloc(size, number % 3 + 1) && errno == ENOMEM, "calloc gives too much"); break;
        case 2: require(!calloc(number % 300 + 1, size) && errno == ENOMEM, "calloc gives too much"); break;
        default: require(!realloc(block->bytes, size) && errno == ENOMEM, "realloc gives too much"); break;
        }
    }
}

/* Four bytes are a step: which call, which block, and a number for its size. */
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
    if (!noise[0])
        for (size_t index = 0; index < sizeof noise; index++) noise[index] = (index * 2654435761u >> 13) | 1;
    /* With any content. */
    memset(first, 0xA5, sizeof first);
    rest = first;
    end = first + chunk;
    memset(freed, 0, sizeof freed);

    for (; count >= 4; input += 4, count -= 4)
        step(input[0] % 8, blocks + input[1] % most_blocks, input[2] << 8 | input[3]);

    /* Freed blocks are used again: equal sizes take new pages only for large blocks. */
    size_t sizes[most_blocks];
    size_t large = 0;
    for (size_t index = 0; index < most_blocks; index++) {
        sizes[index] = blocks[index].bytes ? blocks[index].size : 0;
        large += sizes[index] > largest_small;
        if (!sizes[index]) give_back(blocks + index);
    }
    for (size_t index = 0; index < most_blocks; index++) give_back(blocks + index);
    size_t chunks = mapping_count;
    for (size_t index = 0; index < most_blocks; index++)
        if (sizes[index]) hold(blocks + index, malloc(sizes[index]), sizes[index]);
    require(mapping_count == chunks + large, "a freed block is not used again");
    for (size_t index = 0; index < most_blocks; index++) give_back(blocks + index);
    require(mapping_count == chunks, "a large block is not given back");

    while (mapping_count) seen_munmap(mappings->start, mappings->size);
    return 0;
}
