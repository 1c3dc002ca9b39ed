/* Hosts and clusters as the public clients want them; field names are theirs. */
#include "base/macros.h"
#include "base/str.h"
#include "model/live.h"
#include "model/user.h"
#include "model/wire.h"

#define DEFAULT_CLUSTER_VENDOR "postgresql"

struct host_view {
	const struct wire_view *v;
	const struct cluster *c;
	const struct node *n;
	const struct node_live *live; /* never NULL */
	enum node_role role;          /* as seen, else as known */
};

static void set_owner(const struct cluster *c, struct json *j)
{
	json_set_int(j, "owner_user_id", c->owner_user_id);
	json_set_str(j, "owner_user_name", str_or(c->owner_user_name, WIRE_SYSTEM_USER));
	json_set_int(j, "owner_group_id", c->owner_group_id);
	json_set_str(j, "owner_group_name", str_or(c->owner_group_name, GROUP_ADMINS));
	json_set_str(j, "acl", WIRE_ACL);
}

static void set_identity(const struct host_view *h, struct json *j)
{
	json_set_str(j, "class_name", "CmonPostgreSqlHost");
	json_set_str(j, "nodetype", "postgres");
	json_set_int(j, "hostId", h->n->id);
	json_set_int(j, "clusterid", h->c->id);
	json_set_str(j, "hostname", h->n->hostname);
	json_set_str(j, "alias", h->n->hostname);
	json_set_str(j, "ip", str_or(h->n->ip, ""));
	json_set_int(j, "port", h->n->port);
	json_set_str(j, "unique_id", str_or(h->live->system_identifier, h->c->system_identifier));
	set_owner(h->c, j);
	json_setf(j, "cdt_path", "/%s", str_or(h->c->name, ""));
	json_set(j, "tags", json_array_new());
}

static void set_condition(const struct host_view *h, struct json *j)
{
	const struct node_live *l = h->live;
	bool online = l->status == HOST_ONLINE;

	json_set_str(j, "hoststatus", host_status_name(l->status));
	json_set_bool(j, "connected", online);
	json_set_str(j, "role", node_role_name(h->role));
	json_set_str(j, "version", str_or(l->version, h->n->version));
	wire_set_text(j, "message", str_or(l->message, online ? "Up and running." : ""));
	if (online)
		json_set_bool(j, "readonly", l->readonly);
	if (l->pid > 0)
		json_set_int(j, "pid", l->pid);
	json_set_int(j, "uptime", l->uptime_s);
	json_set_int(j, "lastseen", l->last_seen / 1000);
	json_set_int(j, "sshfailcount", 0);
	json_set_bool(j, "managed", true);
	json_set_bool(j, "maintenance_mode_active", false);
	json_set_bool(j, "node_auto_recovery", h->c->node_auto_recovery);
	json_set_bool(j, "super_read_only", false);
	json_set_bool(j, "skip_name_resolve", false);
}

static void append_unless_empty(struct json *list, const char *text)
{
	if (!str_empty(text))
		json_append_str(list, text);
}

static void set_files(const struct host_view *h, struct json *j)
{
	struct json *configs = json_array_new();
	struct json *os = json_object_new();

	append_unless_empty(configs, h->n->config_file);
	append_unless_empty(configs, h->n->hba_file);
	json_set(j, "configfile", configs);
	json_set_str(j, "datadir", str_or(h->n->datadir, ""));
	json_set_str(j, "logfile", str_or(h->n->log_file, ""));
	json_set_str(os, "name", str_or(h->n->os_name, ""));
	json_set_str(os, "release", str_or(h->n->os_release, ""));
	json_set_str(os, "codename", str_or(h->n->os_codename, ""));
	json_set_str(os, "type", str_or(h->n->family, ""));
	json_set(j, "distribution", os);
}

static struct json *followers(const struct host_view *h)
{
	const struct cluster_list *l = h->v->clusters;
	struct json *list = json_array_new();
	CLEANUP(arena_free) struct arena *a = arena_new();

	for (size_t i = 0; i < l->count; i++) {
		for (size_t k = 0; k < l->items[i].n_nodes; k++) {
			const struct node *n = &l->items[i].nodes[k];
			const struct node *up = node_upstream(l, &l->items[i], n, NULL);

			if (up != NULL && up->id == h->n->id)
				json_append_str(list,
				                arena_printf(a, "%s:%d", n->hostname, n->port));
		}
	}
	return list;
}

