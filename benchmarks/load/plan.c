/* A plan is a file of lines, their fields parted by tabs. A line belongs to the last of its kind above it.
 *
 *   publish TEMPLATE              what a publisher sends: %R its room's name, %B the body, %N a number that counts up,
 *                                 %C its client's number, %T the time in ns
 *   ack     TEXT [REFUSAL]        what a message contains that acknowledges one to its publisher, or refuses it.
 *                                 Without this line a message is acknowledged when it has come back to its publisher
 *   ping    TEXT PONG             a message that is answered at once (engine.io)
 *   keep    TEXT                  what a message says after this, up to a quote, comma or bracket, is kept as %1; a second
 *                                 such line keeps %2
 *   resume  STEP...               as of a client below, for who was cut and connects again; %1, %2 and %R stand in them
 *   group   NAME PACE NUMBER [PUBLISHERS]   PACE: idle, window, acked or rate; PUBLISHERS in each room, 1 by default; with acked,
 *                                 a smaller room has as many as members
 *   room    NAME                  in the group
 *   client  PATH HEADER STEP...   in the room. STEPs before it is ready: >TEXT is sent, <TEXT is contained in a message
 *                                 that must come
 *
 * Tabs can't stand in a field, and PATH and HEADER (a whole line, or empty) go into the request as they are.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

struct plan plan;

/* Arrays move while the plan is read, so they refer to each other by number before tie(). */
static void *one_more(void *items, int count, size_t size) {
    if ((count & (count - 1)) == 0) {
        items = realloc(items, (count ? 2 * (size_t)count : 1) * size);
        if (!items) die("memory");
    }
    memset((char *)items + (size_t)count * size, 0, size);
    return items;
}

static char *field(char **rest) {
    char *text = strsep(rest, "\t");
    if (!text) die("a line of the plan is too short");
    return text;
}

static void read_group(char *rest) {
    plan.groups = one_more(plan.groups, plan.group_count, sizeof *plan.groups);
    struct group *g = &plan.groups[plan.group_count++];
    g->name = field(&rest);
    char *pace = field(&rest);
    if (!strcmp(pace, "idle")) g->pace = IDLE;
    else if (!strcmp(pace, "window")) g->pace = WINDOW;
    else if (!strcmp(pace, "acked")) g->pace = ACKED;
    else if (!strcmp(pace, "rate")) g->pace = RATE;
    else die("the plan has a pace that nobody knows");
    g->number = atof(field(&rest));
    g->publishers = g->pace == IDLE ? 0 : rest ? atoi(field(&rest)) : 1;
    if (g->pace != RATE && g->number >= SLOTS) die("too many messages are to be under way");
}

static char **read_steps(char *rest, int *count) {
    char *steps[MAX_STEPS], **kept;
    for (*count = 0; rest && *count < MAX_STEPS; ++*count) {
        char *step = steps[*count] = field(&rest);
        if (*step != '<' && *step != '>') die("a step of the plan neither sends nor expects");
    }
    if (rest) die("a client of the plan has too many steps");
    if (!(kept = malloc(sizeof *steps * (size_t)(*count + 1)))) die("memory");
    return memcpy(kept, steps, sizeof *steps * (size_t)*count);
}

static void read_client(char *rest) {
    plan.clients = one_more(plan.clients, plan.client_count, sizeof *plan.clients);
    struct client *c = &plan.clients[plan.client_count++];
    c->fd = -1;
    c->in_room = plan.room_count - 1;
    c->path = field(&rest);
    c->header = field(&rest);
    c->steps = read_steps(rest, &c->step_count);
}

static void read_keep(char *rest) {
    int i = 0;
    while (i < KEPT && plan.keep[i]) i++;
    if (i == KEPT) die("the plan keeps too much");
    plan.keep[i] = field(&rest);
}

/* Now that nothing moves any more, numbers become pointers. */
static void tie(void) {
    for (int i = 0; i < plan.room_count; i++) {
        struct room *r = &plan.rooms[i];
        r->group = &plan.groups[r->in_group];
        r->group->publisher_count += r->group->publishers;
        plan.publisher_count += r->group->publishers;
    }
    plan.publishers = calloc((size_t)plan.publisher_count + 1, sizeof *plan.publishers);
    if (!plan.publishers) die("memory");
    struct publisher *next = plan.publishers;
    for (int i = 0; i < plan.room_count; i++) {
        struct room *r = &plan.rooms[i];
        if (r->group->publishers > 1 && !(r->order = calloc(ORDERED, sizeof *r->order))) die("memory");
        if (i == 0 || r->group != r[-1].group) r->group->first_publisher = (int)(next - plan.publishers);
        r->publishers = next;
        for (int k = 0; k < r->group->publishers; k++, next++) next->room = r, next->index = k;
    }
    for (int i = 0; i < plan.client_count; i++) {
        struct client *c = &plan.clients[i];
        struct room *r = c->room = &plan.rooms[c->in_room];
        if (!(c->seen = calloc((size_t)r->group->publishers + 1, sizeof *c->seen))) die("memory");
        if (r->members < r->group->publishers) {
            struct publisher *p = c->publisher = &r->publishers[r->members];
            p->client = c;
            if (!(p->slots = calloc(SLOTS, sizeof *p->slots))) die("memory");
        }
        r->members++;
    }
    for (int i = 0; i < plan.room_count; i++)
        if (plan.rooms[i].group->pace != ACKED && plan.rooms[i].members < plan.rooms[i].group->publishers)
            die("a room of the plan has too few members");
}

void read_plan(const char *path) {
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    if (!f) die(path);
    while ((n = getline(&line, &size, f)) > 0) {
        if (line[n - 1] == '\n') line[n - 1] = 0;
        char *rest = strdup(line), *word = field(&rest);
        if (!strcmp(word, "publish")) plan.publish = field(&rest);
        else if (!strcmp(word, "ack")) plan.ack = field(&rest), plan.refusal = rest ? field(&rest) : NULL;
        else if (!strcmp(word, "ping")) plan.ping = field(&rest), plan.pong = field(&rest);
        else if (!strcmp(word, "keep")) read_keep(rest);
        else if (!strcmp(word, "resume")) plan.resume = read_steps(rest, &plan.resume_steps);
        else if (!strcmp(word, "group")) read_group(rest);
        else if (!strcmp(word, "room") && plan.group_count) {
            plan.rooms = one_more(plan.rooms, plan.room_count, sizeof *plan.rooms);
            plan.rooms[plan.room_count].in_group = plan.group_count - 1;
            plan.rooms[plan.room_count++].name = field(&rest);
        } else if (!strcmp(word, "client") && plan.room_count) read_client(rest);
        else die("the plan has a line that nobody knows, or in a wrong place");
    }
    free(line);
    fclose(f);
    if (!plan.client_count) die("the plan has no clients");
    tie();
    if (plan.publisher_count && !plan.publish) die("the plan doesn't say how to publish");
}
