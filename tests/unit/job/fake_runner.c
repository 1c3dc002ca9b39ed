/* Speaks the runner's side as its job_data tells: three steps, a trace file of what was done to
 * "the world", and deaths where the test wants them.
 *
 *   trace      file that gets one line for each act and undo
 *   die        point at which the process kills itself ("step.2.act"), die_times: attempts
 *   garbage    bytes that are no frame instead of the first call; garbage_times: attempts
 *   hold       at step 2, wait until this file exists (or we are asked to stop)
 *   reserve    name of a cluster to reserve, host: its host
 *   fail       step that fails
 *   clinging   does not die with the engine */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "ipc/ipc.h"

#define STEPS 3

static volatile sig_atomic_t stop_asked;

struct run {
	struct ipc_conn *conn;
	const struct json *start, *data;
	int attempt;
	bool cancel;
	char states[STEPS + 1][16];
};

static void on_term(int sig)
{
	stop_asked = 1;
}

static void point(struct run *r, const char *name)
{
	if (str_eq(json_get_str(r->data, "die"), name) &&
	    r->attempt <= json_get_int(r->data, "die_times", 1))
		kill(getpid(), SIGKILL);
}

static void point_at(struct run *r, int step, const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "step.%d.%s", step, what);
	point(r, name);
}

/* The engine is gone: so are we. */
static struct json *call(struct run *r, const char *name, struct json *args)
{
	struct json *result = NULL;
	struct err e = { 0 };

	if (ipc_call(r->conn, name, args, &result, &e) == ERR_OK)
		return result;
	if (e.code == ERR_IO)
		_exit(1);
	fprintf(stderr, "%s: %s\n", name, e.text);
	_exit(3);
}

static void done(struct run *r, const char *name, struct json *args)
{
	struct json *result = call(r, name, args);

	json_free(&result);
}

static void say(struct run *r, const char *text)
{
	struct json *args = json_object_new(), *fields = json_object_new();

	json_set_str(args, "level", "MESSAGE");
	json_set_str(args, "text", text);
	json_set_str(args, "file", "fake.c");
	json_set_int(args, "line", 7);
	json_set_int(fields, "n", 1);
	json_set(args, "fields", fields);
	(void)ipc_note(r->conn, "log", args, NULL);
}

static void progress(struct run *r, double percent)
{
	struct json *args = json_object_new();

	json_set_real(args, "percent", percent);
	json_set_str(args, "text", "working");
	(void)ipc_note(r->conn, "progress", args, NULL);
}

/* ---- the world ---- */

static bool world_has(struct run *r, const char *line)
{
	struct strbuf b = STRBUF_INIT;
	bool found;

	(void)fs_read(json_get_str(r->data, "trace"), 65536, &b, NULL);
	found = strstr(strbuf_cstr(&b), line) != NULL;
	strbuf_release(&b);
	return found;
}

static void world_do(struct run *r, const char *what, int step)
{
	FILE *f = fopen(json_get_str(r->data, "trace"), "a");

	if (!f)
		_exit(4);
	fprintf(f, "%s %d\n", what, step);
	fclose(f);
}

/* ---- phases ---- */

static void step_call(struct run *r, const char *name, int seq, const char *state)
{
	struct json *args = json_object_new();

	json_set_int(args, "seq", seq);
	if (state)
		json_set_str(args, "state", state);
	done(r, name, args);
}

static void phase(struct run *r, const char *name)
{
	struct json *args = json_object_new();

	json_set_str(args, "phase", name);
	done(r, "phase.set", args);
}

static void reserve(struct run *r)
{
	const char *name = json_get_str(r->data, "reserve");
	struct json *args = json_object_new(), *hosts = json_array_new(), *host = json_object_new();

	json_set_str(args, "name", name);
	json_set_str(host, "hostname", json_get_str(r->data, "host"));
	json_set_int(host, "port", 5432);
	json_append(hosts, host);
	json_set(args, "hosts", hosts);
	done(r, "cluster.reserve", args);
}

static void store_plan(struct run *r)
{
	struct json *args = json_object_new(), *steps = json_array_new();

	for (int i = 1; i <= STEPS; i++) {
		struct json *step = json_object_new();

		json_set_int(step, "seq", i);
		json_set_str(step, "name", "act");
		json_append(steps, step);
	}
	json_set(args, "context", json_object_new());
	json_set(args, "steps", steps);
	done(r, "plan.store", args);
}

static void finish(struct run *r, const char *status)
{
	struct json *args = json_object_new(), *result = json_object_new();

	json_set_str(args, "status", status);
	json_set_int(result, "answer", 42);
	json_set(args, "result", result);
	point(r, "finish.before");
	done(r, "finish", args);
	point(r, "finish.after");
	exit(0);
}

static void hold(struct run *r)
{
	const char *file = json_get_str(r->data, "hold");

	while (file && !fs_exists(file) && !stop_asked)
		clock_sleep_ms(2);
	while (json_get_bool(r->data, "clinging", false) && r->attempt == 1)
		clock_sleep_ms(1000);
}

