#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "world.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "crypt/seal.h"
#include "job/engine.h"
#include "job/evconn.h"
#include "store/jobs.h"

#define PATIENCE_MS 30000

static const unsigned char key_bytes[32] = "0123456789abcdef0123456789abcde";

/* ---- the engine's process ---- */

struct engine_process {
	struct event_base *base;
	struct job_engine *jobs;
};

static void on_message(void *ctx, struct evconn *c, const struct ipc_msg *m)
{
	struct engine_process *p = ctx;

	job_engine_call(p->jobs, c, m);
}

static void on_end(void *ctx, struct evconn *c, const struct err *why)
{
	struct engine_process *p = ctx;

	event_base_loopbreak(p->base);
}

static const struct evconn_ops ops = { on_message, on_end };

static int engine_process(void *ctx)
{
	struct world *w = ctx;
	CLEANUP(free_str) char *run_dir = xasprintf("%s/run", w->dir);
	struct job_engine_config config = { .runner = FAKE_RUNNER,
		                            .run_dir = run_dir,
		                            .max_jobs = w->max_jobs,
		                            .restart_delay_ms = 1,
		                            .check_limit_ms = 1500 };
	struct store_options store = { .dir = w->dir,
		                       .mode = STORE_READ_WRITE,
		                       .group = (gid_t)-1 };
	struct crypt_key *key = crypt_key_new(key_bytes);
	struct engine_process p = { .base = event_base_new() };
	struct store *s = NULL;
	struct evconn *conn;
	struct err e = { 0 };

	close(w->fds[0]);
	if (w->failpoints)
		setenv("PGTANDEM_FAILPOINTS", w->failpoints, 1);
	failpoint_init();
	unsetenv("PGTANDEM_FAILPOINTS");
	log_open("engine", getenv("TEST_VERBOSE") ? LOG_DEBUG : LOG_ERROR);
	store.key = key;
	if (store_open(&store, &s, &e) != ERR_OK ||
	    job_engine_new(p.base, s, &config, &p.jobs, &e) != ERR_OK) {
		log_err(LOG_ERROR, "engine", &e);
		return 1;
	}
	conn = evconn_new(p.base, w->fds[1], &ops, &p);
	event_base_dispatch(p.base);
	job_engine_forget(p.jobs, conn);
	evconn_free(&conn);
	job_engine_free(&p.jobs);
	store_close(&s);
	crypt_key_free(&key);
	event_base_free(p.base);
	return 0;
}

/* ---- start and end ---- */

static void open_reader(struct world *w)
{
	struct store_options o = { .dir = w->dir, .mode = STORE_READ_ONLY, .group = (gid_t)-1 };
	int64_t limit = clock_mono_ms() + PATIENCE_MS;

	while (store_open(&o, &w->store, NULL) != ERR_OK) {
		assert_true(clock_mono_ms() < limit);
		clock_sleep_ms(2);
	}
}

void world_engine_start(struct world *w, const char *failpoints)
{
	struct err e = { 0 };

	w->failpoints = failpoints;
	assert_int_equal(ipc_pair(w->fds, &e), ERR_OK);
	assert_int_equal(proc_fork(engine_process, w, false, &w->engine, &e), ERR_OK);
	close(w->fds[1]);
	w->conn = ipc_new(w->fds[0]);
}

void world_start(struct world *w)
{
	snprintf(w->dir, sizeof(w->dir), "/dev/shm/pgtandem-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	if (w->max_jobs == 0)
		w->max_jobs = 8;
	world_engine_start(w, w->failpoints);
	open_reader(w);
}

void world_engine_await_death(struct world *w)
{
	int64_t limit = clock_mono_ms() + PATIENCE_MS;
	int status;

	while ((status = proc_reap(w->engine, false)) < 0) {
		assert_true(clock_mono_ms() < limit);
		clock_sleep_ms(2);
	}
	assert_int_equal(status, 128 + SIGKILL);
	w->engine = 0;
	ipc_free(&w->conn);
}

void world_engine_kill(struct world *w)
{
	proc_kill(w->engine, SIGKILL, false);
	world_engine_await_death(w);
}

void world_end(struct world *w)
{
	const char *const argv[] = { "rm", "-rf", "--", w->dir, NULL };
	struct proc_run rm = { .argv = argv };

	ipc_free(&w->conn);
	/* the end of the connection ends it, in order */
	if (w->engine)
		assert_int_equal(proc_reap(w->engine, true), 0);
	store_close(&w->store);
	assert_int_equal(proc_run_one(&rm, NULL), ERR_OK);
	proc_run_release(&rm);
}

/* ---- calls ---- */

enum err_code world_call(struct world *w, const char *call, struct json *args, struct json **result,
                         struct err *e)
{
	struct json *who = json_object_new();

	json_set_int(who, "user_id", 0);
	json_set_str(who, "user_name", "tester");
	json_set_str(who, "ip", "192.0.2.1");
	json_set(args, "who", who);
	return ipc_call(w->conn, call, args, result, e);
}

/* ' for ", and @name for a file in the world's directory. */
static struct json *data_of(struct world *w, const char *text)
{
	struct strbuf b = STRBUF_INIT;
	struct json *j = NULL;
	struct err e = { 0 };

	for (; *text; text++) {
		if (*text == '\'')
			strbuf_addc(&b, '"');
		else if (*text == '@')
			strbuf_addf(&b, "%s/", w->dir);
		else
			strbuf_addc(&b, *text);
	}
	if (json_parse(strbuf_cstr(&b), b.len, &j, &e) != ERR_OK)
		fail_msg("%s: %s", b.data, e.text);
	strbuf_release(&b);
	return j;
}

int64_t world_job_try(struct world *w, int64_t cluster_id, const char *data, const char *dedup)
{
	struct json *args = json_object_new(), *result = NULL;
	int64_t id = 0;

	json_set_str(args, "command", "fake");
	json_set_str(args, "title", "Fake Job");
	json_set_int(args, "cluster_id", cluster_id);
	json_set(args, "job_data", data_of(w, data));
	json_set_str(args, "dedup_key", dedup);
	if (world_call(w, "job.create", args, &result, NULL) == ERR_OK)
		id = json_get_int(result, "job_id", 0);
	json_free(&result);
	return id;
}

int64_t world_job(struct world *w, int64_t cluster_id, const char *data)
{
	int64_t id = world_job_try(w, cluster_id, data, NULL);

	assert_true(id > 0);
	return id;
}

enum err_code world_kill_job(struct world *w, int64_t id, struct err *e)
{
	struct json *args = json_object_new();

	json_set_int(args, "job_id", id);
	json_set_int(args, "signal", 15);
	return world_call(w, "job.kill", args, NULL, e);
}

/* ---- looking ---- */

enum job_state world_state(struct world *w, int64_t id)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct job j;
	struct err e = { 0 };

	if (store_job_get(w->store, id, a, &j, &e) != ERR_OK)
		fail_msg("job %d: %s", (int)id, e.text);
	return j.state;
}

