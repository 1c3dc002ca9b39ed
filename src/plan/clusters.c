#include "plan/clusters.h"

#include "base/random.h"
#include "base/str.h"
#include "plan/hosts.h"

enum err_code clusters_get(struct run *r, int64_t id, struct cluster *out, struct err *e)
{
	struct json *args = json_object_new(), *result = NULL;
	const struct json *c;
	enum err_code code;

	json_set_int(args, "cluster_id", id);
	if (run_call(r, "cluster.get", args, &result, e) != ERR_OK)
		return err_wrap(e, "cluster %lld", (long long)id);
	c = json_get(result, "cluster");
	code = cluster_from_json(c ? c : result, r->a, out, e);
	json_free(&result);
	return code;
}

enum err_code clusters_list(struct run *r, struct cluster_list *out, struct err *e)
{
	struct json *result = NULL;
	enum err_code code;

	TRY(run_call(r, "cluster.list", NULL, &result, e));
	code = cluster_list_from_json(json_get(result, "clusters"), r->a, out, e);
	json_free(&result);
	return code;
}

static struct json *hosts_of(const struct cluster_job *j)
{
	const struct json *nodes = json_get(j->doc, "nodes");
	struct json *hosts = json_array_new();
	size_t i;

	for (i = 0; i < json_len(nodes); i++) {
		struct json *h = json_object_new();

		json_set_str(h, "hostname", json_get_str(json_at(nodes, i), "hostname"));
		json_set_int(h, "port", json_get_int(json_at(nodes, i), "port", PG_DEFAULT_PORT));
		json_append(hosts, h);
	}
	return hosts;
}

enum err_code clusters_reserve(struct cluster_job *j, int64_t remote_cluster_id, struct err *e)
{
	struct json *args = json_object_new(), *result = NULL;
	struct run *r = j->run;

	json_set_str(args, "name", j->name);
	json_set_str(args, "type", CLUSTER_TYPE_SINGLE);
	if (remote_cluster_id > 0)
		json_set_int(args, "remote_cluster_id", remote_cluster_id);
	json_set(args, "hosts", hosts_of(j));
	TRY(run_call(r, "cluster.reserve", args, &result, e));
	r->cluster_id = json_get_int(result, "cluster_id", 0);
	json_free(&result);
	if (str_empty(j->name))
		j->name = run_printf(r, "cluster_%lld", (long long)r->cluster_id);
	return ERR_OK;
}

struct login clusters_login(struct run *r, const char *user)
{
	char password[33];

	random_password(password);
	return (struct login){ .user = user, .password = arena_strdup(r->a, password) };
}

void clusters_host(struct run *r, const struct cluster *c, const struct node *n)
{
	struct ssh_target t = { .host = n->hostname,
		                .port = c->ssh.port,
		                .user = c->ssh.user,
		                .keyfile = c->ssh.keyfile,
		                .sudo_password = c->ssh.sudo_password };
	struct json *row = hosts_add(r, n->hostname, &t);

	json_set_str(row, "family", n->family);
	json_set_str(row, "version", c->version);
	json_set_str(row, "name", str_or(n->instance, "main"));
	json_setf(row, "port", "%d", n->port);
	json_set_str(row, "datadir", n->datadir);
}
