/* What the monitor measured of a node, the state of a cluster that follows from it, and hosts and
 * clusters as they are on the wire (CmonPostgreSqlHost, CmonClusterInfo). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "model/cluster.h"

#define LIVE_SLOTS_MAX 64

enum host_status {
	HOST_UNKNOWN,
	HOST_ONLINE,
	HOST_OFFLINE,
	HOST_FAILED,
	HOST_RECOVERY, /* starting up, or a job works on it */
	HOST_SHUTDOWN,
	HOST_STATUSES
};
const char *host_status_name(enum host_status s); /* "CmonHostOnline" */
bool host_status_parse(const char *name, enum host_status *out);

/* The state of the stream that feeds a standby. */
enum link_state {
	LINK_NONE, /* not a standby */
	LINK_ONLINE,
	LINK_CATCHING_UP,
	LINK_PAUSED,  /* replay is paused */
	LINK_STALLED, /* connected, but nothing comes although there is something */
	LINK_BROKEN,  /* the receiver does not run, or cannot go on */
	LINK_DOWN,    /* the standby or its upstream is not reachable */
	LINK_STATES
};
const char *link_state_name(enum link_state s); /* "catching_up" */
bool link_state_parse(const char *name, enum link_state *out);

struct live_slot {
	const char *name;
	bool active;
	bool physical;
	const char *restart_lsn;
	const char *wal_status;
	int64_t retained_bytes; /* -1: not known */
};

struct node_live {
	int64_t node_id;
	int64_t cluster_id;
	enum host_status status;
	bool role_known;
	enum node_role role; /* as seen: not in recovery is MASTER */
	bool in_recovery;
	bool readonly;
	const char *version; /* "15.18" */
	const char *message; /* "Up and running." */
	const char *current_lsn, *received_lsn, *flush_lsn, *replay_lsn;
	int timeline;
	int64_t lag_bytes;  /* -1: not known */
	double lag_seconds; /* -1: not known */
	bool replay_paused;
	const char *receiver_status; /* pg_stat_wal_receiver.status, "" when there is none */
	const char *sender_host;
	int sender_port;
	const char *system_identifier;
	struct live_slot *slots;
	size_t n_slots;
	enum link_state link;
	const char *link_text; /* why, when it is not online */
	bool tls;              /* of the replication stream */
	bool tls_known;
	int64_t last_seen; /* ms since 1970; 0: never */
	int64_t pid;
	int64_t uptime_s;
};

struct live_list {
	struct node_live *items;
	size_t count;
};

/* A node about which nothing is known. */
void node_live_init(struct node_live *n, int64_t cluster_id, int64_t node_id);
struct json *node_live_to_json(const struct node_live *n);
enum err_code node_live_from_json(const struct json *j, struct arena *a, struct node_live *out,
                                  struct err *e);
struct node_live *live_find(const struct live_list *l, int64_t node_id);

enum cluster_state {
	CLUSTER_UNKNOWN,
	CLUSTER_STARTED,
	CLUSTER_DEGRADED,
	CLUSTER_FAILURE,
	CLUSTER_STOPPED,
	CLUSTER_STATES
};
const char *cluster_state_name(enum cluster_state s); /* "STARTED" */

#define CLUSTER_STATUS_TEXT_MAX 256

struct cluster_status {
	enum cluster_state state;
	char text[CLUSTER_STATUS_TEXT_MAX]; /* "All nodes are operational." */
};

/* Pure: the state follows from role and nodes.  A slave cluster is STARTED without a writable
 * node, also when its link is broken; a master cluster without one is FAILURE; a missing node
 * makes either DEGRADED. */
void cluster_status_of(const struct cluster *c, const struct live_list *live,
                       struct cluster_status *out);

/* Who makes the reply: shown as a host of each cluster when hostname is set. */
struct wire_controller {
	const char *hostname, *ip, *version;
	int port;
};

struct wire_view {
	const struct cluster_list *clusters;
	const struct live_list *live;
	struct wire_controller controller;
	bool with_hosts;
};

/* "CmonPostgreSqlHost" of one node.  The caller frees it. */
struct json *host_wire_json(const struct wire_view *v, const struct cluster *c,
                            const struct node *n);
/* "CmonClusterInfo"; job and alarm statistics are the caller's to add. */
struct json *cluster_wire_json(const struct wire_view *v, const struct cluster *c);