static void show(struct world *w, int64_t id)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct message_filter f = { .job_id = id, .with_debug = true };
	struct job_message_list list;

	if (store_message_list(w->store, &f, a, &list, NULL) != ERR_OK)
		return;
	for (size_t i = 0; i < list.count; i++)
		print_error("  %s\n", list.items[i].text);
}

void world_await(struct world *w, int64_t id, enum job_state state)
{
	int64_t limit = clock_mono_ms() + PATIENCE_MS;
	enum job_state now;

	while ((now = world_state(w, id)) != state) {
		if (job_state_final(now) || clock_mono_ms() > limit) {
			show(w, id);
			fail_msg("job %d is %s, not %s", (int)id, job_state_name(now),
			         job_state_name(state));
		}
		clock_sleep_ms(2);
	}
}

void world_await_text(struct world *w, int64_t id, const char *text)
{
	int64_t limit = clock_mono_ms() + PATIENCE_MS;

	for (;;) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct job j;

		assert_int_equal(store_job_get(w->store, id, a, &j, NULL), ERR_OK);
		if (strstr(j.status_text, text))
			return;
		if (clock_mono_ms() > limit)
			fail_msg("status text is \"%s\", not \"%s\"", j.status_text, text);
		clock_sleep_ms(2);
	}
}

static void read_trace(struct world *w, const char *name, struct strbuf *b)
{
	CLEANUP(free_str) char *path = xasprintf("%s/%s", w->dir, name);

	(void)fs_read(path, 65536, b, NULL);
}

void world_expect_trace(struct world *w, const char *name, const char *want)
{
	CLEANUP(strbuf_release) struct strbuf b = STRBUF_INIT;

	read_trace(w, name, &b);
	assert_string_equal(strbuf_cstr(&b), want);
}

void world_await_trace(struct world *w, const char *name, const char *want)
{
	int64_t limit = clock_mono_ms() + PATIENCE_MS;

	for (;;) {
		CLEANUP(strbuf_release) struct strbuf b = STRBUF_INIT;

		read_trace(w, name, &b);
		if (str_eq(strbuf_cstr(&b), want))
			return;
		if (clock_mono_ms() > limit)
			fail_msg("trace is \"%s\", not \"%s\"", strbuf_cstr(&b), want);
		clock_sleep_ms(2);
	}
}

static bool step_is(struct world *w, int64_t id, int64_t seq, enum job_step_state state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct job_step_list steps;

	assert_int_equal(store_step_list(w->store, id, a, &steps, NULL), ERR_OK);
	for (size_t i = 0; i < steps.count; i++) {
		if (steps.items[i].seq == seq)
			return steps.items[i].state == state;
	}
	return false;
}

void world_await_step(struct world *w, int64_t id, int64_t seq, enum job_step_state state)
{
	int64_t limit = clock_mono_ms() + PATIENCE_MS;

	while (!step_is(w, id, seq, state)) {
		assert_true(clock_mono_ms() < limit);
		clock_sleep_ms(2);
	}
}

void world_release(struct world *w, const char *name)
{
	CLEANUP(free_str) char *path = xasprintf("%s/%s", w->dir, name);

	assert_int_equal(fs_write_atomic(path, "", 0, 0600, NULL), ERR_OK);
}

int world_messages(struct world *w, int64_t id, const char *text)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct message_filter f = { .job_id = id, .with_debug = true };
	struct job_message_list list;
	int n = 0;

	assert_int_equal(store_message_list(w->store, &f, a, &list, NULL), ERR_OK);
	for (size_t i = 0; i < list.count; i++)
		n += strstr(list.items[i].text, text) != NULL;
	return n;
}
