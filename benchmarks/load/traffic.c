/* Who publishes what, and whether it arrives: at every member, once and in order.
 *
 * A body is "@@publisher.seq.nanoseconds@" and some padding. Members follow each publisher's seq. A message that is
 * skipped is missing, one that comes again or too late is doubled. Where a room has several publishers, its members
 * must get what they say in one order.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "load.h"

/* Where nothing of a publisher arrived for so long, something was lost: it goes on with the next. */
#define LOST_AFTER_NS 1000000000ull

int measuring, stopping;
uint64_t other_messages, last_arrival;

static const char padding[] = "...............................................";

void publish(struct publisher *p) {
    char text[4096], *end = text, *limit = text + sizeof text - 256;
    struct slot *slot = &p->slots[++p->sent % SLOTS];
    unsigned long long seq = slot->seq = p->sent;
    slot->stamp = now_ns();
    slot->arrivals = 0;
    for (const char *t = plan.publish; *t; t++) {
        if (end > limit) die("what is published is too long");
        if (*t != '%') {
            *end++ = *t;
            continue;
        }
        switch (*++t) {
        case 'R': end += sprintf(end, "%.200s", p->room->name); break;
        case 'N': end += sprintf(end, "%llu", seq); break;
        case 'T': end += sprintf(end, "%llu", (unsigned long long)slot->stamp); break;
        case 'C': end += sprintf(end, "%ld", (long)(p->client - plan.clients)); break;
        case 'B': end += sprintf(end, "@@%d.%llu.%llu@%s", p->index, seq, (unsigned long long)slot->stamp, padding); break;
        default: die("what is published has a % that nobody knows");
        }
    }
    if (measuring) p->room->group->published++;
    if (p->client->state == READY) send_text(p->client, text, (size_t)(end - text));
}

static void fill_window(struct publisher *p) {
    if (!p->client) return;
    p->progress = now_ns();
    for (int i = 0; i < (int)p->room->group->number; i++) publish(p);
}

void begin_publishing(void) {
    for (int i = 0; i < plan.publisher_count; i++) {
        enum pace pace = plan.publishers[i].room->group->pace;
        if (pace == WINDOW || pace == ACKED) fill_window(&plan.publishers[i]);
    }
}

double publish_what_is_due(uint64_t since) {
    double passed = (double)(now_ns() - since) / 1e9, wait = 0.05;
    for (int i = 0; i < plan.group_count; i++) {
        struct group *g = &plan.groups[i];
        if (g->pace != RATE || !g->publisher_count) continue;
        while ((double)g->paced < passed * g->number)
            publish(&plan.publishers[g->first_publisher + (int)(g->paced++ % (uint64_t)g->publisher_count)]);
        double next = (double)g->paced / g->number - passed;
        if (next < wait) wait = next;
    }
    return wait;
}

void go_on_after_loss(void) {
    uint64_t now = now_ns();
    for (int i = 0; i < plan.publisher_count; i++) {
        struct publisher *p = &plan.publishers[i];
        if (!p->client) continue;
        struct group *g = p->room->group;
        if (g->pace == RATE || now - p->progress < (g->pace == ACKED ? UNANSWERED_AFTER_NS : LOST_AFTER_NS)) continue;
        if (g->pace == ACKED) g->unanswered += p->sent - p->acked;
        p->given_up = p->acked = p->sent;
        fill_window(p);
    }
}

/* Replies come in the order of what they answer. */
static void answered(struct publisher *p, int good) {
    struct group *g = p->room->group;
    if (p->acked == p->sent) return; /* late, it was given up */
    struct slot *slot = &p->slots[++p->acked % SLOTS];
    p->progress = now_ns();
    if (!good) g->unanswered++;
    if (measuring && good) {
        g->acks++;
        record(&g->ack, slot->stamp, p->progress);
    }
    if (g->pace == ACKED && !stopping) publish(p);
}

