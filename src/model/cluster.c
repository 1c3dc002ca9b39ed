#include "model/cluster.h"

#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "model/field.h"

static const struct field login_rows[] = {
	FIELD(login, user, "user", FIELD_STR),
	FIELD(login, password, "password", FIELD_SECRET),
};

static const struct field ssh_rows[] = {
	FIELD(ssh_login, user, "user", FIELD_STR),
	FIELD(ssh_login, keyfile, "keyfile", FIELD_STR),
	FIELD(ssh_login, port, "port", FIELD_PORT),
	FIELD(ssh_login, password, "password", FIELD_SECRET),
	FIELD(ssh_login, sudo_password, "sudo_password", FIELD_SECRET),
};

static const struct field cluster_rows[] = {
	FIELD(cluster, id, "cluster_id", FIELD_I64),
	FIELD(cluster, name, "cluster_name", FIELD_STR),
	FIELD(cluster, type, "cluster_type", FIELD_STR),
	FIELD(cluster, vendor, "vendor", FIELD_STR),
	FIELD(cluster, version, "version", FIELD_STR),
	FIELD(cluster, owner_user_id, "owner_user_id", FIELD_I64),
	FIELD(cluster, owner_user_name, "owner_user_name", FIELD_STR),
	FIELD(cluster, owner_group_id, "owner_group_id", FIELD_I64),
	FIELD(cluster, owner_group_name, "owner_group_name", FIELD_STR),
	FIELD(cluster, created, "created", FIELD_I64),
	FIELD(cluster, remote_cluster_id, "remote_cluster_id", FIELD_I64),
	FIELD(cluster, remote_node_id, "remote_node_id", FIELD_I64),
	FIELD(cluster, remote_host, "remote_host", FIELD_STR),
	FIELD(cluster, remote_port, "remote_port", FIELD_PORT),
	FIELD_IN(cluster, ssh, "ssh", ssh_rows),
	FIELD_IN(cluster, admin, "admin", login_rows),
	FIELD_IN(cluster, repl, "repl", login_rows),
	FIELD_IN(cluster, mon, "mon", login_rows),
	FIELD(cluster, rpc_token, "rpc_token", FIELD_SECRET),
	FIELD(cluster, system_identifier, "system_identifier", FIELD_STR),
	FIELD(cluster, cluster_auto_recovery, "cluster_auto_recovery", FIELD_BOOL),
	FIELD(cluster, node_auto_recovery, "node_auto_recovery", FIELD_BOOL),
};

static const struct field node_rows[] = {
	FIELD(node, id, "node_id", FIELD_I64),
	FIELD(node, cluster_id, "cluster_id", FIELD_I64),
	FIELD(node, hostname, "hostname", FIELD_STR),
	FIELD(node, ip, "ip", FIELD_STR),
	FIELD(node, port, "port", FIELD_PORT),
	FIELD(node, datadir, "datadir", FIELD_STR),
	FIELD(node, instance, "instance", FIELD_STR),
	FIELD(node, config_dir, "config_dir", FIELD_STR),
	FIELD(node, config_file, "config_file", FIELD_STR),
	FIELD(node, hba_file, "hba_file", FIELD_STR),
	FIELD(node, log_file, "log_file", FIELD_STR),
	FIELD(node, version, "version", FIELD_STR),
	FIELD(node, family, "family", FIELD_STR),
	FIELD(node, os_pretty, "os_pretty", FIELD_STR),
	FIELD(node, os_name, "os_name", FIELD_STR),
	FIELD(node, os_codename, "os_codename", FIELD_STR),
	FIELD(node, os_release, "os_release", FIELD_STR),
	FIELD(node, upstream_node_id, "upstream_node_id", FIELD_I64),
	FIELD(node, upstream_host, "upstream_host", FIELD_STR),
	FIELD(node, upstream_port, "upstream_port", FIELD_PORT),
	FIELD(node, slot_name, "slot_name", FIELD_STR),
	FIELD(node, application_name, "application_name", FIELD_STR),
	FIELD(node, sync, "sync", FIELD_BOOL),
	FIELD(node, created_by_us, "created_by_us", FIELD_BOOL),
};

static const char *const role_names[] = { [ROLE_SLAVE] = "slave", [ROLE_MASTER] = "master" };

const char *node_role_name(enum node_role r)
{
	return role_names[r == ROLE_MASTER];
}

struct json *node_to_json(const struct node *n)
{
	struct json *j = json_object_new();

	fields_write(node_rows, ARRAY_SIZE(node_rows), n, FIELDS_PUBLIC, j);
	json_set_str(j, "role", node_role_name(n->role));
	return j;
}

static struct json *nodes_to_json(const struct cluster *c)
{
	struct json *nodes = json_array_new();

	for (size_t i = 0; i < c->n_nodes; i++)
		json_append(nodes, node_to_json(&c->nodes[i]));
	return nodes;
}

static struct json *tags_to_json(const struct cluster *c)
{
	struct json *tags = json_array_new();

	for (size_t i = 0; i < c->n_tags; i++)
		json_append_str(tags, c->tags[i]);
	return tags;
}

struct json *cluster_to_json(const struct cluster *c, bool with_secrets)
{
	struct json *j = json_object_new();

