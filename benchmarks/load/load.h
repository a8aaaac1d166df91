/* The load generator: many WebSocket clients on one core, with epoll, so that it isn't what is measured. */
#ifndef LOAD_H
#define LOAD_H
#include <stddef.h>
#include <stdint.h>

/* figures.c: time, and distributions of it */

#define BUCKETS 1024

struct histogram {
    uint64_t bucket[BUCKETS], count, max_us;
};

uint64_t now_ns(void);
void record(struct histogram *h, uint64_t since_ns, uint64_t until_ns);
double quantile_ms(const struct histogram *h, double q);

/* plan.c: what there is to do. */

enum pace {
    IDLE,   /* nobody publishes */
    WINDOW, /* each publisher keeps NUMBER messages under way: the next leaves when one has reached every member */
    ACKED,  /* the same, but the next leaves when the server has acknowledged one to its publisher */
    RATE    /* all publishers of the group together send NUMBER messages a second, evenly spread */
};

struct slot { /* one message that is under way */
    uint64_t seq, stamp;
    int arrivals;
};

struct publisher {
    struct client *client;  /* NULL where the room has fewer members than the group has publishers in each */
    struct room *room;
    int index;              /* among those of its room */
    uint64_t sent, acked;   /* seq of the last message sent, and acknowledged */
    uint64_t given_up;      /* what was sent up to here is no longer waited for */
    uint64_t progress;      /* when something of it last arrived, ns */
    struct slot *slots;     /* a ring by seq */
};

struct room {
    char *name;
    int in_group;
    struct group *group;
    struct publisher *publishers; /* as many as the group says: the first of its clients */
    int members;
    uint64_t *order, ordered;     /* of several publishers: a ring of what came, in the order of whom it came to first */
};

struct group { /* rooms that are paced and counted together */
    char *name;
    enum pace pace;
    double number;
    int publishers;               /* in each room */
    int first_publisher, publisher_count;
    uint64_t paced;               /* messages sent by RATE so far */
    uint64_t published, deliveries, acks;  /* while measuring */
    uint64_t missing, doubled;    /* over the whole run, as are these: */
    uint64_t disordered;          /* messages that came to a member in another order than to the first */
    uint64_t unanswered;          /* messages whose acknowledgement was given up, or that were refused */
    struct histogram delivery, ack;
};

#define KEPT 2
#define MAX_STEPS 64

enum state { CLOSED, HANDSHAKE, SETTING_UP, READY, CLOSING };

struct client {
    int fd;
    enum state state;
    int in_room;
    struct room *room;
    struct publisher *publisher; /* or NULL */
    char *path, *header, **steps;
    int step_count, step;
    uint64_t began;              /* connecting, ns */
    uint64_t *seen;              /* for each of the room's publishers: seq of the last message that arrived */
    uint64_t got;                /* messages that arrived, whoever sent them */
    char *kept[KEPT];            /* what the server last said after the texts that the plan keeps */
    char *in, *out; /* a message's beginning; what couldn't be sent yet */
    size_t in_used, out_size, out_used;
};

struct plan {
    char *publish, *ack, *refusal, *ping, *pong; /* texts of the protocol that the server speaks, see plan.c */
    char *keep[KEPT], **resume; /* likewise */
    int resume_steps;
    struct client *clients;
    struct room *rooms;
    struct group *groups;
    struct publisher *publishers;
    int client_count, room_count, group_count, publisher_count;
};

extern struct plan plan;

void read_plan(const char *path);

/* traffic.c: what is published and what arrives */

#define SLOTS 256        /* more than may be under way */
#define QUIET_NS 3000000000ull
#define UNANSWERED_AFTER_NS 10000000000ull /* for what is acknowledged, which may wait for a disk */
#define ORDERED 16384 /* messages that a member may be behind the first of its room, while their order is compared */

extern int measuring, stopping;
extern uint64_t other_messages, last_arrival;

void publish(struct publisher *p);
void begin_publishing(void);
double publish_what_is_due(uint64_t since); /* returns seconds until something is due again */
void go_on_after_loss(void);
uint64_t patience(void); /* after so long without an arrival, ns, nothing more is expected */
void arrived(struct client *c, const char *text, size_t size);
uint64_t still_under_way(void);
void count_what_is_missing(void);

/* websocket.c: clients and their sockets */

struct link_settings {
    int port, at_once;
    uint64_t connects; /* how many in all: more than clients means that each closes and connects again */
    int watch;         /* while measuring: look for traffic instead of sleeping until there is some */
};

extern struct link_settings links;
extern uint64_t connects_done, closed_by_server, idle_ns; /* idle: slept, or looked in vain */
extern int ready_count;
extern struct histogram setup;

void open_links(void);
void cut_link(struct client *c);
void open_links_again(int connects); /* of as many as were cut */
void send_text(struct client *c, const char *text, size_t size);
int wait_for_traffic(double seconds); /* whether standard input has something */

/* resume.c: who was cut comes back */

struct resumed {
    int sessions;
    uint64_t nanoseconds;
    struct histogram each; /* since all began to come back */
};

extern int resuming;

void remember(struct client *c, const char *text, size_t size);
struct resumed cut_and_resume(int missed);

void die(const char *why) __attribute__((noreturn));

#endif
