#include <inttypes.h>
#include <stdlib.h>

#include "base/str.h"
#include "job/internal.h"
#include "store/users.h"

static enum err_code tags_of(const struct json *args, const char **tags, size_t *len, struct err *e)
{
	const struct json *list = json_get(args, "tags");

	*len = json_len(list);
	if (*len > JOB_TAGS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d tags", JOB_TAGS_MAX);
	for (size_t i = 0; i < *len; i++) {
		tags[i] = json_str(json_at(list, i));
		if (str_empty(tags[i]))
			return err_set(e, ERR_INVALID, "a tag is a text");
	}
	return ERR_OK;
}

static enum err_code fill_user(const struct api_call *c, struct job *j, struct arena *a,
                               struct err *e)
{
	struct user u;

	j->user_id = c->user_id;
	j->user_name = c->user_name;
	j->ip_address = c->ip;
	if (c->user_id == 0)
		return ERR_OK;
	TRY(store_user_get(c->engine->store, c->user_id, NULL, a, &u, e));
	j->user_name = u.name;
	if (u.n_groups > 0) {
		j->group_id = u.groups[0].id;
		j->group_name = u.groups[0].name;
	}
	return ERR_OK;
}

static enum err_code store_job(struct api_call *c, const struct job *j, int64_t *id, struct err *e)
{
	CLEANUP(json_free) struct json *none = json_object_new();
	const struct json *data = json_get(c->args, "job_data");
	enum err_code rc;

	if (data && !json_is_object(data))
		return err_set(e, ERR_INVALID, "job_data is not an object");
	rc = store_job_create(c->engine->store, j, data ? data : none, id, e);
	if (rc == ERR_CONFLICT && !str_empty(j->dedup_key)) {
		/* the same request again: its job exists */
		err_clear(e);
		return ERR_OK;
	}
	TRY(rc);
	return api_audit(c, "job.create", j->cluster_id, NULL, e, "job %" PRId64 " %s", *id,
	                 j->command);
}

enum err_code call_job_create(struct api_call *c, struct json **result, struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *tags[JOB_TAGS_MAX];
	struct job j = { .tags = tags };
	int64_t id = 0;

	j.command = json_get_str(c->args, "command");
	if (str_empty(j.command))
		return err_set(e, ERR_INVALID, "a job needs a command");
	j.title = json_get_str(c->args, "title");
	j.cluster_id = json_get_int(c->args, "cluster_id", 0);
	j.dedup_key = json_get_str(c->args, "dedup_key");
	TRY(tags_of(c->args, tags, &j.n_tags, e));
	TRY(fill_user(c, &j, a, e));
	TRY(store_job(c, &j, &id, e));
	*result = json_object_new();
	json_set_int(*result, "job_id", id);
	queue_kick(c->engine);
	return ERR_OK;
}

static enum err_code abort_waiting(struct api_call *c, const struct job *j, struct err *e)
{
	struct store *s = c->engine->store;

	TRY(job_say(c->engine, j->id, JOB_WARNING, "Aborted by %s before it started.",
	            str_or(c->user_name, "the controller")));
	return store_job_set_state(s, j->id, JOB_ABORTED, "Job aborted.", 1, e);
}

static enum err_code abort_running(struct api_call *c, const struct job *j, struct err *e)
{
	struct runner *r = runner_of_job(c->engine, j->id);

	TRY(store_job_set_cancel(c->engine->store, j->id, e));
	if (!j->cancel)
		TRY(job_say(c->engine, j->id, JOB_WARNING, "Abort was asked for by %s.",
		            str_or(c->user_name, "the controller")));
	/* a runner that is not there now learns it when it starts */
	if (r)
		runner_cancel(r);
	return ERR_OK;
}

enum err_code call_job_kill(struct api_call *c, struct json **result, struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct job j;

	TRY(store_job_get(c->engine->store, json_get_int(c->args, "job_id", 0), a, &j, e));
	if (job_state_final(j.state))
		return err_set(e, ERR_INVALID, "Job %" PRId64 " has already ended.", j.id);
	if (j.state == JOB_RUNNING || j.state == JOB_DEQUEUED)
		TRY(abort_running(c, &j, e));
	else
		TRY(abort_waiting(c, &j, e));
	queue_kick(c->engine);
	return api_audit(c, "job.kill", j.cluster_id, NULL, e, "job %" PRId64, j.id);
}

enum err_code call_job_delete(struct api_call *c, struct json **result, struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct job j;

	TRY(store_job_get(c->engine->store, json_get_int(c->args, "job_id", 0), a, &j, e));
	TRY(store_job_delete(c->engine->store, j.id, e));
	return api_audit(c, "job.delete", j.cluster_id, NULL, e, "job %" PRId64, j.id);
}

/* The names that job_data has for what a check is told. */
static const char *const check_names[][2] = {
	{ "user", "ssh_user" },         { "keyfile", "ssh_keyfile" },
	{ "password", "ssh_password" }, { "sudo_password", "sudo_password" },
	{ "port", "ssh_port" },
};

/* As the data of a job: that of the job that would follow, then what the check is told. */
static struct json *check_data(const struct json *args)
{
	static const char *const copied[] = { "nodes", "check_if_already_registered",
		                              "check_ssh_sudo" };
	const struct json *ssh = json_get(args, "ssh");
	struct json *data = json_object_new();

	if (json_is_object(json_get(args, "job_data")))
		json_update(data, json_get(args, "job_data"));
	for (size_t i = 0; i < ARRAY_SIZE(check_names); i++) {
		struct json *value = json_get(ssh, check_names[i][0]);

		if (value)
			json_set(data, check_names[i][1], json_ref(value));
	}
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++) {
		struct json *value = json_get(args, copied[i]);

		if (value)
			json_set(data, copied[i], json_ref(value));
	}
	return data;
}

enum err_code call_hosts_check(struct api_call *c, struct json **result, struct err *e)
{
	const struct json *nodes = json_get(c->args, "nodes");

	if (!json_is_array(nodes) || json_len(nodes) == 0)
		return err_set(e, ERR_INVALID, "nodes: a list of hosts is needed");
	if (runner_count(c->engine, true) >= JOB_CHECKS_MAX)
		return err_set(e, ERR_BUSY, "%d checks of hosts are running", JOB_CHECKS_MAX);
	c->deferred = true;
	check_begin(c->engine, c->conn, c->id, check_data(c->args));
	return ERR_OK;
}
