/* load --port PORT --plan FILE [--at-once N] [--connects N] [--hold] [--missed N] [--watch] [--warmup S] [--seconds S]
 *
 *   --at-once    how many clients may be connecting at the same time
 *   --connects   how many connects in all, where that is more than clients: each closes and connects again
 *   --hold       once all are ready, wait for a line on standard input
 *   --missed     instead of measuring traffic: cut all who only listen, publish so many in each room, let them resume
 *   --watch      while measuring, look for traffic again and again instead of sleeping until there is some
 *   --seconds    how long is measured, after --warmup; 0: only connect
 *
 * Prints a line of JSON at each step: ready, measuring, measured, done. Standard input must be a pipe.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"

#define SETUP_SECONDS 180  /* without a client that gets ready */
#define LOOK_FOR_LOSS_NS 100000000ull

static double warmup = 1, seconds = 4;
static int hold, missed;

void die(const char *why) {
    fprintf(stderr, "load: %s%s%s\n", why, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(2);
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void read_arguments(int argc, char **argv) {
    static const struct option known[] = {
        {"port", required_argument, 0, 'p'},   {"plan", required_argument, 0, 'f'},    {"at-once", required_argument, 0, 'a'},
        {"connects", required_argument, 0, 'c'}, {"hold", no_argument, 0, 'h'},          {"warmup", required_argument, 0, 'w'},
        {"seconds", required_argument, 0, 's'}, {"missed", required_argument, 0, 'm'},   {"watch", no_argument, 0, 'l'},
        {0, 0, 0, 0},
    };
    for (int which; (which = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (which) {
        case 'p': links.port = atoi(optarg); break;
        case 'f': read_plan(optarg); break;
        case 'a': links.at_once = atoi(optarg); break;
        case 'c': links.connects = strtoull(optarg, NULL, 10); break;
        case 'h': hold = 1; break;
        case 'l': links.watch = 1; break;
        case 'm': missed = atoi(optarg); break;
        case 'w': warmup = atof(optarg); break;
        case 's': seconds = atof(optarg); break;
        default: exit(2);
        }
    }
    if (!links.port || !plan.client_count) die("--port and --plan are needed");
}

static void print_times(const char *name, const struct histogram *h) {
    printf(", \"%s\": {\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}", name, quantile_ms(h, 0.5), quantile_ms(h, 0.99),
           (double)h->max_us / 1000);
}

static void connect_all(void) {
    uint64_t began = now_ns(), last = began, done = 0;
    open_links();
    while (connects_done < links.connects) {
        wait_for_traffic(0.1);
        if (connects_done > done) done = connects_done, last = now_ns();
        if (now_ns() - last > SETUP_SECONDS * 1000000000ull) die("no client gets ready any more");
    }
    double took = (double)(now_ns() - began) / 1e9;
    printf("{\"step\": \"ready\", \"clients\": %d, \"connects\": %llu, \"seconds\": %.3f, \"cpu_seconds\": %.3f", ready_count,
           (unsigned long long)connects_done, took, cpu_seconds());
    print_times("setup", &setup);
    puts("}");
    while (hold && !wait_for_traffic(1)) continue;
}

static void run_until(uint64_t start, uint64_t until) {
    static uint64_t looked;
    for (uint64_t t = now_ns(); t < until; t = now_ns()) {
        double wait = publish_what_is_due(start), left = (double)(until - t) / 1e9;
        wait_for_traffic(wait < left ? wait : left);
        if (t - looked > LOOK_FOR_LOSS_NS) {
            go_on_after_loss();
            looked = t;
        }
    }
}

static void drain(void) {
    stopping = 1;
    last_arrival = now_ns();
    while (still_under_way() && now_ns() - last_arrival < patience()) wait_for_traffic(0.02);
    count_what_is_missing();
}

static void print_groups(double took) {
    for (int i = 0; i < plan.group_count; i++) {
        struct group *g = &plan.groups[i];
        printf("%s\"%s\": {\"published\": %llu, \"deliveries\": %llu, \"per_second\": %.1f, \"acks\": %llu, \"acks_per_second\": %.1f, "
               "\"missing\": %llu, \"doubled\": %llu, \"disordered\": %llu, \"unanswered\": %llu",
               i ? ", " : "", g->name, (unsigned long long)g->published, (unsigned long long)g->deliveries,
               (double)g->deliveries / took, (unsigned long long)g->acks, (double)g->acks / took, (unsigned long long)g->missing,
               (unsigned long long)g->doubled, (unsigned long long)g->disordered, (unsigned long long)g->unanswered);
        print_times("delivery", &g->delivery);
        print_times("ack", &g->ack);
        printf("}");
    }
}

static void resume(void) {
    double cpu = cpu_seconds();
    struct resumed found = cut_and_resume(missed);
    drain();
    printf("{\"step\": \"resumed\", \"sessions\": %d, \"seconds\": %.3f, \"cpu_seconds\": %.3f, \"closed\": %llu", found.sessions,
           (double)found.nanoseconds / 1e9, cpu_seconds() - cpu, (unsigned long long)closed_by_server);
    print_times("each", &found.each);
    printf(", \"groups\": {");
    print_groups(1);
    puts("}}");
}

int main(int argc, char **argv) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1000); /* ns: a fixed rate is kept to the microsecond */
    setvbuf(stdout, NULL, _IOLBF, 0);
    errno = 0;
    read_arguments(argc, argv);
    connect_all();
    if (missed) {
        resume();
        return 0;
    }
    if (seconds <= 0) return 0;

    uint64_t start = now_ns();
    begin_publishing();
    run_until(start, start + (uint64_t)(warmup * 1e9));
    puts("{\"step\": \"measuring\"}");
    measuring = 1;
    uint64_t from = now_ns();
    idle_ns = 0;
    run_until(start, from + (uint64_t)(seconds * 1e9));
    measuring = 0;
    double took = (double)(now_ns() - from) / 1e9;
    printf("{\"step\": \"measured\", \"seconds\": %.3f, \"busy\": %.3f}\n", took, 1 - (double)idle_ns / 1e9 / took);
    drain();
    printf("{\"step\": \"done\", \"seconds\": %.3f, \"closed\": %llu, \"other\": %llu, \"groups\": {", took,
           (unsigned long long)closed_by_server, (unsigned long long)other_messages);
    print_groups(took);
    puts("}}");
    return 0;
}
