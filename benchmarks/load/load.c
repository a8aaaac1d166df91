/* The load generator: many WebSocket clients on one core, with epoll, so that it isn't what is measured.
 *
 *   load PORT PLAN WINDOW WARMUP SECONDS [RATE]
 *
 * PLAN is a file of lines:
 *   ready<TAB>TEXT         a client is set up once it has got a message that contains TEXT
 *   publish<TAB>TEMPLATE   what a publisher sends; %R is its room's name, %B the body
 *   ping<TAB>TEXT<TAB>TEXT a message that is answered at once (engine.io), optional
 *   client<TAB>ROOM<TAB>PATH<TAB>HEADER<TAB>FRAME...   one client, what it sends once connected
 *
 * The first client of a room publishes. With RATE 0 it keeps WINDOW messages under way: the next leaves when a
 * message has reached every member of the room. With a RATE all rooms together publish so many a second, spread
 * evenly. A body is "@seq.nanoseconds@" and some padding; each member must get each seq once, in order.
 * Prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FRAMES 8
#define BUCKETS 4096
#define SETUP_SECONDS 120
#define CONNECTING_AT_ONCE 64

struct room {
    char name[96];
    int members;
    struct client *publisher;
    uint64_t sent;      /* last seq that was published */
    uint32_t *arrived;  /* members that have got a seq, a ring by seq */
    uint64_t complete;  /* every seq up to here has reached all */
};

struct client {
    int fd, room, state; /* 0 idle, 1 connecting, 2 handshake, 3 setting up, 4 ready */
    char *path, *header, *frames[MAX_FRAMES];
    int frame_count;
    char *in;
    size_t in_size, in_used;
    char *out;
    size_t out_size, out_used;
    uint64_t seen; /* last seq that arrived */
};

static struct client *clients;
static struct room *rooms;
static int client_count, room_count, ready_count, next_to_connect, connecting, port, ep;
static char *ready_text, *publish_template, *ping_text, *pong_text;
static uint64_t deliveries, missing, doubled, foreign, bytes_in, window = 1, ring = 4096;
static uint64_t histogram[BUCKETS];
static int measuring, stopping;
static const char padding[] = "...............................................";

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static void die(const char *why) {
    fprintf(stderr, "load: %s%s%s\n", why, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(2);
}

/* 16 buckets for each doubling of microseconds. */
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

static double quantile(double q) {
    uint64_t all = 0, below = 0;
    for (int i = 0; i < BUCKETS; i++) all += histogram[i];
    for (int i = 0; i < BUCKETS; i++) {
        below += histogram[i];
        if (all && below >= q * all) return bucket_us(i) / 1000.0;
    }
    return 0;
}

static void watch(struct client *c, int write) {
    struct epoll_event e = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e) < 0) die("epoll_ctl");
}

static void push(struct client *c, const char *data, size_t size) {
    if (c->out_used == 0) {
        ssize_t n = send(c->fd, data, size, MSG_NOSIGNAL);
        if (n == (ssize_t)size) return;
        if (n < 0 && errno != EAGAIN) die("send");
        if (n > 0) data += n, size -= n;
        watch(c, 1);
    }
    if (c->out_used + size > c->out_size) {
        c->out_size = 2 * (c->out_used + size);
        if (!(c->out = realloc(c->out, c->out_size))) die("memory");
    }
    memcpy(c->out + c->out_used, data, size);
    c->out_used += size;
}

static void flush(struct client *c) {
    ssize_t n = send(c->fd, c->out, c->out_used, MSG_NOSIGNAL);
    if (n < 0) {
        if (errno == EAGAIN) return;
        die("send");
    }
    memmove(c->out, c->out + n, c->out_used - n);
    if ((c->out_used -= n) == 0) watch(c, 0);
}

static void send_frame(struct client *c, int opcode, const char *text, size_t size) {
    char frame[70000];
    static const unsigned char mask[4] = {0x5a, 0x17, 0xc3, 0x88};
    size_t head = 2;
    if (size > 65000) die("a frame is too long");
    frame[0] = (char)(0x80 | opcode);
    if (size < 126) {
        frame[1] = (char)(0x80 | size);
    } else {
        frame[1] = (char)(0x80 | 126);
        frame[2] = (char)(size >> 8), frame[3] = (char)size;
        head = 4;
    }
    memcpy(frame + head, mask, 4);
    for (size_t i = 0; i < size; i++) frame[head + 4 + i] = text[i] ^ mask[i & 3];
    push(c, frame, head + 4 + size);
}

static void publish(struct room *r) {
    char text[2048], *end = text;
    r->sent++;
    r->arrived[r->sent % ring] = 0;
    for (const char *p = publish_template; *p; p++) {
        if (p[0] == '%' && p[1] == 'R') {
            end += sprintf(end, "%s", r->name), p++;
        } else if (p[0] == '%' && p[1] == 'B') {
            end += sprintf(end, "@%llu.%llu@%s", (unsigned long long)r->sent, (unsigned long long)now_ns(), padding), p++;
        } else {
            *end++ = *p;
        }
    }
    send_frame(r->publisher, 1, text, end - text);
}

