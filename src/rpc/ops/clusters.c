#include "store/clusters.h"
#include "base/str.h"
#include "model/live.h"
#include "rpc/call.h"
#include "store/jobs.h"
#include "store/live.h"

/* What is needed to show clusters. */
static enum err_code load_view(struct rpc_call *c, struct wire_view *v, bool with_hosts,
                               struct err *e)
{
	struct cluster_list *clusters = ARENA_NEW(c->arena, struct cluster_list);
	struct live_list *live = ARENA_NEW(c->arena, struct live_list);
	const struct rpc_config *config = &c->rpc->config;

	TRY(store_cluster_list(c->rpc->store, false, c->arena, clusters, e));
	TRY(store_live_list(c->rpc->store, c->arena, live, e));
	*v = (struct wire_view){
		.clusters = clusters,
		.live = live,
		.controller = { .hostname = config->hostname,
		                .ip = config->address,
		                .version = RPC_PACKAGE_VERSION,
		                .port = config->port },
		.with_hosts = with_hosts,
	};
	return ERR_OK;
}

static enum err_code add_job_statistics(struct rpc_call *c, int64_t cluster_id, struct json *out,
                                        struct err *e)
{
	int64_t counts[JOB_STATES] = { 0 };
	struct json *by_state, *statistics;

	TRY(store_job_counts(c->rpc->store, cluster_id, counts, e));
	by_state = json_object_new();
	for (int s = 0; s < JOB_STATES; s++)
		json_set_int(by_state, job_state_name((enum job_state)s), counts[s]);
	statistics = json_object_new();
	json_set_str(statistics, "class_name", "CmonJobStatistics");
	json_set_int(statistics, "cluster_id", cluster_id);
	json_set(statistics, "by_state", by_state);
	json_set(out, "job_statistics", statistics);
	return ERR_OK;
}

/* The cluster into *OUT, which is the caller's. */
static enum err_code show(struct rpc_call *c, const struct wire_view *v,
                          const struct cluster *cluster, struct json **out, struct err *e)
{
	struct json *j = cluster_wire_json(v, cluster);
	enum err_code code = add_job_statistics(c, cluster->id, j, e);

	if (code != ERR_OK)
		json_free(&j);
	*out = j;
	return code;
}

static bool has_one_of(const struct cluster *c, const char *const *tags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < c->n_tags; k++) {
			if (str_eq(tags[i], c->tags[k]))
				return true;
		}
	}
	return false;
}

static bool wanted(const struct req_cluster_list *req, const struct cluster *c)
{
	if (req->n_with_tags > 0 && !has_one_of(c, req->with_tags, req->n_with_tags))
		return false;
	return !has_one_of(c, req->without_tags, req->n_without_tags);
}

static enum err_code collect(struct rpc_call *c, const struct req_cluster_list *req,
                             const struct wire_view *v, struct json *list, int64_t *total,
                             struct err *e)
{
	int64_t limit = req->has_limit && req->limit >= 0 ? req->limit : INT64_MAX;

	for (size_t i = 0; i < v->clusters->count; i++) {
		const struct cluster *cluster = &v->clusters->items[i];
		struct json *j = NULL;

		if (!wanted(req, cluster))
			continue;
		if ((*total)++ < req->offset || (int64_t)json_len(list) >= limit)
			continue;
		TRY(show(c, v, cluster, &j, e));
		json_append(list, j);
	}
	return ERR_OK;
}

enum err_code op_cluster_list(struct rpc_call *c, const struct req_cluster_list *req, struct err *e)
{
	struct wire_view view;
	struct json *list;
	int64_t total = 0;
	enum err_code code;

	TRY(load_view(c, &view, req->with_hosts, e));
	list = json_array_new();
	code = collect(c, req, &view, list, &total, e);
	call_set_list(c, "clusters", list, total);
	return code;
}

static enum err_code find_cluster(const struct wire_view *v, const struct req_cluster_get *req,
                                  struct cluster **out, struct err *e)
{
	if (req->has_cluster_id && req->cluster_id > 0) {
		*out = cluster_find(v->clusters, req->cluster_id);
		return *out ? ERR_OK : err_set(e, ERR_INVALID, "Cluster was not found.");
	}
	if (!req->cluster_name)
		return err_set(e, ERR_INVALID, "one of 'cluster_id', 'cluster_name' is needed");
	*out = cluster_find_name(v->clusters, req->cluster_name);
	if (*out)
		return ERR_OK;
	return err_set(e, ERR_NOT_FOUND, "No CmonCluster instance is available for cluster %s.",
	               req->cluster_name);
}

enum err_code op_cluster_get(struct rpc_call *c, const struct req_cluster_get *req, struct err *e)
{
	struct wire_view view;
	struct cluster *cluster;
	struct json *j = NULL;

	TRY(load_view(c, &view, !req->has_with_hosts || req->with_hosts, e));
	TRY(find_cluster(&view, req, &cluster, e));
	TRY(show(c, &view, cluster, &j, e));
	json_set(c->out, "cluster", j);
	return ERR_OK;
}
