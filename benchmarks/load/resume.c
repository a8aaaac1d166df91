/* All who only listen are cut at once, miss what is published, and come back at once. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define GIVE_UP_NS 60000000000ull

int resuming;

/* A client keeps what it needs to say where it was. */
void remember(struct client *c, const char *text, size_t size) {
    for (int i = 0; i < KEPT && plan.keep[i]; i++) {
        size_t head = strlen(plan.keep[i]);
        const char *found = NULL, *end = text + size;
        for (const char *at = text; (at = memmem(at, (size_t)(end - at), plan.keep[i], head)); at = found) found = at + head;
        if (!found) continue;
        const char *stop = found;
        while (stop < end && !strchr("\",}]", *stop)) stop++;
        free(c->kept[i]);
        if (!(c->kept[i] = strndup(found, (size_t)(stop - found)))) die("memory");
    }
}

static char *filled(struct client *c, const char *step) {
    char text[4096], *end = text;
    for (; *step; step++) {
        if (*step != '%') {
            *end++ = *step;
            continue;
        }
        const char *value = *++step == 'R' ? c->room->name : *step >= '1' && *step <= '0' + KEPT ? c->kept[*step - '1'] : NULL;
        if (!value) die("a client does not know what it needs to resume");
        end += sprintf(end, "%.500s", value);
        if (end > text + sizeof text - 600) die("a step is too long");
    }
    return strndup(text, (size_t)(end - text));
}

static int complete(struct client *c) {
    if (c->state == CLOSED) return 1; /* it is away, and shall miss this */
    for (int k = 0; k < c->room->group->publishers; k++)
        if (c->seen[k] < c->room->publishers[k].sent) return 0;
    return c->state == READY && (!c->publisher || c->publisher->acked == c->publisher->sent);
}

static void wait_for_all(void) {
    uint64_t began = now_ns();
    for (int i = 0; i < plan.client_count; i++)
        while (!complete(&plan.clients[i])) {
            wait_for_traffic(0.05);
            if (now_ns() - began > GIVE_UP_NS) die("a client never got all");
        }
}

static void publish_everywhere(int times) {
    for (; times > 0; times--) {
        for (int i = 0; i < plan.publisher_count; i++)
            if (plan.publishers[i].client) publish(&plan.publishers[i]);
        wait_for_all();
    }
}

static int cut_listeners(void) {
    int cut = 0;
    for (int i = 0; i < plan.client_count; i++) {
        struct client *c = &plan.clients[i];
        if (c->publisher) continue;
        cut_link(c);
        char **steps = malloc(sizeof *steps * (size_t)(plan.resume_steps + 1));
        for (int k = 0; k < plan.resume_steps; k++) steps[k] = filled(c, plan.resume[k]);
        c->steps = steps;
        c->step_count = plan.resume_steps;
        cut++;
    }
    return cut;
}

struct resumed cut_and_resume(int missed) {
    struct resumed found = {0};
    stopping = 1; /* nobody publishes but by the lines below */
    publish_everywhere(1);
    found.sessions = cut_listeners();
    publish_everywhere(missed);

    resuming = 1;
    uint64_t began = now_ns();
    int complete_count = 0;
    char *done = calloc((size_t)plan.client_count, 1);
    open_links_again(found.sessions);
    while (complete_count < found.sessions) {
        wait_for_traffic(0.05);
        uint64_t now = now_ns();
        if (now - began > GIVE_UP_NS) die("a client never got what it missed");
        for (int i = 0; i < plan.client_count; i++) {
            if (done[i] || plan.clients[i].publisher || !complete(&plan.clients[i])) continue;
            done[i] = 1;
            complete_count++;
            record(&found.each, began, now);
            found.nanoseconds = now - began;
        }
    }
    free(done);
    publish_everywhere(1); /* all are live: this reaches them too */
    return found;
}