static void start_connecting(void) {
    while (next_to_connect < client_count && connecting < CONNECTING_AT_ONCE) {
        struct client *c = &clients[next_to_connect++];
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int one = 1;
        if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0) die("socket");
        /* Ports run out at 28,000 of one address: every client of a thousand has its own. */
        struct sockaddr_in from = {.sin_family = AF_INET};
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (next_to_connect / 20000));
        if (bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
        if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e) < 0) die("epoll_ctl");
        char request[4096];
        int n = snprintf(request, sizeof request,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
                         c->path, port, c->header, *c->header ? "\r\n" : "");
        c->state = 2;
        connecting++;
        push(c, request, n);
    }
}

static void arrived(struct client *c, const char *text, size_t size) {
    struct room *r = &rooms[c->room];
    const char *at = memchr(text, '@', size);
    if (!at) {
        foreign++;
        return;
    }
    uint64_t seq = 0, stamp = 0;
    const char *p = at + 1;
    while (*p >= '0' && *p <= '9') seq = seq * 10 + (*p++ - '0');
    if (*p == '.') p++;
    while (*p >= '0' && *p <= '9') stamp = stamp * 10 + (*p++ - '0');
    if (seq <= c->seen) {
        doubled++;
        return;
    }
    missing += seq - c->seen - 1;
    c->seen = seq;
    if (measuring) {
        deliveries++;
        histogram[bucket_of((now_ns() - stamp) / 1000)]++;
    }
    if (++r->arrived[seq % ring] == (uint32_t)r->members) {
        r->complete++;
        if (window && !stopping) publish(r);
    }
}

static void message(struct client *c, char *text, size_t size) {
    if (ping_text && size == strlen(ping_text) && !memcmp(text, ping_text, size)) {
        send_frame(c, 1, pong_text, strlen(pong_text));
    } else if (c->state == 4) {
        arrived(c, text, size);
    } else if (c->state == 3 && memmem(text, size, ready_text, strlen(ready_text))) {
        c->state = 4;
        ready_count++;
        connecting--;
        start_connecting();
    }
}

static size_t handshake(struct client *c) {
    char *end = memmem(c->in, c->in_used, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(c->in, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "load: refused: %.60s\n", c->in);
        exit(2);
    }
    c->state = 3;
    for (int i = 0; i < c->frame_count; i++) send_frame(c, 1, c->frames[i], strlen(c->frames[i]));
    return end + 4 - c->in;
}

static size_t frame(struct client *c, char *in, size_t left) {
    if (left < 2) return 0;
    size_t size = in[1] & 127, head = 2;
    if (size == 126) {
        if (left < 4) return 0;
        size = (unsigned char)in[2] << 8 | (unsigned char)in[3], head = 4;
    } else if (size == 127) {
        if (left < 10) return 0;
        size = 0, head = 10;
        for (int i = 2; i < 10; i++) size = size << 8 | (unsigned char)in[i];
    }
    if (left < head + size) return 0;
    int opcode = in[0] & 15;
    if (opcode == 1 || opcode == 2) message(c, in + head, size);
    if (opcode == 9) send_frame(c, 10, in + head, size);
    if (opcode == 8) {
        fprintf(stderr, "load: a client was closed, %d\n", size > 1 ? (unsigned char)in[head] << 8 | (unsigned char)in[head + 1] : 0);
        exit(2);
    }
    return head + size;
}

static void receive(struct client *c) {
    for (;;) {
        if (c->in_size - c->in_used < 65536) {
            c->in_size = c->in_size ? 2 * c->in_size : 65536;
            if (!(c->in = realloc(c->in, c->in_size + 64))) die("memory");
        }
        size_t room = c->in_size - c->in_used;
        ssize_t n = recv(c->fd, c->in + c->in_used, room, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) die("a connection ended");
        bytes_in += n;
        c->in_used += n;
        c->in[c->in_used] = 0;
        size_t done = 0, one;
        while (done < c->in_used) {
            if (c->state == 2) one = handshake(c);
            else one = frame(c, c->in + done, c->in_used - done);
            if (!one) break;
            done += one;
        }
        memmove(c->in, c->in + done, c->in_used - done);
        c->in_used -= done;
        if (c->in_used == 0 && c->in_size > 262144) free(c->in), c->in = NULL, c->in_size = 0;
        if ((size_t)n < room) return;
    }
}

static void turn(int timeout_ms) {
    static struct epoll_event events[1024];
    int n = epoll_wait(ep, events, 1024, timeout_ms);
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) flush(c);
        if (events[i].events & ~EPOLLOUT) receive(c);
    }
}

