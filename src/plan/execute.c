/* Runs the steps of a plan: a process for each step, intent and result stored around it. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "plan/hosts.h"
#include "plan/script_step.h"
#include "plan/step.h"

#define RETRY_WAIT_MS 2000
#define FAILPOINT_MAX 128

/* A step under way, as its parent sees it. */
struct child {
	struct step step;
	bool undo;
	struct ipc_conn *conn;
	int far_fd; /* the child's end */
	pid_t pid;
	struct err err;
	struct json *result;
	bool ended;
};

static const char *kind_of(const struct json *row)
{
	return json_get_str(row, "kind");
}

/* "step.begin.install": the same name for every run, so that a sweep can list them. */
static void failpoint_at(const char *where, const struct json *row)
{
	char name[FAILPOINT_MAX];

	if (!failpoint_armed)
		return;
	snprintf(name, sizeof(name), "step.%s.%s", where, kind_of(row));
	FAILPOINT_HERE(name);
}

/* ---- in the child ---- */

static enum err_code act_once(struct step *s, bool undo, struct err *e)
{
	if (undo)
		return s->kind->undo ? s->kind->undo(s, e) : script_step_undo(s, e);
	return s->kind->act ? s->kind->act(s, e) : script_step_act(s, e);
}

static enum err_code act_with_tries(struct step *s, bool undo, struct err *e)
{
	enum err_code code;
	int tries = s->kind->tries > 0 ? s->kind->tries : 1;

	for (;;) {
		code = act_once(s, undo, e);
		if (code == ERR_OK || --tries <= 0 || !err_may_retry(code))
			return code;
		run_warn(s->run, "%s; trying again", e->text);
		clock_sleep_ms(RETRY_WAIT_MS);
		err_clear(e);
	}
}

static int child_main(void *ctx)
{
	struct child *c = ctx;
	struct run *r = c->step.run;
	struct err e = { 0 };
	struct json *note;

	r->engine = ipc_new(c->far_fd);
	if (act_with_tries(&c->step, c->undo, &e) == ERR_OK)
		return 0;
	note = json_object_new();
	json_set_str(note, "status", err_name(e.code));
	json_set_str(note, "error", e.text);
	json_set_str(note, "hint", e.hint);
	(void)ipc_note(r->engine, "step.error", note, NULL);
	return 1;
}

/* ---- in the parent ---- */

static void take_error(struct child *c, const struct json *args)
{
	err_set(&c->err, err_code_of(json_get_str(args, "status")), "%s",
	        str_or(json_get_str(args, "error"), "no reason given"));
	err_hint(&c->err, "%s", str_or(json_get_str(args, "hint"), ""));
}

/* A frame from a step: its verdict, or something for the engine. */
static void pass_on(struct run *r, struct child *c, const struct ipc_msg *m)
{
	struct json *args = json_ref(m->args), *result = NULL;
	struct err e = { 0 };

	if (str_eq(m->call, "step.error")) {
		take_error(c, m->args);
	} else if (str_eq(m->call, "step.result")) {
		json_free(&c->result);
		c->result = args;
		return;
	} else if (m->id == 0) {
		(void)ipc_note(r->engine, m->call, args, NULL);
		return;
	} else {
		enum err_code code = ipc_call(r->engine, m->call, json_ref(args), &result, &e);

		if (code == ERR_OK)
			(void)ipc_post_result(c->conn, m->id, result, NULL);
		else
			(void)ipc_post_error(c->conn, m->id, &e, result, NULL);
	}
	json_free(&args);
}

static void serve(struct run *r, struct child *c)
{
	struct ipc_msg m = { 0 };
	bool ended = ipc_read(c->conn, NULL) != ERR_OK;

	while (ipc_next(c->conn, &m, NULL) == ERR_OK && m.frame) {
		pass_on(r, c, &m);
		ipc_msg_release(&m);
	}
	if (!ended)
		return;
	c->ended = true;
	if (proc_reap(c->pid, true) != 0 && c->err.code == ERR_OK)
		err_set(&c->err, ERR_INTERNAL, "the process of step \"%s\" died",
		        kind_of(c->step.row));
}