static bool act(struct run *r, int step)
{
	char line[32];

	step_call(r, "step.begin", step, NULL);
	point_at(r, step, "begin");
	if (step == 2)
		hold(r);
	if (stop_asked)
		return false;
	snprintf(line, sizeof(line), "act %d\n", step);
	if (!world_has(r, line)) /* a step looks before it acts */
		world_do(r, "act", step);
	point_at(r, step, "act");
	if (json_get_int(r->data, "fail", 0) == step) {
		step_call(r, "step.end", step, "failed");
		return false;
	}
	step_call(r, "step.end", step, "done");
	point_at(r, step, "end");
	return true;
}

static void undo(struct run *r, const char *status)
{
	char line[32];

	for (int i = STEPS; i > 0; i--) {
		snprintf(line, sizeof(line), "undo %d\n", i);
		point_at(r, i, "undo");
		if (str_eq(r->states[i], "pending") || str_eq(r->states[i], "undone"))
			continue;
		if (!world_has(r, line))
			world_do(r, "undo", i);
		step_call(r, "step.end", i, "undone");
	}
	finish(r, status);
}

static void run(struct run *r)
{
	for (int i = 1; i <= STEPS; i++) {
		if (str_eq(r->states[i], "done"))
			continue;
		snprintf(r->states[i], sizeof(r->states[i]), "running");
		progress(r, 100.0 * i / STEPS);
		if (r->cancel || stop_asked || !act(r, i)) {
			bool cancelled = r->cancel || stop_asked;

			phase(r, "undo");
			undo(r, cancelled ? "ABORTED" : "FAILED");
		}
		snprintf(r->states[i], sizeof(r->states[i]), "done");
	}
	say(r, "all done");
	finish(r, "FINISHED");
}

/* ---- start ---- */

static void prepare(struct run *r)
{
	say(r, "gathering facts");
	point(r, "new");
	if (json_get_str(r->data, "reserve"))
		reserve(r);
	point(r, "reserved");
	store_plan(r);
	point(r, "planned");
	phase(r, "run");
	point(r, "run");
}

static void load_states(struct run *r)
{
	const struct json *steps = json_get(json_get(r->start, "plan"), "steps");

	for (int i = 1; i <= STEPS; i++)
		snprintf(r->states[i], sizeof(r->states[i]), "pending");
	for (size_t i = 0; i < json_len(steps); i++) {
		const struct json *step = json_at(steps, i);
		int64_t seq = json_get_int(step, "seq", 0);

		if (seq >= 1 && seq <= STEPS)
			snprintf(r->states[seq], sizeof(r->states[seq]), "%s",
			         str_or(json_get_str(step, "state"), "pending"));
	}
}

static void check_hosts(struct run *r)
{
	struct json *args = json_object_new(), *result = json_object_new();

	json_set(result, "checked_hosts", json_copy(json_get(r->data, "nodes")));
	json_set_str(args, "status", "FINISHED");
	json_set(args, "result", result);
	while (json_get_bool(r->data, "hang", false))
		clock_sleep_ms(1000);
	done(r, "finish", args);
	exit(0);
}

static void garbage(struct run *r)
{
	const char *text = json_get_str(r->data, "garbage");

	if (!text || r->attempt > json_get_int(r->data, "garbage_times", 1))
		return;
	(void)fd_write_all(ipc_fd(r->conn), text, strlen(text));
	clock_sleep_ms(60000);
}

/* Where secrets must not be. */
static void show_ourselves(struct run *r, char **argv)
{
	const char *path = json_get_str(r->data, "show");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		return;
	for (; *argv; argv++)
		fprintf(f, "%s\n", *argv);
	for (char **env = environ; *env; env++)
		fprintf(f, "%s\n", *env);
	fprintf(f, "password %s\n", json_get_str(r->data, "admin_password") ? "known" : "lost");
	fclose(f);
}

int main(int argc, char **argv)
{
	struct sigaction a = { .sa_handler = on_term };
	struct run r = { .conn = ipc_new(3) };
	struct ipc_msg start;

	sigaction(SIGTERM, &a, NULL);
	if (ipc_recv(r.conn, &start, -1, NULL) != ERR_OK || !str_eq(start.call, "start"))
		return 2;
	r.start = start.args;
	r.data = json_get(start.args, "job_data");
	r.attempt = (int)json_get_int(start.args, "attempt", 0);
	r.cancel = json_get_bool(start.args, "cancel", false);
	if (json_get_bool(r.data, "clinging", false))
		(void)prctl(PR_SET_PDEATHSIG, 0);
	show_ourselves(&r, argv);
	load_states(&r);
	garbage(&r);
	if (str_eq(json_get_str(r.start, "command"), "check_hosts"))
		check_hosts(&r);
	if (str_eq(json_get_str(r.start, "phase"), "new"))
		prepare(&r);
	if (str_eq(json_get_str(r.start, "phase"), "undo"))
		undo(&r, r.cancel ? "ABORTED" : "FAILED");
	run(&r);
	return 0;
}