static int room_of(const char *name) {
    for (int i = room_count - 1; i >= 0; i--)
        if (!strcmp(rooms[i].name, name)) return i;
    rooms = realloc(rooms, (room_count + 1) * sizeof *rooms);
    memset(&rooms[room_count], 0, sizeof *rooms);
    snprintf(rooms[room_count].name, sizeof rooms->name, "%s", name);
    return room_count++;
}

static void read_plan(const char *path) {
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    if (!f) die(path);
    while ((n = getline(&line, &size, f)) > 0) {
        if (line[n - 1] == '\n') line[n - 1] = 0;
        char *rest = strdup(line), *word = strsep(&rest, "\t");
        if (!strcmp(word, "ready")) ready_text = strsep(&rest, "\t");
        else if (!strcmp(word, "publish")) publish_template = strsep(&rest, "\t");
        else if (!strcmp(word, "ping")) ping_text = strsep(&rest, "\t"), pong_text = strsep(&rest, "\t");
        else if (!strcmp(word, "client")) {
            clients = realloc(clients, (client_count + 1) * sizeof *clients);
            struct client *c = &clients[client_count++];
            memset(c, 0, sizeof *c);
            c->room = room_of(strsep(&rest, "\t"));
            rooms[c->room].members++;
            c->path = strsep(&rest, "\t");
            c->header = strsep(&rest, "\t");
            while (rest && c->frame_count < MAX_FRAMES) c->frames[c->frame_count++] = strsep(&rest, "\t");
        } else die("the plan has a line that nobody knows");
    }
    fclose(f);
    if (!client_count || !ready_text || !publish_template) die("the plan says too little");
}

int main(int argc, char **argv) {
    if (argc < 6) die("usage: load PORT PLAN WINDOW WARMUP SECONDS [RATE]");
    port = atoi(argv[1]);
    read_plan(argv[2]);
    window = strtoull(argv[3], NULL, 10);
    double warmup = atof(argv[4]), seconds = atof(argv[5]), rate = argc > 6 ? atof(argv[6]) : 0;
    if (rate > 0) window = 0;
    struct rlimit files = {1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_NOFILE, &files) < 0 && getrlimit(RLIMIT_NOFILE, &files) == 0)
        files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files);
    errno = 0;
    if ((ep = epoll_create1(0)) < 0) die("epoll");
    uint64_t began = now_ns();
    start_connecting();
    while (ready_count < client_count) {
        turn(100);
        if (now_ns() - began > SETUP_SECONDS * 1000000000ull) die("not every client could be set up");
    }
    double setup = (now_ns() - began) / 1e9;
    for (int i = 0; i < client_count; i++)
        if (!rooms[clients[i].room].publisher) rooms[clients[i].room].publisher = &clients[i];
    for (int i = 0; i < room_count; i++)
        if (!(rooms[i].arrived = calloc(ring, sizeof(uint32_t)))) die("memory");
    for (int i = 0; i < room_count; i++)
        for (uint64_t w = 0; w < window; w++) publish(&rooms[i]);

    uint64_t start = now_ns(), measure_from = start + warmup * 1e9, until = measure_from + seconds * 1e9, published = 0;
    struct rusage before = {0}, after;
    for (uint64_t t = start; t < until; t = now_ns()) {
        if (!measuring && t >= measure_from) {
            measuring = 1;
            measure_from = t;
            getrusage(RUSAGE_SELF, &before);
        }
        if (rate > 0) {
            while (published < (t - start) / 1e9 * rate) publish(&rooms[published++ % room_count]);
            turn(0);
        } else {
            turn(10);
        }
    }
    measuring = 0;
    double took = (now_ns() - measure_from) / 1e9;
    getrusage(RUSAGE_SELF, &after);
    stopping = 1;
    /* What is under way must still arrive, at every member. */
    uint64_t give_up = now_ns() + 10 * 1000000000ull, lacking = 1;
    while (lacking && now_ns() < give_up) {
        turn(20);
        lacking = 0;
        for (int i = 0; i < client_count; i++) lacking += rooms[clients[i].room].sent - clients[i].seen;
    }
    double busy = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) + (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6 +
                  (after.ru_stime.tv_sec - before.ru_stime.tv_sec) + (after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
    printf("{\"clients\": %d, \"rooms\": %d, \"setup_seconds\": %.3f, \"seconds\": %.3f, \"deliveries\": %llu, "
           "\"per_second\": %.0f, \"missing\": %llu, \"doubled\": %llu, \"other\": %llu, \"p50_ms\": %.3f, "
           "\"p99_ms\": %.3f, \"max_ms\": %.3f, \"generator_busy\": %.2f}\n",
           client_count, room_count, setup, took, (unsigned long long)deliveries, deliveries / took,
           (unsigned long long)(missing + lacking), (unsigned long long)doubled, (unsigned long long)foreign,
           quantile(0.5), quantile(0.99), quantile(1.0), busy / took);
    return missing + lacking + doubled ? 1 : 0;
}
