#include "model/live.h"

#include "base/macros.h"
#include "base/str.h"
#include "model/field.h"

static const struct field live_rows[] = {
	FIELD(node_live, node_id, "node_id", FIELD_I64),
	FIELD(node_live, cluster_id, "cluster_id", FIELD_I64),
	FIELD(node_live, role_known, "role_known", FIELD_BOOL),
	FIELD(node_live, in_recovery, "in_recovery", FIELD_BOOL),
	FIELD(node_live, readonly, "readonly", FIELD_BOOL),
	FIELD(node_live, version, "version", FIELD_STR),
	FIELD(node_live, message, "message", FIELD_STR),
	FIELD(node_live, current_lsn, "current_lsn", FIELD_STR),
	FIELD(node_live, received_lsn, "received_lsn", FIELD_STR),
	FIELD(node_live, flush_lsn, "flush_lsn", FIELD_STR),
	FIELD(node_live, replay_lsn, "replay_lsn", FIELD_STR),
	FIELD(node_live, timeline, "timeline", FIELD_INT),
	FIELD(node_live, lag_bytes, "lag_bytes", FIELD_I64),
	FIELD(node_live, lag_seconds, "lag_seconds", FIELD_REAL),
	FIELD(node_live, replay_paused, "replay_paused", FIELD_BOOL),
	FIELD(node_live, receiver_status, "receiver_status", FIELD_STR),
	FIELD(node_live, sender_host, "sender_host", FIELD_STR),
	FIELD(node_live, sender_port, "sender_port", FIELD_PORT),
	FIELD(node_live, system_identifier, "system_identifier", FIELD_STR),
	FIELD(node_live, link_text, "link_text", FIELD_STR),
	FIELD(node_live, tls, "tls", FIELD_BOOL),
	FIELD(node_live, tls_known, "tls_known", FIELD_BOOL),
	FIELD(node_live, last_seen, "last_seen", FIELD_I64),
	FIELD(node_live, pid, "pid", FIELD_I64),
	FIELD(node_live, uptime_s, "uptime_s", FIELD_I64),
};

static const struct field slot_rows[] = {
	FIELD(live_slot, name, "name", FIELD_STR),
	FIELD(live_slot, active, "active", FIELD_BOOL),
	FIELD(live_slot, physical, "physical", FIELD_BOOL),
	FIELD(live_slot, restart_lsn, "restart_lsn", FIELD_STR),
	FIELD(live_slot, wal_status, "wal_status", FIELD_STR),
	FIELD(live_slot, retained_bytes, "retained_bytes", FIELD_I64),
};

/* The capital L of OffLine is the wire's. */
static const char *const status_names[HOST_STATUSES] = {
	[HOST_UNKNOWN] = "CmonHostUnknown",   [HOST_ONLINE] = "CmonHostOnline",
	[HOST_OFFLINE] = "CmonHostOffLine",   [HOST_FAILED] = "CmonHostFailed",
	[HOST_RECOVERY] = "CmonHostRecovery", [HOST_SHUTDOWN] = "CmonHostShutDown",
};

static const char *const link_names[LINK_STATES] = {
	[LINK_NONE] = "none",     [LINK_ONLINE] = "online",   [LINK_CATCHING_UP] = "catching_up",
	[LINK_PAUSED] = "paused", [LINK_STALLED] = "stalled", [LINK_BROKEN] = "broken",
	[LINK_DOWN] = "down",
};

const char *host_status_name(enum host_status s)
{
	return status_names[s < HOST_STATUSES ? s : HOST_UNKNOWN];
}

bool host_status_parse(const char *name, enum host_status *out)
{
	int i = name_index(status_names, HOST_STATUSES, name);

	if (i >= 0)
		*out = (enum host_status)i;
	return i >= 0;
}

const char *link_state_name(enum link_state s)
{
	return link_names[s < LINK_STATES ? s : LINK_NONE];
}

bool link_state_parse(const char *name, enum link_state *out)
{
	int i = name_index(link_names, LINK_STATES, name);

	if (i >= 0)
		*out = (enum link_state)i;
	return i >= 0;
}

void node_live_init(struct node_live *n, int64_t cluster_id, int64_t node_id)
{
	*n = (struct node_live){
		.node_id = node_id,
		.cluster_id = cluster_id,
		.version = "",
		.message = "",
		.current_lsn = "",
		.received_lsn = "",
		.flush_lsn = "",
		.replay_lsn = "",
		.lag_bytes = -1,
		.lag_seconds = -1,
		.receiver_status = "",
		.sender_host = "",
		.system_identifier = "",
		.link_text = "",
	};
}

static struct json *slots_to_json(const struct node_live *n)
{
	struct json *slots = json_array_new();

	for (size_t i = 0; i < n->n_slots; i++) {
		struct json *slot = json_object_new();

		fields_write(slot_rows, ARRAY_SIZE(slot_rows), &n->slots[i], FIELDS_PUBLIC, slot);
		json_append(slots, slot);
	}
	return slots;
}

struct json *node_live_to_json(const struct node_live *n)
{
	struct json *j = json_object_new();

	fields_write(live_rows, ARRAY_SIZE(live_rows), n, FIELDS_PUBLIC, j);
	json_set_str(j, "hoststatus", host_status_name(n->status));
	json_set_str(j, "role", node_role_name(n->role));
	json_set_str(j, "link_state", link_state_name(n->link));
	if (n->n_slots > 0)
		json_set(j, "slots", slots_to_json(n));
	return j;
}

static enum err_code slots_from_json(const struct json *j, struct arena *a, struct node_live *n,
                                     struct err *e)
{
	size_t count = json_len(j);

	if (count > LIVE_SLOTS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d slots", LIVE_SLOTS_MAX);
	n->slots = ARENA_NEWN(a, count, struct live_slot);
	for (size_t i = 0; i < count; i++)
		TRY(fields_read(slot_rows, ARRAY_SIZE(slot_rows), json_at(j, i), a, &n->slots[i],
		                e));
	n->n_slots = count;
	return ERR_OK;
}

enum err_code node_live_from_json(const struct json *j, struct arena *a, struct node_live *out,
                                  struct err *e)
{
	struct node_live n = { 0 };

	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "a measurement must be an object");
	TRY(fields_read(live_rows, ARRAY_SIZE(live_rows), j, a, &n, e));
	n.lag_bytes = json_get_int(j, "lag_bytes", -1);
	n.lag_seconds = json_get_real(j, "lag_seconds", -1);
	n.role = str_eq(json_get_str(j, "role"), "master") ? ROLE_MASTER : ROLE_SLAVE;
	if (!host_status_parse(json_get_str(j, "hoststatus"), &n.status))
		n.status = HOST_UNKNOWN;
	if (!link_state_parse(json_get_str(j, "link_state"), &n.link))
		n.link = LINK_NONE;
	TRY(slots_from_json(json_get(j, "slots"), a, &n, e));
	*out = n;
	return ERR_OK;
}

struct node_live *live_find(const struct live_list *l, int64_t node_id)
{
	for (size_t i = 0; i < l->count; i++) {
		if (l->items[i].node_id == node_id)
			return &l->items[i];
	}
	return NULL;
}