	fields_write(cluster_rows, ARRAY_SIZE(cluster_rows), c,
	             with_secrets ? FIELDS_ALL : FIELDS_PUBLIC, j);
	json_set(j, "tags", tags_to_json(c));
	json_set(j, "nodes", nodes_to_json(c));
	return j;
}

struct json *cluster_secrets_to_json(const struct cluster *c)
{
	struct json *j = json_object_new();

	fields_write(cluster_rows, ARRAY_SIZE(cluster_rows), c, FIELDS_SECRET, j);
	return j;
}

static enum err_code role_from_json(const struct json *j, enum node_role *out, struct err *e)
{
	const char *name = str_or(json_get_str(j, "role"), "slave");
	int i = name_index(role_names, ARRAY_SIZE(role_names), name);

	if (i < 0)
		return err_set(e, ERR_INVALID, "role \"%s\" is neither master nor slave", name);
	*out = (enum node_role)i;
	return ERR_OK;
}

enum err_code node_from_json(const struct json *j, struct arena *a, struct node *out, struct err *e)
{
	struct node n = { 0 };

	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "a node must be an object");
	TRY(fields_read(node_rows, ARRAY_SIZE(node_rows), j, a, &n, e));
	if (str_empty(n.hostname))
		return err_set(e, ERR_INVALID, "a node has no \"hostname\"");
	if (n.port == 0)
		n.port = PG_DEFAULT_PORT;
	if (role_from_json(j, &n.role, e) != ERR_OK)
		return err_wrap(e, "node %s", n.hostname);
	*out = n;
	return ERR_OK;
}

static enum err_code nodes_from_json(const struct json *j, struct arena *a, struct cluster *c,
                                     struct err *e)
{
	size_t n = json_len(j);

	if (n > CLUSTER_NODES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d nodes", CLUSTER_NODES_MAX);
	c->nodes = ARENA_NEWN(a, n, struct node);
	for (size_t i = 0; i < n; i++) {
		TRY(node_from_json(json_at(j, i), a, &c->nodes[i], e));
		if (c->nodes[i].cluster_id == 0)
			c->nodes[i].cluster_id = c->id;
	}
	c->n_nodes = n;
	return ERR_OK;
}

static enum err_code tags_from_json(const struct json *j, struct arena *a, struct cluster *c,
                                    struct err *e)
{
	size_t n = json_len(j);

	if (n > CLUSTER_TAGS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d tags", CLUSTER_TAGS_MAX);
	c->tags = ARENA_NEWN(a, n, const char *);
	for (size_t i = 0; i < n; i++) {
		const char *tag = json_str(json_at(j, i));

		if (str_empty(tag))
			return err_set(e, ERR_INVALID, "a tag must be a text");
		c->tags[i] = arena_strdup(a, tag);
	}
	c->n_tags = n;
	return ERR_OK;
}

enum err_code cluster_from_json(const struct json *j, struct arena *a, struct cluster *out,
                                struct err *e)
{
	struct cluster c = { 0 };

	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "a cluster must be an object");
	TRY(fields_read(cluster_rows, ARRAY_SIZE(cluster_rows), j, a, &c, e));
	if (c.id < 0 || c.remote_cluster_id < 0)
		return err_set(e, ERR_INVALID, "a cluster's number must not be negative");
	if (!str_empty(c.name))
		TRY(cluster_check_name(c.name, e));
	if (str_empty(c.type))
		c.type = CLUSTER_TYPE_SINGLE;
	TRY(tags_from_json(json_get(j, "tags"), a, &c, e));
	TRY(nodes_from_json(json_get(j, "nodes"), a, &c, e));
	*out = c;
	return ERR_OK;
}

struct json *cluster_list_to_json(const struct cluster_list *l, bool with_secrets)
{
	struct json *j = json_array_new();

	for (size_t i = 0; i < l->count; i++)
		json_append(j, cluster_to_json(&l->items[i], with_secrets));
	return j;
}

enum err_code cluster_list_from_json(const struct json *j, struct arena *a,
                                     struct cluster_list *out, struct err *e)
{
	struct cluster_list l = { 0 };

	if (!json_is_array(j))
		return err_set(e, ERR_INVALID, "clusters must be an array");
	l.items = ARENA_NEWN(a, json_len(j), struct cluster);
	for (size_t i = 0; i < json_len(j); i++)
		TRY(cluster_from_json(json_at(j, i), a, &l.items[l.count++], e));
	*out = l;
	return ERR_OK;
}

enum err_code cluster_check_name(const char *name, struct err *e)
{
	static const char ok[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	if (str_empty(name))
		return err_set(e, ERR_INVALID, "a cluster must have a name");
	if (strlen(name) > CLUSTER_NAME_MAX)
		return err_set(e, ERR_INVALID, "a cluster's name has at most %d characters",
		               CLUSTER_NAME_MAX);
	if (name[strspn(name, ok)] != '\0' || name[0] == '.' || name[0] == '-') {
		err_set(e, ERR_INVALID, "the cluster's name is not valid");
		return err_hint(e,
		                "use letters, digits and \"_ . -\", the first one no dot or dash");
	}
	return ERR_OK;
}