/* The other end: the node that we know, else what was configured, else what was measured. */
static void set_upstream(const struct host_view *h, struct json *j)
{
	struct cluster *in = NULL;
	const struct node *up = node_upstream(h->v->clusters, h->c, h->n, &in);
	bool configured = !str_empty(h->n->upstream_host);
	int port = configured ? h->n->upstream_port : h->live->sender_port;

	if (up != NULL) {
		json_set_str(j, "master_host", up->hostname);
		json_set_int(j, "master_port", up->port);
		if (in != NULL && in->id != h->c->id)
			json_set_int(j, "master_cluster_id", in->id);
		return;
	}
	json_set_str(j, "master_host", str_or(h->n->upstream_host, h->live->sender_host));
	json_set_int(j, "master_port", port != 0 ? port : PG_DEFAULT_PORT);
	if (cluster_bridge(h->c) == h->n)
		json_set_int(j, "master_cluster_id", h->c->remote_cluster_id);
}

static struct json *slave_json(const struct host_view *h)
{
	const struct node_live *l = h->live;
	struct json *j = json_object_new();

	set_upstream(h, j);
	json_set_str(j, "status", str_or(l->receiver_status, "stopped"));
	json_set_str(j, "slave_io_state", str_or(l->receiver_status, "stopped"));
	json_set_str(j, "link_state", link_state_name(l->link));
	wire_set_text(j, "link_text", l->link_text);
	json_set_str(j, "received_location", str_or(l->received_lsn, ""));
	json_set_str(j, "flush_location", str_or(l->flush_lsn, ""));
	json_set_str(j, "replay_location", str_or(l->replay_lsn, ""));
	if (l->lag_seconds >= 0)
		json_set_int(j, "seconds_behind_master", (int64_t)(l->lag_seconds + 0.5));
	if (l->lag_bytes >= 0)
		json_set_int(j, "bytes_behind_master", l->lag_bytes);
	json_set_bool(j, "replay_paused", l->replay_paused);
	json_set_str(j, "slot_name", str_or(h->n->slot_name, ""));
	json_set_str(j, "application_name", str_or(h->n->application_name, ""));
	json_set_bool(j, "synchronous", h->n->sync);
	json_set_int(j, "timeline", l->timeline);
	if (l->tls_known)
		json_set_bool(j, "tls", l->tls);
	return j;
}

static struct json *slots_json(const struct node_live *l)
{
	struct json *list = json_array_new();

	for (size_t i = 0; i < l->n_slots; i++) {
		const struct live_slot *s = &l->slots[i];
		struct json *j = json_object_new();

		json_set_str(j, "slot_name", s->name);
		json_set_bool(j, "active", s->active);
		json_set_str(j, "restart_lsn", str_or(s->restart_lsn, ""));
		json_set_str(j, "wal_status", str_or(s->wal_status, ""));
		if (s->retained_bytes >= 0)
			json_set_int(j, "retained_bytes", s->retained_bytes);
		json_append(list, j);
	}
	return list;
}

static struct json *master_json(const struct host_view *h)
{
	struct json *j = json_object_new();

	json_set_str(j, "position", str_or(h->live->current_lsn, h->live->replay_lsn));
	json_set_int(j, "timeline", h->live->timeline);
	return j;
}

static void set_replication(const struct host_view *h, struct json *j)
{
	json_set(j, "slaves", followers(h));
	json_set(j, "replication_slots", slots_json(h->live));
	json_set_str(j, "received_location", str_or(h->live->received_lsn, ""));
	json_set_str(j, "replay_location", str_or(h->live->replay_lsn, ""));
	json_set(j, "replication_master", master_json(h));
	if (h->role == ROLE_MASTER)
		return;
	json_set_str(j, "replication_state", link_state_name(h->live->link));
	json_set(j, "replication_slave", slave_json(h));
}

struct json *host_wire_json(const struct wire_view *v, const struct cluster *c,
                            const struct node *n)
{
	struct node_live nothing;
	struct host_view h = { .v = v, .c = c, .n = n, .live = live_find(v->live, n->id) };
	struct json *j = json_object_new();

	node_live_init(&nothing, c->id, n->id);
	if (h.live == NULL)
		h.live = &nothing;
	h.role = h.live->role_known && h.live->status == HOST_ONLINE ? h.live->role : n->role;
	set_identity(&h, j);
	set_condition(&h, j);
	set_files(&h, j);
	set_replication(&h, j);
	return j;
}

