/* pgtandem job, and every command that is a job */
#include <stdio.h>

#include "base/macros.h"
#include "base/str.h"
#include "cli/clusters.h"
#include "cli/follow.h"
#include "cli/modes.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/table.h"

#define BRIEF_COLUMNS 8

static enum err_code follow(struct cli *c, int64_t job_id, int *status, struct err *e)
{
	if (cli_flag(c, OPT_LOG))
		return follow_log(c, job_id, status, e);
	if (cli_flag(c, OPT_WAIT))
		return follow_wait(c, job_id, status, e);
	return ERR_OK;
}

static bool is_followed(const struct cli *c)
{
	return cli_flag(c, OPT_LOG) || cli_flag(c, OPT_WAIT);
}

enum err_code run_job(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *request = NULL;
	const struct json *reply;
	int64_t job_id;

	TRY(request_job(&c->args, &request, e));
	TRY(cli_call(c, PATH_JOBS, request, &reply, e));
	job_id = json_get_int(json_get(reply, "job"), "job_id", 0);
	if (job_id <= 0)
		return err_set(e, ERR_PARSE, "the reply of the controller has no job");
	if (c->screen.batch && !cli_is_json(c) && !is_followed(c))
		printf("%lld\n", (long long)job_id);
	else if (!c->screen.batch && !cli_is_json(c))
		printf("Job with ID %lld registered.\n", (long long)job_id);
	fflush(stdout);
	return follow(c, job_id, status, e);
}

enum err_code run_rpc(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *request = NULL;
	const struct json *reply;

	TRY(request_plain(&c->args, &request, e));
	TRY(cli_call(c, c->args.command->path, request, &reply, e));
	print_done(c, reply, c->args.command->done);
	return ERR_OK;
}

enum err_code run_job_follow(struct cli *c, int *status, struct err *e)
{
	return follow_log(c, args_int(&c->args, OPT_JOB_ID, 0), status, e);
}

enum err_code run_job_wait(struct cli *c, int *status, struct err *e)
{
	return follow_wait(c, args_int(&c->args, OPT_JOB_ID, 0), status, e);
}

enum err_code run_job_log(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *request = request_new("getJobLog");
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct json *reply, *messages;

	json_set_bool(request, "ascending", true);
	json_set_int(request, "limit", -1);
	json_set_int(request, "offset", -1);
	if (cli_flag(c, OPT_DEBUG))
		json_set_str(request, "log_level", "DEBUG");
	request_fill(request, &c->args);
	TRY(cli_call(c, PATH_JOBS, request, &reply, e));
	messages = json_get(reply, "messages");
	for (size_t i = 0; i < json_len(messages) && !cli_is_json(c); i++)
		follow_print_message(c, json_at(messages, i), &out);
	screen_flush(&out);
	return ERR_OK;
}

/* ---- --list ---- */

static enum tint state_tint(const char *state)
{
	if (str_eq(state, "FINISHED"))
		return TINT_GREEN;
	return args_one_of("FAILED|ABORTED", state) ? TINT_RED : TINT_YELLOW;
}

static void job_row(struct table *t, const struct json *job)
{
	const char *state = str_or(json_get_str(job, "status"), "UNKNOWN");
	double percent = json_get_real(job, "progress_percent", 0);
	char ready[16], when[32];

	if (!json_get_bool(job, "has_progress", true) && !args_one_of("FINISHED", state))
		snprintf(ready, sizeof(ready), "---%%");
	else
		snprintf(ready, sizeof(ready), "%d%%",
		         str_eq(state, "FINISHED") ? 100 : (int)percent);
	table_int(t, TINT_NONE, json_get_int(job, "job_id", 0));
	table_int(t, TINT_NONE, json_get_int(job, "cluster_id", 0));
	table_cell(t, state_tint(state), state);
	table_cell(t, TINT_NONE, str_or(json_get_str(job, "user_name"), "-"));
	table_cell(t, TINT_NONE, str_or(json_get_str(job, "group_name"), "-"));
	table_cell(t, TINT_NONE, screen_time(json_get_str(job, "created"), when));
	table_cell(t, TINT_NONE, ready);
	table_cell(t, TINT_NONE, str_or(json_get_str(job, "title"), "Untitled Job"));
}

static void print_table(struct cli *c, const struct json *jobs, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{ "ID", true },     { "CID", true },      { "STATE", false }, { "OWNER", false },
		{ "GROUP", false }, { "CREATED", false }, { "RDY", true },    { "TITLE", false },
	};
	CLEANUP(table_free)
	struct table *t = table_new(&c->screen, columns, ARRAY_SIZE(columns));

	for (size_t i = json_len(jobs); i--;) /* the newest comes last, where the eye is */
		job_row(t, json_at(jobs, i));
	if (table_rows(t))
		table_print(t, out);
}

enum err_code run_job_list(struct cli *c, int *status, struct err *e)
{
	bool one = args_given(&c->args, OPT_JOB_ID);
	CLEANUP(json_free)
	struct json *request = request_new(one ? "getJobInstance" : "getJobInstances");
	CLEANUP(json_free) struct json *jobs = json_array_new();
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct json *reply;

	request_fill(request, &c->args);
	if (one)
		json_set_int(request, "job_id", args_int(&c->args, OPT_JOB_ID, 0));
	TRY(cli_call(c, PATH_JOBS, request, &reply, e));
	if (cli_is_json(c))
		return ERR_OK;
	if (json_is_object(json_get(reply, "job")))
		json_append(jobs, json_ref(json_get(reply, "job")));
	else if (json_is_array(json_get(reply, "jobs")))
		json_free(&jobs), jobs = json_ref(json_get(reply, "jobs"));
	if (cli_flag(c, OPT_LONG))
		print_job_sheets(&c->screen, jobs, &out);
	else
		print_table(c, jobs, &out);
	clusters_total(c, (size_t)json_get_int(reply, "total", (int64_t)json_len(jobs)), "", &out);
	screen_flush(&out);
	return ERR_OK;
}
