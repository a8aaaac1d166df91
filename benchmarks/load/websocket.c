/* Clients: connect, set up step by step, receive, answer pings. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define CLIENTS_PER_ADDRESS 20000 /* an address has 28,000 ports */
#define READ_SIZE 65536
/* Edge-triggered: less of the kernel's work for each message. So a connection's end must be told with its last data. */
#define WATCHED (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define SAID_OF_CLOSED 20 /* standard error is a pipe that is read at the end */

struct link_settings links = {.at_once = 48};
uint64_t connects_done, closed_by_server, idle_ns;
int ready_count;
struct histogram setup;

static int ep, connecting;
static uint64_t connects_begun;
static const char close_normally[2] = {(char)(1000 >> 8), (char)(1000 & 255)};

static void watch(struct client *c, int also_writable) {
    struct epoll_event e = {.events = WATCHED | (also_writable ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e) < 0) die("epoll_ctl");
}

static void ended(struct client *c) {
    if (c->state == HANDSHAKE || c->state == SETTING_UP) die("a client's connection ended while it was set up");
    if (c->state == READY) {
        closed_by_server++;
        ready_count--;
    }
    close(c->fd);
    c->fd = -1;
    c->state = CLOSED;
    c->in_used = c->out_used = 0;
}

static void push(struct client *c, const char *data, size_t size) {
    if (c->out_used == 0) {
        ssize_t n = send(c->fd, data, size, MSG_NOSIGNAL);
        if (n == (ssize_t)size) return;
        if (n < 0 && errno != EAGAIN) return; /* it ends: reading will say so */
        if (n > 0) data += n, size -= (size_t)n;
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
        if (errno != EAGAIN) watch(c, 0); /* it ends: reading will say so */
        return;
    }
    c->out_used -= (size_t)n;
    memmove(c->out, c->out + n, c->out_used);
    if (c->out_used == 0) watch(c, 0);
}

static void send_frame(struct client *c, int opcode, const char *text, size_t size) {
    char frame[4 + 4 + 65536];
    static const char mask[4] = {0x5a, 0x17, 0x43, 0x28};
    size_t head = 2;
    if (size > 65535) die("a frame is too long");
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

void send_text(struct client *c, const char *text, size_t size) { send_frame(c, 1, text, size); }

static void begin(struct client *c, int index) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)links.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct epoll_event e = {.events = WATCHED, .data.ptr = c};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(index / CLIENTS_PER_ADDRESS));
    if ((c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) < 0) die("socket");
    /* The port is chosen when it connects, when it need be free for this one peer only. */
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
    c->began = now_ns();
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e) < 0) die("epoll_ctl");
    char request[8192];
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
                     c->path, links.port, c->header, *c->header ? "\r\n" : "");
    if (n >= (int)sizeof request) die("a request is too long");
    c->state = HANDSHAKE;
    c->step = 0;
    connecting++;
    push(c, request, (size_t)n);
}

static void connect_more(void) {
    while (connects_begun < links.connects && connecting < links.at_once) {
        int index = (int)(connects_begun % (uint64_t)plan.client_count);
        if (plan.clients[index].state != CLOSED) return; /* of the round before: it connects when that one has closed */
        connects_begun++;
        begin(&plan.clients[index], index);
    }
}

static void set_up(struct client *c) {
    while (c->step < c->step_count && c->steps[c->step][0] == '>') {
        const char *text = c->steps[c->step++] + 1;
        send_text(c, text, strlen(text));
    }
    if (c->step < c->step_count) return;
    record(&setup, c->began, now_ns());
    connecting--;
    connects_done++;
    if (links.connects - connects_done >= (uint64_t)plan.client_count) { /* it will be needed again */
        c->state = CLOSING;
        send_frame(c, 8, close_normally, sizeof close_normally);
    } else {
        c->state = READY;
        ready_count++;
    }
}

static void message(struct client *c, const char *text, size_t size) {
    remember(c, text, size);
    if (resuming && c->state == SETTING_UP) arrived(c, text, size); /* what was missed may come in the answer */
    if (plan.ping && size == strlen(plan.ping) && !memcmp(text, plan.ping, size)) {
        send_text(c, plan.pong, strlen(plan.pong));
    } else if (c->state == READY) {
        arrived(c, text, size);
    } else if (c->state == SETTING_UP) {
        const char *expected = c->steps[c->step] + 1;
        if (!memmem(text, size, expected, strlen(expected))) return;
        c->step++;
        set_up(c);
    }
}

