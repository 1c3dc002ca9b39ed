/* From what was measured to what people are shown of a node: status, message, lag, link.
 * Pure: time and all that others know of the node is given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/live.h"
#include "monitor/lag.h"
#include "monitor/link.h"
#include "monitor/sample.h"
#include "pg/fail.h"

/* A source that was not sampled for so long is a stale one. */
#define VIEW_FRESH_MS 5000

enum reach {
	REACH_UNKNOWN, /* the first attempt is under way */
	REACH_OK,
	REACH_FAILED,
};

/* All that is known of one node; what is not known is NULL. */
struct node_view {
	const struct node *node;
	int64_t now_ms;  /* monotonic */
	int64_t seen_ms; /* wall clock of the last answer; 0: never */
	enum reach reach;
	enum pg_fail fail;
	const char *error;                /* what libpq or the server said */
	int64_t lost_ms;                  /* when it stopped answering, monotonic */
	bool was_shut_down;               /* the server said good-bye before it went */
	bool peers_see_it;                /* its upstream or a replica of it still talks with it */
	const struct node_sample *sample; /* the last one, maybe old */
	bool upstream_known, upstream_seen;
	const struct node_sample *upstream;
	const struct lag_ring *source; /* positions of the writable node at the top */
	int64_t source_ms;             /* when it was sampled last */
};

/* Strings of OUT are of the arena or borrowed from V. */
void view_node(const struct node_view *v, struct arena *a, struct node_live *out);
/* The sender on the upstream that feeds the node, NULL when it is not there or not known. */
const struct sender_sample *view_sender(const struct node_view *v);
/* Whether A and B would be shown alike: all but times and counters that always run. */
bool view_equal(const struct node_live *a, const struct node_live *b);
