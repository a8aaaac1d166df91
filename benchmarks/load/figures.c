#define _GNU_SOURCE
#include <time.h>

#include "load.h"

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Sixteen buckets for each doubling of microseconds: within 6 %. */
static int bucket_of(uint64_t us) {
    if (us < 16) return (int)us;
    int top = 63 - __builtin_clzll(us);
    int index = (top - 3) * 16 + (int)((us >> (top - 4)) & 15);
    return index < BUCKETS ? index : BUCKETS - 1;
}

static double bucket_us(int index) {
    if (index < 16) return index;
    int top = index / 16 + 3;
    return (double)((uint64_t)(16 + index % 16) << (top - 4));
}

void record(struct histogram *h, uint64_t since_ns, uint64_t until_ns) {
    uint64_t us = (until_ns - since_ns) / 1000;
    h->bucket[bucket_of(us)]++;
    h->count++;
    if (us > h->max_us) h->max_us = us;
}

double quantile_ms(const struct histogram *h, double q) {
    uint64_t below = 0;
    for (int i = 0; h->count && i < BUCKETS; i++) {
        below += h->bucket[i];
        if ((double)below >= q * (double)h->count) return bucket_us(i) / 1000.0;
    }
    return 0;
}
