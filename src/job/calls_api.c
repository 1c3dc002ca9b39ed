#include <stdarg.h>
#include <stdio.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/str.h"
#include "job/internal.h"
#include "store/users.h"

/* A failpoint before and after each change that a user makes. */
struct row {
	const char *name;
	api_call_fn fn;
	const char *before, *after;
};

#define POINTS(name) "api." name ".before", "api." name ".after"

static const struct row rows[] = {
	{ "job.create", call_job_create, POINTS("job.create") },
	{ "job.kill", call_job_kill, POINTS("job.kill") },
	{ "job.delete", call_job_delete, POINTS("job.delete") },
	{ "user.create", call_user_create, POINTS("user.create") },
	{ "user.seen", call_user_seen, POINTS("user.seen") },
	{ "user.password", call_user_password, POINTS("user.password") },
	{ "hosts.check", call_hosts_check, POINTS("hosts.check") },
};

enum err_code api_audit(const struct api_call *c, const char *action, int64_t cluster_id,
                        const char *details, struct err *e, const char *object_fmt, ...)
{
	struct audit row = { .user_id = c->user_id,
		             .user_name = c->user_name,
		             .ip = c->ip,
		             .action = action,
		             .cluster_id = cluster_id,
		             .ok = true,
		             .details = details };
	char object[256];
	va_list ap;

	va_start(ap, object_fmt);
	vsnprintf(object, sizeof(object), object_fmt, ap);
	va_end(ap);
	row.object = object;
	return store_audit_add(c->engine->store, &row, e);
}

static enum err_code run(struct api_call *c, const struct row *row, struct json **result,
                         struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	TRY(store_tx_begin(c->engine->store, &tx, e));
	TRY(row->fn(c, result, e));
	FAILPOINT_HERE(row->before);
	TRY(store_tx_commit(&tx, e));
	FAILPOINT_HERE(row->after);
	return ERR_OK;
}

static enum err_code dispatch(struct api_call *c, const char *name, struct json **result,
                              struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (str_eq(rows[i].name, name))
			return run(c, &rows[i], result, e);
	}
	return err_set(e, ERR_UNSUPPORTED, "there is no call \"%s\"", name);
}

void job_engine_call(struct job_engine *g, struct evconn *conn, const struct ipc_msg *m)
{
	const struct json *who = json_get(m->args, "who");
	struct api_call c = { .engine = g, .args = m->args, .conn = conn, .id = m->id };
	struct json *result = NULL;
	struct err e = { 0 };

	c.user_id = json_get_int(who, "user_id", 0);
	c.user_name = str_or(json_get_str(who, "user_name"), "");
	c.ip = str_or(json_get_str(who, "ip"), "");
	if (dispatch(&c, m->call, &result, &e) != ERR_OK) {
		json_free(&result);
		if (m->id)
			evconn_error(conn, m->id, &e);
		return;
	}
	if (m->id && !c.deferred)
		evconn_result(conn, m->id, result);
	else
		json_free(&result);
}
