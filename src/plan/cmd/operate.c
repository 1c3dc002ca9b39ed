/* Jobs that pause and resume replication, and stop and start nodes and clusters. */
#include "plan/command.h"
#include "plan/ops.h"

/* FIELD names the one node; NULL: all of the cluster. */
static enum err_code look_and_plan(struct ops *o, const char *field, void (*plan)(struct ops *o),
                                   const char *nothing, bool *is_done, struct err *e)
{
	struct run *r = o->run;

	if (field)
		TRY(ops_take_node(o, field, e));
	TRY(ops_look(o, e));
	plan(o);
	TRY(ops_report(o, e));
	*is_done = json_len(r->steps) == 0;
	if (*is_done)
		run_say(r, "%s", nothing);
	if (json_get_bool(r->data, "dry_run", false)) {
		ops_print_plan(r);
		*is_done = true;
	}
	return ERR_OK;
}

static enum err_code operate(struct run *r, const char *field, void (*plan)(struct ops *o),
                             const char *nothing, bool *is_done, struct err *e)
{
	struct ops *o = ARENA_NEW(r->a, struct ops);
	enum err_code code;

	run_say(r, "Verifying job parameters.");
	code = ops_load(o, r, e);
	if (code == ERR_OK)
		code = look_and_plan(o, field, plan, nothing, is_done, e);
	if (code != ERR_OK) /* what was planned is not begun */
		json_free(&r->steps), r->steps = json_array_new();
	ops_release(o);
	return code;
}

enum err_code cmd_stop_slave(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	return operate(r, "replication_slave", ops_plan_pause, "", is_done, e);
}

enum err_code cmd_start_slave(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	return operate(r, "replication_slave", ops_plan_resume, "", is_done, e);
}

enum err_code cmd_stop_node(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	return operate(r, "node", ops_plan_stop, "The server does not run: nothing to stop.",
	               is_done, e);
}

enum err_code cmd_start_node(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	return operate(r, "node", ops_plan_start, "The server runs: nothing to start.", is_done, e);
}

enum err_code cmd_restart_node(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	return operate(r, "node", ops_plan_restart, "", is_done, e);
}

enum err_code cmd_stop_cluster(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	return operate(r, NULL, ops_plan_stop_cluster, "No server runs: nothing to stop.", is_done,
	               e);
}

enum err_code cmd_start_cluster(struct run *r, bool *is_done, struct json **result, struct err *e)
{
	return operate(r, NULL, ops_plan_start, "Every server runs: nothing to start.", is_done, e);
}
