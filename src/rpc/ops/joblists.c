/* Jobs, their state and their messages, as clients poll for them. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/job.h"
#include "rpc/call.h"
#include "store/clusters.h"
#include "store/jobs.h"

#define JOBS_REPLY_MAX  1000 /* jobs in one reply */
#define POLL_LOOK_MS    50   /* how often a delayed answer looks for news */
#define CLUSTER_IDS_MAX 256

/* ---- one job; clients ask again and again without a pause ---- */

struct poll {
	int64_t job_id;
	uint64_t sum;
	int64_t until_ms;
	int64_t version; /* of the store, when last looked */
};

/* FNV-1a over what a client can see change. */
static uint64_t job_sum(const struct job *job)
{
	uint64_t sum = 14695981039346656037u;
	uint64_t percent = (uint64_t)(job->progress.percent * 100);
	const char *text = str_or(job->status_text, "");

	sum = (sum ^ (uint64_t)job->state) * 1099511628211u;
	sum = (sum ^ percent) * 1099511628211u;
	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 1099511628211u;
	return sum;
}

static enum err_code show_job(struct rpc_call *c, const struct job *job)
{
	struct session *s = call_session(c);

	if (s) {
		s->polled_job = job->id;
		s->polled_sum = job_sum(job);
		s->polled_ms = clock_mono_ms();
	}
	json_set(c->out, "job", job_wire_json(job));
	return ERR_OK;
}

static enum err_code look_again(struct rpc_call *c, struct err *e)
{
	struct poll *p = (struct poll *)c->state;
	struct job job = { 0 };
	int64_t version = 0, left = p->until_ms - clock_mono_ms();
	bool late = left <= 0;

	TRY(store_version(c->rpc->store, &version, e));
	if (!late && version == p->version)
		return call_later(c, left < POLL_LOOK_MS ? left : POLL_LOOK_MS, look_again);
	p->version = version;
	TRY(store_job_get(c->rpc->store, p->job_id, c->arena, &job, e));
	if (late || job_sum(&job) != p->sum)
		return show_job(c, &job);
	return call_later(c, left < POLL_LOOK_MS ? left : POLL_LOOK_MS, look_again);
}

/* Asked for the same job, in which nothing is new, shortly after the last time? */
static bool is_impatient(struct rpc_call *c, const struct job *job)
{
	const struct session *s = call_session(c);
	int delay = c->rpc->config.poll_delay_ms;

	if (!s || delay <= 0 || job_state_final(job->state))
		return false;
	return s->polled_job == job->id && s->polled_sum == job_sum(job) &&
	       clock_mono_ms() - s->polled_ms < delay;
}

enum err_code op_job_get(struct rpc_call *c, const struct req_job_get *req, struct err *e)
{
	struct job job = { 0 };
	struct poll *p;

	TRY(store_job_get(c->rpc->store, req->job_id, c->arena, &job, e));
	if (!is_impatient(c, &job))
		return show_job(c, &job);
	p = ARENA_NEW(c->arena, struct poll);
	p->job_id = job.id;
	p->sum = job_sum(&job);
	p->until_ms = clock_mono_ms() + c->rpc->config.poll_delay_ms;
	TRY(store_version(c->rpc->store, &p->version, e));
	c->state = p;
	return call_later(c, POLL_LOOK_MS, look_again);
}

/* ---- lists ---- */

static unsigned int wanted_states(const struct req_job_list *req)
{
	const struct {
		bool given, on;
		unsigned int states;
	} rows[] = {
		{ req->has_show_defined, req->show_defined,
		  1u << JOB_DEFINED | 1u << JOB_DEQUEUED | 1u << JOB_PAUSED },
		{ req->has_show_running, req->show_running, 1u << JOB_RUNNING },
		{ req->has_show_scheduled, req->show_scheduled, 1u << JOB_SCHEDULED },
		{ req->has_show_finished, req->show_finished, 1u << JOB_FINISHED },
		{ req->has_show_failed, req->show_failed, 1u << JOB_FAILED },
		{ req->has_show_aborted, req->show_aborted, 1u << JOB_ABORTED },
	};
	unsigned int states = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].given && rows[i].on)
			states |= rows[i].states;
	}
	return states;
}

