#include "plan/clean.h"

#include <string.h>

#include "base/str.h"
#include "plan/hosts.h"
#include "plan/step.h"

#define JOBS_MAX 32

static enum err_code load_plan(struct run *r, int64_t job_id, struct json **plan, struct err *e)
{
	struct json *args = json_object_new();
	const char *status;

	json_set_int(args, "job_id", job_id);
	TRY(run_call(r, "plan.get", args, plan, e));
	status = json_get_str(*plan, "status");
	if (str_eq(status, "FAILED") || str_eq(status, "ABORTED"))
		return ERR_OK;
	err_set(e, ERR_REFUSED, "job %lld is %s: there is nothing to clean up after it",
	        (long long)job_id, str_or(status, "unknown"));
	json_free(plan);
	return e->code;
}

/* Hosts that answer no more are no reason to give up on the others. */
static bool undo_plan(struct run *r, int64_t job_id, const struct json *plan)
{
	struct run old = *r;
	bool all;

	old.job_id = job_id;
	old.job_tag = run_job_tag(r, job_id);
	old.foreign = true;
	old.hosts = NULL;
	old.context = json_ref(json_get(plan, "context"));
	old.steps = json_ref(json_get(plan, "steps"));
	all = steps_undo(&old);
	r->n_ssh = old.n_ssh;
	hosts_close(&old);
	json_free(&old.context);
	json_free(&old.steps);
	return all;
}

enum err_code clean_job(struct run *r, int64_t job_id, struct err *e)
{
	struct json *plan = NULL;
	bool all;

	TRY(load_plan(r, job_id, &plan, e));
	run_say(r, "Cleaning up what job %lld left.", (long long)job_id);
	all = undo_plan(r, job_id, plan);
	json_free(&plan);
	return all ? ERR_OK
	           : err_set(e, ERR_REMOTE, "not everything that job %lld left could be removed",
	                     (long long)job_id);
}

static bool is_known(const int64_t *jobs, size_t n, int64_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (jobs[i] == id)
			return true;
	return false;
}

/* The number of a job of ours, 0 for another controller's. */
static int64_t own_job(struct run *r, const char *tag)
{
	const char *dash = strrchr(tag, '-');
	int64_t id = 0;

	if (!dash || str_to_i64(dash + 1, 1, INT64_MAX, &id, NULL) != ERR_OK ||
	    !str_eq(run_job_tag(r, id), tag))
		return 0;
	return id;
}

static size_t collect(struct run *r, const struct json *node, int64_t *jobs, size_t n)
{
	const char *list = json_get_str(json_get(node, "facts"), "jobs_left");
	char tag[48];

	while (list && str_field(&list, ",", tag, sizeof(tag))) {
		int64_t id = own_job(r, tag);

		if (tag[0] == '\0' || id == r->job_id || is_known(jobs, n, id))
			continue;
		if (id == 0)
			run_warn(r, "%s has records of job %s of another controller.",
			         json_get_str(node, "hostname"), tag);
		else if (n < JOBS_MAX)
			jobs[n++] = id;
	}
	return n;
}

enum err_code clean_left_jobs(struct run *r, const struct json *nodes, bool *cleaned, struct err *e)
{
	int64_t jobs[JOBS_MAX];
	size_t i, n = 0;

	for (i = 0; i < json_len(nodes); i++)
		n = collect(r, json_at(nodes, i), jobs, n);
	*cleaned = n > 0;
	for (i = 0; i < n; i++) {
		struct err why = { 0 };

		TRY(run_check_cancel(r, e));
		/* records of a controller that is not us: the checks will say what is in the way */
		if (clean_job(r, jobs[i], &why) != ERR_OK)
			run_warn(r, "%s.", why.text);
	}
	return ERR_OK;
}