static struct json *controller_json(const struct wire_view *v, const struct cluster *c)
{
	struct json *j = json_object_new();

	json_set_str(j, "class_name", "CmonHost");
	json_set_str(j, "nodetype", "controller");
	json_set_str(j, "role", "controller");
	json_set_int(j, "hostId", 0);
	json_set_int(j, "clusterid", c->id);
	json_set_str(j, "hostname", v->controller.hostname);
	json_set_str(j, "ip", str_or(v->controller.ip, ""));
	json_set_int(j, "port", v->controller.port);
	json_set_str(j, "version", str_or(v->controller.version, ""));
	json_set_str(j, "hoststatus", host_status_name(HOST_ONLINE));
	json_set_str(j, "message", "Up and running.");
	json_set_bool(j, "connected", true);
	json_set_bool(j, "maintenance_mode_active", false);
	set_owner(c, j);
	json_setf(j, "cdt_path", "/%s", str_or(c->name, ""));
	return j;
}

static struct json *hosts_json(const struct wire_view *v, const struct cluster *c)
{
	struct json *hosts = json_array_new();

	if (!str_empty(v->controller.hostname))
		json_append(hosts, controller_json(v, c));
	for (size_t i = 0; i < c->n_nodes; i++)
		json_append(hosts, host_wire_json(v, c, &c->nodes[i]));
	return hosts;
}

static void set_owner_objects(const struct cluster *c, struct json *j)
{
	struct json *user = json_object_new();
	struct json *group = json_object_new();

	json_set_str(user, "class_name", "CmonUser");
	json_set_int(user, "user_id", c->owner_user_id);
	json_set_str(user, "user_name", str_or(c->owner_user_name, WIRE_SYSTEM_USER));
	json_set(j, "owner", user);
	json_set_str(group, "class_name", "CmonGroup");
	json_set_int(group, "group_id", c->owner_group_id);
	json_set_str(group, "group_name", str_or(c->owner_group_name, GROUP_ADMINS));
	json_set(j, "group_owner", group);
}

/* "postgresql_single" is in capitals on the wire. */
static void set_type(const struct cluster *c, struct json *j)
{
	char type[64];
	size_t i = 0;

	for (const char *s = str_or(c->type, CLUSTER_TYPE_SINGLE); *s && i < sizeof(type) - 1; s++)
		type[i++] = *s >= 'a' && *s <= 'z' ? (char)(*s - 'a' + 'A') : *s;
	type[i] = '\0';
	json_set_str(j, "cluster_type", type);
}

static void set_remote(const struct wire_view *v, const struct cluster *c, struct json *j)
{
	const struct cluster *remote = cluster_find(v->clusters, c->remote_cluster_id);

	if (c->remote_cluster_id == 0)
		return;
	json_set_int(j, "remote_cluster_id", c->remote_cluster_id);
	if (remote != NULL)
		json_set_str(j, "remote_cluster_name", remote->name);
}

struct json *cluster_wire_json(const struct wire_view *v, const struct cluster *c)
{
	struct json *j = json_object_new();
	struct cluster_status status;

	cluster_status_of(c, v->live, &status);
	json_set_str(j, "class_name", "CmonClusterInfo");
	json_set_int(j, "cluster_id", c->id);
	json_set_str(j, "cluster_name", str_or(c->name, ""));
	set_type(c, j);
	json_set_str(j, "state", cluster_state_name(status.state));
	wire_set_text(j, "status_text", status.text);
	json_set_str(j, "vendor", str_or(c->vendor, DEFAULT_CLUSTER_VENDOR));
	json_set_str(j, "version", str_or(c->version, ""));
	json_set_str(j, "unique_id", str_or(c->system_identifier, ""));
	set_owner(c, j);
	set_owner_objects(c, j);
	set_remote(v, c, j);
	wire_set_time(j, "created", c->created);
	json_set_str(j, "cdt_path", "/");
	wire_set_strings(j, "tags", c->tags, c->n_tags);
	json_set_bool(j, "managed", true);
	json_set_bool(j, "maintenance_mode_active", false);
	json_set_bool(j, "cluster_auto_recovery", c->cluster_auto_recovery);
	json_set_bool(j, "node_auto_recovery", c->node_auto_recovery);
	if (v->with_hosts)
		json_set(j, "hosts", hosts_json(v, c));
	return j;
}