static size_t handshake(struct client *c, const char *in, size_t left) {
    const char *end = memmem(in, left, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(in, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "load: refused: %.*s\n", (int)(left < 200 ? left : 200), in);
        exit(2);
    }
    c->state = SETTING_UP;
    set_up(c);
    return (size_t)(end + 4 - in);
}

static size_t frame(struct client *c, const char *in, size_t left) {
    if (left < 2) return 0;
    size_t size = in[1] & 127, head = 2;
    if (size == 126) {
        if (left < 4) return 0;
        size = (size_t)((unsigned char)in[2] << 8 | (unsigned char)in[3]), head = 4;
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
        if (c->state == READY && closed_by_server < SAID_OF_CLOSED && size > 1)
            fprintf(stderr, "load: a client was closed, %d\n", (unsigned char)in[head] << 8 | (unsigned char)in[head + 1]);
        ended(c);
    }
    return head + size;
}

static void keep(struct client *c, const char *rest, size_t size) {
    c->in_used = size;
    if (size == 0) {
        free(c->in);
        c->in = NULL;
    } else {
        if (!(c->in = realloc(c->in, size))) die("memory");
        memcpy(c->in, rest, size);
    }
}

/* All clients read into one buffer; a client keeps only the part of a message that has come so far. */
static void receive(struct client *c, int to_the_end) {
    static char *buffer;
    static size_t size;
    while (c->state != CLOSED) {
        if (size < c->in_used + READ_SIZE && !(buffer = realloc(buffer, size = 2 * (c->in_used + READ_SIZE)))) die("memory");
        if (c->in_used) memcpy(buffer, c->in, c->in_used);
        ssize_t n = recv(c->fd, buffer + c->in_used, size - c->in_used, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            ended(c);
            return;
        }
        size_t got = c->in_used + (size_t)n, done = 0, one = 1;
        int full = got == size;
        while (one && c->state != CLOSED && done < got) {
            one = (c->state == HANDSHAKE ? handshake : frame)(c, buffer + done, got - done);
            done += one;
        }
        keep(c, buffer + done, got - done);
        if (!full && !to_the_end) return;
    }
}

/* Without a word, as a network does. */
void cut_link(struct client *c) {
    close(c->fd);
    c->fd = -1;
    c->state = CLOSED;
    c->in_used = c->out_used = 0;
    ready_count--;
}

void open_links_again(int connects) {
    links.connects = connects_done + (uint64_t)connects;
    connects_begun = links.connects;
    for (int i = 0; i < plan.client_count; i++)
        if (plan.clients[i].state == CLOSED) begin(&plan.clients[i], i);
}

void open_links(void) {
    if ((ep = epoll_create1(0)) < 0) die("epoll");
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(ep, EPOLL_CTL_ADD, STDIN_FILENO, &e) < 0) die("standard input must be a pipe");
    if (links.connects < (uint64_t)plan.client_count) links.connects = (uint64_t)plan.client_count;
    connect_more();
}

static int events_within(struct epoll_event *events, int most, double seconds) {
    struct timespec wait = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    int n = epoll_pwait2(ep, events, most, &wait, NULL);
    if (n < 0 && errno != EINTR) die("epoll_pwait2");
    return n;
}

/* Who sleeps has to be woken, and on one machine the sender pays for that: a server whose clients are elsewhere never
 * does. So the generator may watch its sockets instead, and let others have the core when there is nothing. */
static int next_events(struct epoll_event *events, int most, double seconds) {
    uint64_t began = now_ns(), until = began + (uint64_t)(seconds * 1e9);
    int n = events_within(events, most, 0), watch = links.watch && measuring;
    if (n > 0) return n; /* it was not idle */
    do {
        if (watch) sched_yield();
        n = events_within(events, most, watch ? 0 : seconds);
    } while (!n && watch && now_ns() < until);
    idle_ns += now_ns() - began;
    return n;
}

int wait_for_traffic(double seconds) {
    static struct epoll_event events[1024];
    int n = next_events(events, 1024, seconds), told = 0;
    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;
        uint32_t what = events[i].events;
        if (!c) {
            told = 1;
            continue;
        }
        if (what & EPOLLOUT) flush(c);
        if (what & ~(uint32_t)EPOLLOUT && c->fd >= 0) receive(c, (what & ~(uint32_t)(EPOLLIN | EPOLLOUT)) != 0);
    }
    connect_more();
    return told;
}
