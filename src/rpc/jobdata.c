#include "rpc/jobdata.h"

#include <string.h>

#include "api/rpc_ops.h"
#include "base/str.h"
#include "model/cluster.h"
#include "store/clusters.h"

static const char *node_host(const struct json *node)
{
	return str_or(json_get_str(node, "hostname"), "");
}

static int64_t node_port(const struct json *node, const struct json *data)
{
	return json_get_int(node, "port", json_get_int(data, "port", PG_DEFAULT_PORT));
}

static bool same_node(const struct json *a, const struct json *b, const struct json *data)
{
	return str_ieq(node_host(a), node_host(b)) && node_port(a, data) == node_port(b, data);
}

static void check_node(const struct json *nodes, size_t i, const struct json *data,
                       struct faults *f)
{
	const struct json *node = json_at(nodes, i);
	char *path = arena_printf(f->arena, "job_data.nodes[%zu]", i);

	for (size_t k = 0; k < i; k++) {
		if (node_host(node)[0] && same_node(node, json_at(nodes, k), data)) {
			faults_add(f, path, "is the same host and port as nodes[%zu], %s", k,
			           node_host(node));
			break;
		}
	}
	if (json_get_bool(node, "master", false) && json_get_bool(node, "slave", false))
		faults_add(f, path, "cannot be both master and slave");
}

static void check_nodes(const struct json *data, struct faults *f)
{
	const struct json *nodes = json_get(data, "nodes");
	size_t n = json_len(nodes), masters = 0, slaves = 0;

	for (size_t i = 0; i < n; i++) {
		check_node(nodes, i, data, f);
		masters += json_get_bool(json_at(nodes, i), "master", false);
		slaves += json_get_bool(json_at(nodes, i), "slave", false);
	}
	if (masters > 1)
		faults_add(f, "job_data.nodes", "must have one master, not %zu", masters);
	if (n > 0 && slaves == n && json_get_int(data, "remote_cluster_id", 0) <= 0)
		faults_add(f, "job_data.nodes", "must have a node that is not a slave");
}

/* DATA as it came: a field that is there but wrong has its fault already. */
static void check_create(const struct json *data, const struct json *clean, struct faults *f)
{
	bool replica = !json_is_null(json_get(data, "remote_cluster_id"));

	if (!replica && json_is_null(json_get(data, "version")))
		faults_add(f, "job_data.version", "is missing");
	if (!replica && json_get(clean, "replication_master"))
		faults_add(f, "job_data.replication_master", "needs remote_cluster_id");
	if (!replica && json_get(clean, "backup_id"))
		faults_add(f, "job_data.backup_id", "needs remote_cluster_id");
}

/* Said once for all nodes, or in the words of another client: planners look in one place. */
static void spread(struct json *clean)
{
	const struct json *nodes = json_get(clean, "nodes");
	int64_t port = json_get_int(clean, "port", 0);

	for (size_t i = 0; port > 0 && i < json_len(nodes); i++) {
		struct json *node = json_at(nodes, i);

		if (!json_get(node, "port"))
			json_set_int(node, "port", port);
	}
	if (json_get_bool(clean, "use_internal_repos", false) && !json_get(clean, "repository"))
		json_set_str(clean, "repository", "distro");
}

void jobdata_decode(const struct rpc_job *job, const struct json *data, struct json **clean,
                    struct faults *f)
{
	struct json *none = json_object_new();

	*clean = json_object_new();
	decode(job->message, json_is_null(data) ? none : data, "job_data",
	       arena_alloc(f->arena, job->message->size), *clean, f);
	json_free(&none);
	if (job->cluster == RPC_CLUSTER_NEW) {
		check_nodes(*clean, f);
		spread(*clean);
	}
	if (str_eq(job->command, "create_cluster"))
		check_create(data, *clean, f);
}

static enum err_code find_cluster(struct store *s, const struct job_target *t, int64_t *id,
                                  struct err *e)
{
	struct arena *a = arena_new();
	struct cluster cluster = { 0 };
	enum err_code code;

	if (t->cluster_id > 0)
		code = store_cluster_get(s, t->cluster_id, false, a, &cluster, e);
	else
		code = store_cluster_get_by_name(s, t->cluster_name, false, a, &cluster, e);
	if (code == ERR_OK)
		*id = cluster.id;
	arena_free(&a);
	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "Cluster was not found.");
	return code;
}

static bool is_given(const struct job_target *t)
{
	return t->cluster_id > 0 || !str_empty(t->cluster_name);
}

enum err_code jobdata_cluster(struct store *s, const struct rpc_job *job,
                              const struct job_target *top, const struct json *clean, int64_t *id,
                              struct err *e)
{
	struct job_target inner = { json_get_int(clean, "clusterid", 0),
		                    json_get_str(clean, "cluster_name") };

	*id = 0;
	if (job->cluster == RPC_CLUSTER_NEW)
		return ERR_OK;
	if (is_given(top))
		return find_cluster(s, top, id, e);
	if (is_given(&inner))
		return find_cluster(s, &inner, id, e);
	if (job->cluster == RPC_CLUSTER_REQUIRED)
		return err_set(e, ERR_INVALID, "the job needs 'cluster_id' or 'cluster_name'");
	return ERR_OK;
}

/* "postgresql" and "postgresql_single" mean the same. */
static bool is_single(const char *type)
{
	return str_empty(type) || str_ieq(type, "postgresql") || str_ieq(type, CLUSTER_TYPE_SINGLE);
}

static enum err_code check_remote(struct store *s, struct arena *a, const struct json *clean,
                                  int64_t remote_id, struct err *e)
{
	struct cluster remote = { 0 };
	enum err_code code = store_cluster_get(s, remote_id, false, a, &remote, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "the remote cluster %lld was not found",
		               (long long)remote_id);
	TRY(code);
	if (is_single(remote.type) == is_single(json_get_str(clean, "cluster_type")))
		return ERR_OK;
	return err_set(e, ERR_INVALID, "the remote cluster %lld is of another type (%s)",
	               (long long)remote_id, remote.type);
}

static enum err_code check_name(struct store *s, struct arena *a, const char *name, struct err *e)
{
	struct cluster taken = { 0 };
	enum err_code code = store_cluster_get_by_name(s, name, false, a, &taken, e);

	if (code == ERR_NOT_FOUND) {
		err_clear(e);
		return ERR_OK;
	}
	TRY(code);
	return err_set(e, ERR_CONFLICT, "the name '%s' is already that of cluster %lld", name,
	               (long long)taken.id);
}

enum err_code jobdata_check_new(struct store *s, struct arena *a, const struct json *clean,
                                struct err *e)
{
	int64_t remote_id = json_get_int(clean, "remote_cluster_id", 0);
	const char *name = json_get_str(clean, "cluster_name");

	if (name)
		TRY(check_name(s, a, name, e));
	return remote_id > 0 ? check_remote(s, a, clean, remote_id, e) : ERR_OK;
}