static enum err_code start(struct run *r, struct child *c, struct json *row, bool undo,
                           struct err *e)
{
	int fds[2];

	c->step = (struct step){ .run = r, .row = row, .kind = step_kind_find(kind_of(row)) };
	c->undo = undo;
	if (!c->step.kind)
		return err_set(e, ERR_INTERNAL, "unknown kind of step \"%s\"", kind_of(row));
	TRY(ipc_pair(fds, e));
	c->far_fd = fds[1];
	c->conn = ipc_new(fds[0]);
	/* a second signal to the job must not stop what undoes it */
	if (proc_fork(child_main, c, undo, &c->pid, e) != ERR_OK) {
		ipc_free(&c->conn);
		close(fds[1]);
		return e->code;
	}
	close(fds[1]);
	return ERR_OK;
}

static void stop(struct child *c)
{
	if (c->ended || c->pid <= 0)
		return;
	proc_kill(c->pid, SIGTERM, false);
}

/* Serve all until each has ended; a cancelled job ends them early. */
/* Who still runs is looked at; how many those are. */
static size_t watch(struct pollfd *fds, struct child *c, size_t n)
{
	size_t i, running = 0;

	for (i = 0; i < n; i++) {
		fds[i].fd = c[i].ended || !c[i].conn ? -1 : ipc_fd(c[i].conn);
		fds[i].events = POLLIN;
		fds[i].revents = 0;
		running += fds[i].fd >= 0;
	}
	return running;
}

static void wait_all(struct run *r, struct child *c, size_t n, bool undo)
{
	struct pollfd *fds = xcalloc(n, sizeof(*fds));
	bool told = false;
	size_t i;

	while (watch(fds, c, n) > 0) {
		(void)poll(fds, (nfds_t)n, 200);
		for (i = 0; i < n; i++)
			if (fds[i].revents)
				serve(r, &c[i]);
		for (i = 0; !undo && !told && run_is_cancelled(r) && i < n; i++)
			stop(&c[i]);
		told = told || (!undo && run_is_cancelled(r));
	}
	free_str((char **)&fds);
}

static enum err_code step_note(struct run *r, const char *call, const struct json *row,
                               const char *state, struct err *e)
{
	struct json *args;

	if (r->foreign)
		return ERR_OK;
	args = json_object_new();
	json_set_int(args, "seq", json_get_int(row, "seq", 0));
	json_set_str(args, "state", state);
	return run_call(r, call, args, NULL, e);
}

static enum err_code begin(struct run *r, struct json *row, struct err *e)
{
	const char *title = json_get_str(row, "title");

	failpoint_at("begin.before", row);
	TRY(step_note(r, "step.begin", row, "running", e));
	json_set_str(row, "state", "running");
	failpoint_at("begin.after", row);
	if (title)
		run_log(r, RUN_MESSAGE, "step.c", (int)json_get_int(row, "seq", 0) + 1,
		        json_get_str(row, "host"), "%s", title);
	return ERR_OK;
}

static enum err_code end(struct run *r, struct child *c, const char *ok_state, struct err *e)
{
	struct json *row = c->step.row;
	const char *state = c->err.code == ERR_OK ? ok_state : "failed";

	failpoint_at("end.before", row);
	json_set_str(row, "state", state);
	TRY(step_note(r, "step.end", row, state, e));
	failpoint_at("end.after", row);
	return ERR_OK;
}

/* Several steps may fail: all are logged, the first is the job's error. */
static enum err_code group_verdict(struct run *r, struct child *c, size_t n, const char *ok_state,
                                   struct err *e)
{
	struct err first = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		TRY(end(r, &c[i], ok_state, e));
		if (c[i].err.code == ERR_OK)
			continue;
		if (c[i].step.kind->flags & STEP_MAY_FAIL) {
			run_warn(r, "%s", c[i].err.text);
			continue;
		}
		run_fail_err(r, json_get_str(c[i].step.row, "host"), &c[i].err);
		if (first.code == ERR_OK)
			first = c[i].err;
	}
	if (run_is_cancelled(r) && str_eq(ok_state, "done"))
		return err_set(e, ERR_CANCELLED, "the job was cancelled");
	if (first.code != ERR_OK && e)
		*e = first;
	return first.code;
}