/* The cluster that a list is restricted to: 0 all, -1 none (jobs of the controller). */
static enum err_code wanted_cluster(struct rpc_call *c, const struct req_job_list *req,
                                    int64_t *out, struct err *e)
{
	struct cluster cluster = { 0 };
	enum err_code code;

	*out = req->has_cluster_id ? (req->cluster_id > 0 ? req->cluster_id : -1) : 0;
	if ((req->has_cluster_id && req->cluster_id > 0) || !req->cluster_name)
		return ERR_OK;
	code = store_cluster_get_by_name(c->rpc->store, req->cluster_name, false, c->arena,
	                                 &cluster, e);
	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "Cluster was not found.");
	*out = cluster.id;
	return code;
}

static bool has_id(const struct json *ids, int64_t id)
{
	for (size_t i = 0; i < json_len(ids); i++) {
		if (json_int(json_at(ids, i), -1) == id)
			return true;
	}
	return false;
}

/* Several clusters: the store knows one or all, so the page is cut here. */
static enum err_code list_of_clusters(struct rpc_call *c, struct job_filter *f,
                                      const struct json *ids, struct job_list *out, struct err *e)
{
	int64_t limit = f->limit, offset = f->offset > 0 ? f->offset : 0;
	size_t kept = 0;

	f->limit = 0;
	f->offset = 0;
	TRY(store_job_list(c->rpc->store, f, c->arena, out, e));
	out->total = 0;
	for (size_t i = 0; i < out->count; i++) {
		if (!has_id(ids, out->items[i].cluster_id))
			continue;
		if (out->total++ >= offset && (int64_t)kept < limit)
			out->items[kept++] = out->items[i];
	}
	out->count = kept;
	return ERR_OK;
}

static enum err_code load_jobs(struct rpc_call *c, const struct req_job_list *req,
                               struct job_list *out, struct err *e)
{
	bool limited = req->has_limit && req->limit >= 0 && req->limit < JOBS_REPLY_MAX;
	const struct json *ids = req->cluster_ids;
	struct job_filter f = { .states = wanted_states(req),
		                .tags = req->tags,
		                .n_tags = req->n_tags,
		                .limit = limited ? req->limit : JOBS_REPLY_MAX,
		                .offset = req->offset };

	if (ids && (!json_is_array(ids) || json_len(ids) > CLUSTER_IDS_MAX))
		return err_set(e, ERR_INVALID, "'cluster_ids' must be a list of at most %d IDs",
		               CLUSTER_IDS_MAX);
	TRY(wanted_cluster(c, req, &f.cluster_id, e));
	if (json_len(ids) > 0)
		return list_of_clusters(c, &f, ids, out, e);
	return store_job_list(c->rpc->store, &f, c->arena, out, e);
}

enum err_code op_job_list(struct rpc_call *c, const struct req_job_list *req, struct err *e)
{
	struct job_list jobs = { 0 };
	struct json *list;

	TRY(load_jobs(c, req, &jobs, e));
	if (req->has_limit && req->limit == 0)
		jobs.count = 0;
	list = json_array_new();
	for (size_t i = 0; i < jobs.count; i++)
		json_append(list, job_wire_json(&jobs.items[i]));
	call_set_list(c, "jobs", list, jobs.total);
	return ERR_OK;
}

/* ---- messages ---- */

/* Followers stop at the first reply that has a final state: it has to carry all that remains. */
enum err_code op_job_log(struct rpc_call *c, const struct req_job_log *req, struct err *e)
{
	struct job job = { 0 };
	struct job_message_list messages = { 0 };
	struct message_filter f = { .job_id = req->job_id, .offset = req->offset };
	struct json *list;

	/* the job first: a message that comes in between is then in this reply or the next */
	TRY(store_job_get(c->rpc->store, req->job_id, c->arena, &job, e));
	f.limit = req->has_limit && !job_state_final(job.state) ? req->limit : -1;
	f.with_debug = str_ieq(req->log_level, "DEBUG") || str_ieq(req->log_level, "LOG_DEBUG");
	f.newest_first = req->has_ascending && !req->ascending;
	TRY(store_message_list(c->rpc->store, &f, c->arena, &messages, e));
	list = json_array_new();
	for (size_t i = 0; i < messages.count; i++)
		json_append(list, job_message_wire_json(&messages.items[i]));
	json_set(c->out, "job", job_wire_json(&job));
	call_set_list(c, "messages", list, messages.total);
	return ERR_OK;
}
