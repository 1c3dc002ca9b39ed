#include "plan/command.h"

#include <stdio.h>

#include "base/failpoint.h"
#include "base/proc.h"
#include "base/str.h"
#include "plan/hosts.h"
#include "plan/step.h"

#define FORGET_TIMEOUT_MS 20000

static const struct plan_command commands[] = {
	{ "create_cluster", cmd_create_cluster, NULL },
	{ "add_cluster", cmd_add_cluster, NULL },
	{ "remove_cluster", cmd_remove_cluster, NULL },
	{ "stop_replication_slave", cmd_stop_slave, NULL },
	{ "start_replication_slave", cmd_start_slave, NULL },
	{ "stop", cmd_stop_node, NULL },
	{ "start", cmd_start_node, NULL },
	{ "restart", cmd_restart_node, NULL },
	{ "stop_cluster", cmd_stop_cluster, NULL },
	{ "start_cluster", cmd_start_cluster, NULL },
	{ "check_hosts", cmd_check_hosts, NULL },
	{ "clean_job", cmd_clean_job, NULL },
	{ "success", cmd_success, NULL },
	{ "fail", cmd_fail, NULL },
};

const struct plan_command *plan_command_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_eq(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static enum err_code set_phase(struct run *r, const char *phase, struct err *e)
{
	struct json *args = json_object_new();

	json_set_str(args, "phase", phase);
	r->phase = phase;
	return run_call(r, "phase.set", args, NULL, e);
}

static enum err_code finish(struct run *r, const char *status, const char *text,
                            struct json *result, struct err *e)
{
	struct json *args = json_object_new();

	json_set_str(args, "status", status);
	json_set_str(args, "text", text);
	if (result)
		json_set(args, "result", result);
	FAILPOINT_HERE("job.finish.before");
	return run_call(r, "finish", args, NULL, e);
}

static enum err_code store_plan(struct run *r, struct err *e)
{
	struct json *args = json_object_new();

	json_set(args, "context", json_ref(r->context));
	json_set(args, "steps", json_ref(r->steps));
	FAILPOINT_HERE("plan.store.before");
	TRY(run_call(r, "plan.store", args, NULL, e));
	FAILPOINT_HERE("plan.store.after");
	return set_phase(r, "run", e);
}

/* The hosts that may still have something of this job, and how to get rid of it. */
static void tell_left_overs(struct run *r)
{
	struct json *row;
	const char *host;
	void *iter = NULL;

	run_fail(r,
	         "Not everything could be undone. When the hosts answer again, either repeat the "
	         "same "
	         "command (it removes what this job left) or run: pgtandem job --clean "
	         "--job-id=%lld",
	         (long long)r->job_id);
	while (json_next(json_get(r->context, "hosts"), &iter, &host, &row)) {
		struct script_call call = { 0 };
		const struct json *left;
		size_t i;

		hosts_call(r, &call, host, "job.sh");
		script_arg(&call, "action", "left");
		script_arg(&call, "job", r->job_tag);
		call.timeout_ms = 15000;
		if (script_run(&call, NULL) != ERR_OK)
			run_warn(r, "%s cannot be asked what is left on it: %s", host,
			         call.err.text);
		left = json_get(call.facts, "left");
		for (i = 0; i < json_len(left); i++)
			run_warn(r, "Left on %s: %s %s.", host,
			         str_or(json_get_str(json_at(left, i), "what"), ""),
			         str_or(json_get_str(json_at(left, i), "item"), ""));
		script_release(&call);
	}
}

/* What a finished job made is nobody's to undo any more: its records go.  A host that is away keeps
 * them; they do no harm. */
static void forget_records(struct run *r)
{
	const struct json *hosts = json_get(r->context, "hosts");
	struct script_call *calls = ARENA_NEWN(r->a, json_len(hosts) + 1, struct script_call);
	struct json *row;
	const char *host;
	void *iter = NULL;
	size_t n = 0, i;

	while (json_next(hosts, &iter, &host, &row)) {
		hosts_call(r, &calls[n], host, "job.sh");
		script_arg(&calls[n], "action", "forget");
		script_arg(&calls[n], "job", r->job_tag);
		calls[n++].timeout_ms = FORGET_TIMEOUT_MS;
	}
	(void)script_run_all(calls, n, NULL);
	for (i = 0; i < n; i++) {
		if (calls[i].err.code != ERR_OK)
			run_debug(r, "%s: %s", ssh_host(calls[i].ssh), calls[i].err.text);
		script_release(&calls[i]);
	}
}

/* After a failure or a cancel: put everything back, then say how the job ended. */
static enum err_code undo_and_finish(struct run *r, const struct err *why, struct err *e)
{
	bool cancelled = why->code == ERR_CANCELLED;
	const char *text = run_printf(r, "%s.", why->text);

	proc_set_cancel_flag(NULL); /* the way back is not cancelled */
	if (json_len(r->steps) > 0) {
		TRY(set_phase(r, "undo", e));
		if (!steps_undo(r))
			tell_left_overs(r);
		else if (steps_without_undo(r) > 0)
			run_warn(r,
			         "%zu steps have no way back and stay done; repeat the command to "
			         "go on.",
			         steps_without_undo(r));
		else
			run_say(r, "Everything that this job did was undone.");
	}
	run_fail(r, "%s %s", cancelled ? "Job aborted:" : "Job failed:", text);
	return finish(r, cancelled ? "ABORTED" : "FAILED", text, NULL, e);
}

static enum err_code plan_phase(struct run *r, const struct plan_command *c, bool *is_done,
                                struct json **result, struct err *e)
{
	FAILPOINT_HERE("plan.before");
	TRY(c->plan(r, is_done, result, e));
	TRY(run_check_cancel(r, e));
	return *is_done ? ERR_OK : store_plan(r, e);
}

enum err_code plan_run(struct run *r, struct err *e)
{
	const struct plan_command *c = plan_command_find(r->command);
	struct err why = { 0 };
	struct json *result = NULL;
	bool is_done = false;

	if (str_eq(r->phase, "undo")) {
		err_set(&why, run_is_cancelled(r) ? ERR_CANCELLED : ERR_INTERNAL,
		        "the job was interrupted while it was being undone");
		return undo_and_finish(r, &why, e);
	}
	if (!c)
		err_set(&why, ERR_UNSUPPORTED, "job command \"%s\" is not known", r->command);
	else if (str_eq(r->phase, "run"))
		run_say(r, "The controller was interrupted; going on with the plan of job %lld.",
		        (long long)r->job_id);
	else
		(void)plan_phase(r, c, &is_done, &result, &why);
	if (why.code == ERR_OK && !is_done)
		(void)steps_run(r, &why);
	if (why.code != ERR_OK) {
		json_free(&result);
		return undo_and_finish(r, &why, e);
	}
	if (json_len(r->steps) > 0)
		forget_records(r);
	run_progress(r, 100.0, "Job finished.");
	return finish(r, "FINISHED", str_or(c->done_text, "Job finished."), result, e);
}