/* Whether a message is the answer to one of its publisher's. */
static int is_answer(struct client *c, const char *text, size_t size) {
    if (!plan.ack || !c->publisher) return 0;
    int good = memmem(text, size, plan.ack, strlen(plan.ack)) != NULL;
    if (!good && !(plan.refusal && memmem(text, size, plan.refusal, strlen(plan.refusal)))) return 0;
    if (!good) fprintf(stderr, "load: refused: %.*s\n", (int)(size < 300 ? size : 300), text);
    answered(c->publisher, good);
    return 1;
}

/* What the first member got as its nth message, every other must get as its nth. After a loss none of its own agrees. */
static void compare_order(struct client *c, uint64_t publisher, uint64_t seq) {
    struct room *r = c->room;
    uint64_t *nth = &r->order[c->got % ORDERED], what = seq << 16 | publisher;
    if (c->got++ == r->ordered) r->ordered++, *nth = what;
    else if (*nth != what) r->group->disordered++;
}

static uint64_t number(const char **at) {
    uint64_t value = 0;
    while (**at >= '0' && **at <= '9') value = value * 10 + (uint64_t)(*(*at)++ - '0');
    if (**at == '.') (*at)++;
    return value;
}

static const char *stamp_in(const char *text, size_t size) {
    const char *end = text + size;
    while ((text = memchr(text, '@', (size_t)(end - text))) && text + 1 < end)
        if (*++text == '@') return text + 1;
    return NULL;
}

static void said(struct client *c, uint64_t publisher, uint64_t seq, uint64_t stamp) {
    struct room *r = c->room;
    struct group *g = r->group;
    if (publisher >= (uint64_t)g->publishers) die("a message came that nobody sent");
    struct publisher *p = &r->publishers[publisher];
    uint64_t *seen = &c->seen[publisher];
    last_arrival = now_ns();
    if (seq <= *seen || seq > p->sent) {
        g->doubled++;
        return;
    }
    g->missing += seq - *seen - 1;
    *seen = seq;
    if (r->order) compare_order(c, publisher, seq);
    p->progress = last_arrival;
    if (measuring) {
        g->deliveries++;
        record(&g->delivery, stamp, last_arrival);
    }
    struct slot *slot = &p->slots[seq % SLOTS];
    if (slot->seq == seq && ++slot->arrivals == r->members && g->pace == WINDOW && seq > p->given_up && !stopping)
        publish(p);
    if (!plan.ack && g->pace == ACKED && c->publisher == p) answered(p, 1);
}

void arrived(struct client *c, const char *text, size_t size) {
    if (is_answer(c, text, size)) return;
    const char *at = text, *end = text + size;
    int bodies = 0;
    for (; (at = stamp_in(at, (size_t)(end - at))); bodies++) {
        uint64_t publisher = number(&at), seq = number(&at), stamp = number(&at);
        said(c, publisher, seq, stamp);
    }
    if (!bodies) other_messages++;
}

uint64_t patience(void) {
    for (int i = 0; i < plan.group_count; i++)
        if (plan.groups[i].pace == ACKED) return UNANSWERED_AFTER_NS;
    return QUIET_NS;
}

uint64_t still_under_way(void) {
    uint64_t lacking = 0;
    for (int i = 0; i < plan.client_count; i++) {
        struct client *c = &plan.clients[i];
        for (int k = 0; k < c->room->group->publishers; k++) lacking += c->room->publishers[k].sent - c->seen[k];
    }
    for (int i = 0; i < plan.publisher_count; i++)
        if (plan.publishers[i].room->group->pace == ACKED) lacking += plan.publishers[i].sent - plan.publishers[i].acked;
    return lacking;
}

void count_what_is_missing(void) {
    for (int i = 0; i < plan.client_count; i++) {
        struct client *c = &plan.clients[i];
        for (int k = 0; k < c->room->group->publishers; k++)
            c->room->group->missing += c->room->publishers[k].sent - c->seen[k];
    }
    for (int i = 0; i < plan.publisher_count; i++) {
        struct publisher *p = &plan.publishers[i];
        if (p->room->group->pace == ACKED) p->room->group->unanswered += p->sent - p->acked;
    }
}