/* Run N rows side by side. */
static enum err_code run_group(struct run *r, struct json **rows, size_t n, bool undo,
                               struct err *e)
{
	struct child *c = xcalloc(n, sizeof(*c));
	enum err_code code = ERR_OK;
	size_t i, started = 0;

	for (i = 0; i < n && code == ERR_OK; i++) {
		if (!undo)
			code = begin(r, rows[i], e);
		if (code == ERR_OK)
			code = start(r, &c[i], rows[i], undo, e);
		started += code == ERR_OK;
	}
	wait_all(r, c, started, undo);
	if (code == ERR_OK)
		code = group_verdict(r, c, n, undo ? "undone" : "done", e);
	for (i = 0; i < started; i++) {
		ipc_free(&c[i].conn);
		json_free(&c[i].result);
	}
	free_str((char **)&c);
	return code;
}

static bool is_done(const struct json *row)
{
	return str_eq(json_get_str(row, "state"), "done");
}

/* The rows of the group that begins at FIRST and are still to do; *NEXT is the group after it. */
static size_t collect(const struct run *r, size_t first, struct json **rows, size_t *next)
{
	int64_t group = json_get_int(json_at(r->steps, first), "group", 0);
	size_t i, n = 0;

	for (i = first; i < json_len(r->steps); i++) {
		struct json *row = json_at(r->steps, i);

		if (json_get_int(row, "group", 0) != group)
			break;
		if (!is_done(row))
			rows[n++] = row;
	}
	*next = i;
	return n;
}

enum err_code steps_run(struct run *r, struct err *e)
{
	size_t total = json_len(r->steps), at = 0, next = 0, n;
	struct json **rows = ARENA_NEWN(r->a, total + 1, struct json *);

	TRY(hosts_open(r, e));
	for (; at < total; at = next) {
		TRY(run_check_cancel(r, e));
		n = collect(r, at, rows, &next);
		if (n == 0)
			continue;
		run_progress(r, 10.0 + 90.0 * (double)at / (double)total,
		             str_or(json_get_str(rows[0], "title"), kind_of(rows[0])));
		TRY(run_group(r, rows, n, false, e));
	}
	return ERR_OK;
}

static bool was_begun(const struct json *row)
{
	const char *state = json_get_str(row, "state");

	return str_eq(state, "running") || str_eq(state, "done") || str_eq(state, "failed");
}

static bool has_undo(const struct json *row)
{
	const struct step_kind *k = step_kind_find(kind_of(row));

	return k && (k->flags & STEP_HAS_UNDO);
}

/* Steps that only look or tidy up leave nothing to be undone. */
static bool changes_nothing(const struct json *row)
{
	const struct step_kind *k = step_kind_find(kind_of(row));

	return k && (k->flags & STEP_NO_CHANGE);
}

size_t steps_without_undo(const struct run *r)
{
	size_t i, n = 0;

	for (i = 0; i < json_len(r->steps); i++) {
		const struct json *row = json_at(r->steps, i);

		n += str_eq(json_get_str(row, "state"), "done") && !has_undo(row) &&
		     !changes_nothing(row);
	}
	return n;
}

bool steps_undo(struct run *r)
{
	size_t i = json_len(r->steps);
	bool all = true;

	(void)hosts_open(r, NULL);
	while (i-- > 0) {
		struct json *row = json_at(r->steps, i);
		struct err e = { 0 };

		if (!was_begun(row) || !has_undo(row))
			continue;
		failpoint_at("undo.before", row);
		run_log(r, RUN_MESSAGE, "step.c", (int)i + 1, json_get_str(row, "host"),
		        "Undoing step \"%s\".", kind_of(row));
		all &= run_group(r, &row, 1, true, &e) == ERR_OK;
		failpoint_at("undo.after", row);
	}
	return all;
}
