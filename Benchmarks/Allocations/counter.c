// Counts allocations of the program it is preloaded into, and writes their number to standard error when the program ends.
// Built and used by dev/allocs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static atomic_ulong allocations;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void *(*next_aligned_alloc)(size_t, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);

// dlsym itself may allocate before it has answered: that memory comes from here and is never given back.
static char early[16384];
static size_t early_used;

static void *early_memory(size_t size) {
    size_t start = (early_used + 15) & ~(size_t)15;
    if (start + size > sizeof early) return NULL;
    early_used = start + size;
    return early + start;
}

static int is_early(const void *memory) {
    return (const char *)memory >= early && (const char *)memory < early + sizeof early;
}

__attribute__((constructor)) static void find(void) {
    next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    next_aligned_alloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "aligned_alloc");
    next_posix_memalign = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
}

__attribute__((destructor)) static void tell(void) {
    fprintf(stderr, "allocations %lu\n", atomic_load(&allocations));
}

static void count(void) { atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed); }

void *malloc(size_t size) {
    if (!next_malloc) return early_memory(size);
    count();
    return next_malloc(size);
}

void *calloc(size_t number, size_t size) {
    if (!next_calloc) {
        void *memory = early_memory(number * size);
        return memory ? memset(memory, 0, number * size) : NULL;
    }
    count();
    return next_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    if (!next_realloc) find();
    count();
    if (!is_early(memory)) return next_realloc(memory, size);
    void *copy = next_malloc(size);
    size_t there = (size_t)(early + sizeof early - (const char *)memory);
    return copy ? memcpy(copy, memory, size < there ? size : there) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size) {
    if (!next_aligned_alloc) find();
    count();
    return next_aligned_alloc(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (!next_posix_memalign) find();
    count();
    return next_posix_memalign(memory, alignment, size);
}

void free(void *memory) {
    static void (*next_free)(void *);
    if (!memory || is_early(memory)) return;
    if (!next_free) next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    next_free(memory);
}
