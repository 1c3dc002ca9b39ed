#include "base/failpoint.h"
#include "base/log.h"
#include "base/str.h"
#include "job/internal.h"

/* A failpoint before and after each change that a runner makes. */
struct row {
	const char *name;
	runner_call_fn fn;
	bool for_checks;
	void (*stored)(struct runner *r, const struct json *args); /* after the commit */
	const char *before, *after;
};

static void step_begun(struct runner *r, const struct json *args)
{
	runner_at_step(r, json_get_int(args, "seq", 0));
}

static void phase_set(struct runner *r, const struct json *args)
{
	enum job_phase phase = r->phase;

	(void)job_phase_parse(json_get_str(args, "phase"), &phase);
	runner_at_phase(r, phase);
}

static void finished(struct runner *r, const struct json *args)
{
	runner_finished(r);
}

#define POINTS(name) "job." name ".before", "job." name ".after"

static const struct row rows[] = {
	{ "cluster.get", call_cluster_get, true, NULL, NULL, NULL },
	{ "cluster.list", call_cluster_list, true, NULL, NULL, NULL },
	{ "cluster.reserve", call_cluster_reserve, false, NULL, POINTS("reserve") },
	{ "cluster.save", call_cluster_save, false, NULL, POINTS("save") },
	{ "cluster.remove", call_cluster_remove, false, NULL, POINTS("remove") },
	{ "cert.issue", call_cert_issue, false, NULL, POINTS("cert") },
	{ "ca.get", call_ca_get, false, NULL, POINTS("ca") },
	{ "plan.get", call_plan_get, false, NULL, NULL, NULL },
	{ "plan.store", call_plan_store, false, NULL, POINTS("plan") },
	{ "step.begin", call_step_begin, false, step_begun, POINTS("step.begin") },
	{ "step.end", call_step_end, false, NULL, POINTS("step.end") },
	{ "phase.set", call_phase_set, false, phase_set, POINTS("phase") },
	{ "finish", call_finish, true, finished, POINTS("finish") },
};

static const struct row *row_of(const struct runner *r, const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!str_eq(rows[i].name, name))
			continue;
		if (r->job_id || rows[i].for_checks)
			return &rows[i];
		err_set(e, ERR_REFUSED, "a check does not call \"%s\"", name);
		return NULL;
	}
	err_set(e, ERR_UNSUPPORTED, "there is no call \"%s\"", name);
	return NULL;
}

static void point(const char *name)
{
	if (name)
		FAILPOINT_HERE(name);
}

/* The call's changes and what the runner said before it become durable together; when the call is
 * refused, what was said still does. */
static enum err_code in_transaction(struct runner *r, const struct row *row,
                                    const struct json *args, struct json **result, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	enum err_code rc;

	TRY(store_tx_begin(r->engine->store, &tx, e));
	TRY(events_store(r, e));
	rc = row->fn(r, args, result, e);
	point(row->before);
	TRY(store_tx_commit(&tx, rc == ERR_OK ? e : NULL));
	point(row->after);
	return rc;
}

static enum err_code call(struct runner *r, const struct ipc_msg *m, struct json **result,
                          struct err *e)
{
	const struct row *row = row_of(r, m->call, e);
	enum err_code rc;

	if (!row)
		return ERR_REFUSED;
	if (r->finished)
		return err_set(e, ERR_REFUSED, "the job has ended");
	if (r->job_id == 0)
		rc = row->fn(r, m->args, result, e);
	else
		rc = in_transaction(r, row, m->args, result, e);
	if (rc == ERR_OK && row->stored)
		row->stored(r, m->args);
	return rc;
}

static void note(struct runner *r, const struct ipc_msg *m)
{
	if (str_eq(m->call, "log"))
		log_batch_add(r, m->args);
	else if (str_eq(m->call, "progress"))
		progress_update(r, m->args);
	else
		log_warning("%s: unknown note \"%s\"", r->label, m->call);
}

void runner_call(struct runner *r, const struct ipc_msg *m)
{
	struct json *result = NULL;
	struct err e = { 0 };

	if (m->id == 0) {
		note(r, m);
		return;
	}
	if (call(r, m, &result, &e) == ERR_OK) {
		evconn_result(r->conn, m->id, result);
		return;
	}
	json_free(&result);
	evconn_error(r->conn, m->id, &e);
}
