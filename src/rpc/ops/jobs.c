/* Starting and stopping jobs; ops/joblists.c has what only looks. */
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/job.h"
#include "rpc/call.h"
#include "rpc/jobdata.h"
#include "store/jobs.h"

#define COMMAND_SHOWN 64

static enum err_code find_command(const struct obj_new_job *job, const struct rpc_job **out,
                                  struct err *e)
{
	const char *command = job->job_spec->command;

	*out = rpc_job_find(command);
	if (!*out)
		return err_set(e, ERR_UNSUPPORTED,
		               "job command '%.*s' is not supported by this controller",
		               COMMAND_SHOWN, command);
	if (job->scheduled || job->recurrence)
		return err_set(e, ERR_UNSUPPORTED,
		               "scheduled jobs are not supported by this controller");
	return ERR_OK;
}

/* The same request sent twice in one session is one job. */
static void add_dedup_key(struct rpc_call *c, struct json *args)
{
	const struct session *s = call_session(c);
	const char *created = json_get_str(c->in, "request_created");
	int64_t request = json_get_int(c->in, "request_id", 0);

	if (!s || !created || form_fault(FORM_TIME, created) || request <= 0)
		return;
	json_setf(args, "dedup_key", "%llx/%lld/%s", (unsigned long long)s->serial,
	          (long long)request, created);
}

static struct json *tag_list(const struct obj_new_job *job)
{
	struct json *tags = json_array_new();

	for (size_t i = 0; i < job->n_tags; i++)
		json_append_str(tags, str_or(job->tags[i], ""));
	return tags;
}

static enum err_code job_created(struct rpc_call *c, const struct json *result, struct err *e)
{
	struct job job = { 0 };

	TRY(store_job_get(c->rpc->store, json_get_int(result, "job_id", 0), c->arena, &job, e));
	json_set(c->out, "job", job_wire_json(&job));
	return ERR_OK;
}

/* Everything that can be refused is refused here, so that no job begins only to say so. */
static enum err_code check(struct rpc_call *c, const struct req_job_create *req,
                           const struct rpc_job *command, struct json **clean, int64_t *cluster_id,
                           struct err *e)
{
	struct store *store = c->rpc->store;
	struct job_target top = { req->cluster_id, req->cluster_name };
	struct faults faults;

	faults_init(&faults, c->arena);
	jobdata_decode(command, req->job->job_spec->job_data, clean, &faults);
	if (faults_report(&faults, e) != ERR_OK) {
		json_set(c->out, "field_errors", faults_json(&faults));
		return ERR_INVALID;
	}
	TRY(jobdata_cluster(store, command, &top, *clean, cluster_id, e));
	if (command->cluster == RPC_CLUSTER_NEW)
		TRY(jobdata_check_new(store, c->arena, *clean, e));
	return ERR_OK;
}

enum err_code op_job_create(struct rpc_call *c, const struct req_job_create *req, struct err *e)
{
	const struct rpc_job *command;
	CLEANUP(json_free) struct json *clean = NULL;
	int64_t cluster_id = 0;
	struct json *args;

	TRY(find_command(req->job, &command, e));
	TRY(check(c, req, command, &clean, &cluster_id, e));
	args = json_object_new();
	json_set(args, "who", call_who(c));
	json_set_str(args, "command", command->command);
	json_set_str(args, "title", str_or(req->job->title, command->title));
	json_set_int(args, "cluster_id", cluster_id);
	json_set(args, "job_data", json_ref(clean));
	json_set(args, "tags", tag_list(req->job));
	add_dedup_key(c, args);
	return call_ask(c, "job.create", args, job_created, e);
}

static enum err_code done(struct rpc_call *c, const struct json *result, struct err *e)
{
	return ERR_OK;
}

static enum err_code ask_about_job(struct rpc_call *c, const char *name, int64_t job_id,
                                   int64_t signal, struct err *e)
{
	struct job job = { 0 };
	struct json *args;

	TRY(store_job_get(c->rpc->store, job_id, c->arena, &job, e));
	args = json_object_new();
	json_set(args, "who", call_who(c));
	json_set_int(args, "job_id", job_id);
	if (signal)
		json_set_int(args, "signal", signal);
	return call_ask(c, name, args, done, e);
}

enum err_code op_job_kill(struct rpc_call *c, const struct req_job_kill *req, struct err *e)
{
	return ask_about_job(c, "job.kill", req->job_id, req->has_signal ? req->signal : 15, e);
}

enum err_code op_job_delete(struct rpc_call *c, const struct req_job_delete *req, struct err *e)
{
	return ask_about_job(c, "job.delete", req->job_id, 0, e);
}
