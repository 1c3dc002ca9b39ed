/* Watches all nodes of all clusters: one connection a node, one batch of probes a round, on the
 * engine's event loop, never blocking it.  What it sees goes to the store's measurements
 * (store/live.h). */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct event_base;
struct monitor;
struct store;

/* What is 0 takes the default in brackets. */
struct monitor_config {
	int interval_ms;        /* between rounds [1000] */
	int connect_timeout_ms; /* [3000] */
	int probe_timeout_ms;   /* a peer that does not answer a round in time is offline [3000] */
	int refresh_ms;         /* unchanged measurements are written again after this [5000] */
};

/* Start watching; BASE and S are borrowed.  S must be open to write and have the key, as the
 * monitoring role's password is sealed. */
enum err_code monitor_new(struct event_base *base, struct store *s, const struct monitor_config *c,
                          struct monitor **out, struct err *e);
/* Closes all connections. */
void monitor_free(struct monitor **m);
/* Clusters or nodes were added, changed or removed (CLUSTER_ID 0: anything): look at the store
 * again and try nodes that could not be reached at once. */
void monitor_wake(struct monitor *m, int64_t cluster_id);
