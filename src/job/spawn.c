#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "job/internal.h"

static struct json *controller_json(const struct job_engine *g)
{
	struct json *j = json_object_new();

	json_set_str(j, "id", store_controller_id(g->store));
	json_set_str(j, "version", PGTANDEM_VERSION);
	json_set_int(j, "rpc_port", g->rpc_port);
	json_set_str(j, "known_hosts", g->known_hosts);
	return j;
}

static enum err_code add_job(struct runner *r, struct json *start, struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct store *s = r->engine->store;
	struct json *data = NULL, *plan = NULL;
	struct job j;
	int attempt;

	TRY(store_job_get(s, r->job_id, a, &j, e));
	TRY(store_job_data(s, r->job_id, &data, e));
	json_set(start, "job_data", data ? data : json_object_new());
	TRY(store_plan_get(s, r->job_id, &plan, e));
	json_set(start, "plan", plan ? plan : json_null_new());
	TRY(store_job_add_attempt(s, r->job_id, &attempt, e));
	if (attempt > JOB_ATTEMPTS_MAX)
		return err_set(e, ERR_LIMIT, "%d runners of this job have died", attempt - 1);
	json_set_str(start, "command", j.command);
	json_set_int(start, "cluster_id", j.cluster_id);
	json_set_int(start, "attempt", attempt);
	json_set_bool(start, "cancel", j.cancel);
	json_set_str(start, "phase", job_phase_name(j.phase));
	runner_at_phase(r, j.phase);
	return ERR_OK;
}

static void add_check(struct runner *r, struct json *start)
{
	json_set_str(start, "command", "check_hosts");
	json_set(start, "job_data", json_ref(r->check_data));
	json_set(start, "plan", json_null_new());
	json_set_int(start, "cluster_id", 0);
	json_set_int(start, "attempt", 1);
	json_set_bool(start, "cancel", false);
	json_set_str(start, "phase", job_phase_name(JOB_PHASE_NEW));
}

static enum err_code start_note(struct runner *r, struct json **out, struct err *e)
{
	struct json *start = json_object_new();
	enum err_code rc = ERR_OK;

	if (r->job_id)
		rc = add_job(r, start, e);
	else
		add_check(r, start);
	if (rc != ERR_OK) {
		json_free(&start);
		return rc;
	}
	json_set_int(start, "job_id", r->job_id);
	json_set(start, "controller", controller_json(r->engine));
	json_set_str(start, "run_dir", r->run_dir);
	*out = start;
	return ERR_OK;
}

static void on_message(void *ctx, struct evconn *c, const struct ipc_msg *m)
{
	runner_call(ctx, m);
}

/* Its end, or garbage: the process must go; runner_reap() does the rest. */
static void on_end(void *ctx, struct evconn *c, const struct err *why)
{
	runner_disconnected(ctx, why);
}

static const struct evconn_ops ops = { on_message, on_end };

static enum err_code spawn(struct runner *r, int child_fd, struct err *e)
{
	const char *const argv[] = { r->engine->runner_path, strrchr(r->run_dir, '/') + 1, NULL };
	struct proc_spawn s = { .argv = argv,
		                .stdin_fd = -1,
		                .stdout_fd = -1,
		                .stderr_fd = -1,
		                .pass_fd = child_fd,
		                .new_group = true };
	enum err_code rc;

	TRY(fs_mkdirs(r->run_dir, 0700, e));
	TRY(proc_spawn(&s, &r->pid, e));
	rc = pidfile_write(r, e);
	if (rc == ERR_OK)
		return rc;
	/* without a trace of it the next engine could not end it */
	proc_kill(r->pid, SIGKILL, true);
	(void)proc_reap(r->pid, true);
	r->pid = 0;
	return rc;
}

enum err_code runner_spawn(struct runner *r, struct err *e)
{
	CLEANUP(json_free) struct json *start = NULL;
	int fds[2];
	enum err_code rc;

	if (start_note(r, &start, e) != ERR_OK) {
		err_wrap(e, "start");
		if (e)
			e->code = ERR_REFUSED;
		return ERR_REFUSED;
	}
	TRY(ipc_pair(fds, e));
	rc = spawn(r, fds[1], e);
	close_fd(&fds[1]);
	if (rc != ERR_OK) {
		close_fd(&fds[0]);
		return rc;
	}
	r->conn = evconn_new(r->engine->base, fds[0], &ops, r);
	evconn_note(r->conn, "start", json_ref(start));
	return ERR_OK;
}
