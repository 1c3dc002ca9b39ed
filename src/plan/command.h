/* The table of job commands that a runner knows: a row and one planner. */
#pragma once

#include "plan/run.h"

struct plan_command {
	const char *name;
	/* Look, check and fill R->steps and R->context; changes nothing.  ERR_REFUSED after the
	 * findings were reported.  *IS_DONE: there is nothing to run (dry run, a question). */
	enum err_code (*plan)(struct run *r, bool *is_done, struct json **result, struct err *e);
	/* How the log says that the job is over; NULL: "Job finished." */
	const char *done_text;
};

const struct plan_command *plan_command_find(const char *name);

/* The whole life of a job from its phase on; ends with the "finish" call. */
enum err_code plan_run(struct run *r, struct err *e);

/* Planners, in src/plan/cmd/. */
enum err_code cmd_create_cluster(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_add_cluster(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_remove_cluster(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_stop_slave(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_start_slave(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_stop_node(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_start_node(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_restart_node(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_stop_cluster(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_start_cluster(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_check_hosts(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_clean_job(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_success(struct run *r, bool *is_done, struct json **result, struct err *e);
enum err_code cmd_fail(struct run *r, bool *is_done, struct json **result, struct err *e);
