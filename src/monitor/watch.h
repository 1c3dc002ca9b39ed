/* One watched node: its connection, kept open and made again when it is lost, and its last
 * sample.  Runs on the event loop; never blocks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/cluster.h"
#include "monitor/lag.h"
#include "monitor/monitor.h"
#include "monitor/sample.h"
#include "monitor/view.h"
#include "pg/fail.h"

struct event_base;
struct watch;

/* Who is told that a round has ended, well or not, and that a node was lost or found. */
struct watch_listener {
	void (*on_round)(void *ctx);
	void (*on_change)(void *ctx);
	void *ctx;
};

/* BASE, CONFIG and LISTENER are borrowed. */
struct watch *watch_new(struct event_base *base, const struct monitor_config *config,
                        const struct watch_listener *listener, int64_t node_id);
void watch_free(struct watch **w);
int64_t watch_node_id(const struct watch *w);

/* Where and as whom to connect; anything new makes a new connection. */
void watch_set_target(struct watch *w, const struct node *n, const struct login *as);
/* Send the probes of a round; false when there is nothing to wait for (not connected, or the
 * former round still runs). */
bool watch_round(struct watch *w);
/* Try at once what waits for its next attempt. */
void watch_hurry(struct watch *w);

/* What it knows goes to the members of V that are its own: reach, fail, error, sample ... */
void watch_view(const struct watch *w, struct node_view *v);
/* NULL unless the node was seen writable. */
const struct lag_ring *watch_ring(const struct watch *w);
