/* The engine with runners that do what the test tells them (fake_runner.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "store/clusters.h"
#include "store/jobs.h"
#include "store/users.h"

#define ALL_DONE "act 1\nact 2\nact 3\n"

static void runs_a_job_to_its_end(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct world w = { 0 };
	struct job_step_list steps;
	struct job j;
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t'}");
	world_await(&w, id, JOB_FINISHED);
	world_expect_trace(&w, "t", ALL_DONE);
	assert_int_equal(store_job_get(w.store, id, a, &j, NULL), ERR_OK);
	assert_int_equal(j.exit_code, 0);
	assert_int_equal(j.attempt, 1);
	assert_string_equal(j.status_text, "Job finished.");
	assert_non_null(strstr(j.result, "42"));
	assert_true(j.started > 0 && j.ended >= j.started);
	assert_int_equal(store_step_list(w.store, id, a, &steps, NULL), ERR_OK);
	assert_int_equal(steps.count, 3);
	for (size_t i = 0; i < steps.count; i++)
		assert_int_equal(steps.items[i].state, STEP_DONE);
	assert_int_equal(world_messages(&w, id, "gathering facts"), 1);
	assert_int_equal(world_messages(&w, id, "all done"), 1);
	world_end(&w);
}

static void keeps_secrets_out_of_argv_environment_and_reach(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(strbuf_release) struct strbuf shown = STRBUF_INIT;
	CLEANUP(free_str) char *path = NULL;
	struct world w = { 0 };
	struct job j;
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'show': '@shown', 'admin_password': 'Hush-9'}");
	world_await(&w, id, JOB_FINISHED);
	path = xasprintf("%s/shown", w.dir);
	assert_int_equal(fs_read(path, 65536, &shown, NULL), ERR_OK);
	assert_non_null(strstr(shown.data, "password known"));
	assert_null(strstr(shown.data, "Hush-9"));
	assert_int_equal(store_job_get(w.store, id, a, &j, NULL), ERR_OK);
	assert_null(strstr(j.job_data, "Hush-9"));
	world_end(&w);
}

struct death {
	const char *point;
	int deaths; /* the second runner does not come there again when it has been passed */
};

static void goes_on_after_the_runner_was_killed(void **state)
{
	static const struct death rows[] = {
		{ "new", 2 },           { "reserved", 2 },     { "planned", 2 },
		{ "run", 1 },           { "step.1.begin", 2 }, { "step.2.begin", 2 },
		{ "step.2.act", 2 },    { "step.2.end", 1 },   { "step.3.act", 2 },
		{ "finish.before", 2 },
	};
	struct world w = { 0 };

	world_start(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char data[256], trace[16];
		int64_t id;

		snprintf(trace, sizeof(trace), "t%zu", i);
		snprintf(data, sizeof(data),
		         "{'trace': '@%s', 'die': '%s', 'die_times': 2, 'reserve': 'c%zu', "
		         "'host': 'h%zu'}",
		         trace, rows[i].point, i, i);
		id = world_job(&w, 0, data);
		world_await(&w, id, JOB_FINISHED);
		world_expect_trace(&w, trace, ALL_DONE);
		assert_int_equal(world_messages(&w, id, "death"), rows[i].deaths);
		/* said again by each runner that came so far */
		assert_int_equal(world_messages(&w, id, "all done"),
		                 str_eq(rows[i].point, "finish.before") ? 3 : 1);
	}
	world_end(&w);
}

static void takes_a_death_after_the_end_for_no_failure(void **state)
{
	struct world w = { 0 };
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'die': 'finish.after', 'die_times': 9}");
	world_await(&w, id, JOB_FINISHED);
	id = world_job(&w, 0, "{'trace': '@t'}");
	world_await(&w, id, JOB_FINISHED);
	world_end(&w);
}

static void undoes_a_job_that_dies_in_the_same_step_again_and_again(void **state)
{
	struct world w = { 0 };
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'die': 'step.2.act', 'die_times': 99}");
	world_await(&w, id, JOB_FAILED);
	world_expect_trace(&w, "t", "act 1\nact 2\nundo 2\nundo 1\n");
	assert_int_equal(world_messages(&w, id, "3 times in the same step"), 1);
	world_end(&w);
}

static void fails_when_there_is_nothing_to_undo(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct world w = { 0 };
	struct job j;
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'die': 'new', 'die_times': 99}");
	world_await(&w, id, JOB_FAILED);
	assert_int_equal(store_job_get(w.store, id, a, &j, NULL), ERR_OK);
	assert_int_equal(j.exit_code, 1);
	assert_int_equal(j.attempt, 3);
	assert_non_null(strstr(j.status_text, "signal 9"));
	world_expect_trace(&w, "t", "");
	world_end(&w);
}

static void fails_when_undoing_dies_too(void **state)
{
	struct world w = { 0 };
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'fail': 3, 'die': 'step.2.undo', 'die_times': 99}");
	world_await(&w, id, JOB_FAILED);
	world_expect_trace(&w, "t", ALL_DONE "undo 3\n");
	assert_int_equal(world_messages(&w, id, "undoing stopped there"), 1);
	world_end(&w);
}

static void does_not_take_garbage(void **state)
{
	struct world w = { 0 };
	int64_t once, always;

	world_start(&w);
	once = world_job(&w, 0,
	                 "{'trace': '@t', 'garbage': 'Segmentation fault', "
	                 "'garbage_times': 1}");
	always = world_job(&w, 0,
	                   "{'trace': '@u', 'garbage': 'warning: x', "
	                   "'garbage_times': 99}");
	world_await(&w, once, JOB_FINISHED);
	world_expect_trace(&w, "t", ALL_DONE);
	world_await(&w, always, JOB_FAILED);
	world_end(&w);
}

/* ---- cancelling ---- */

static void aborts_a_running_job_by_undoing_it(void **state)
{
	struct world w = { 0 };
	struct err e = { 0 };
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'hold': '@go'}");
	world_await_step(&w, id, 2, STEP_RUNNING);
	assert_int_equal(world_kill_job(&w, id, &e), ERR_OK);
	world_await(&w, id, JOB_ABORTED);
	world_expect_trace(&w, "t", "act 1\nundo 2\nundo 1\n");
	assert_int_equal(world_messages(&w, id, "Abort was asked for by tester."), 1);
	assert_int_equal(world_kill_job(&w, id, &e), ERR_INVALID);
	assert_int_equal(world_kill_job(&w, 999, &e), ERR_NOT_FOUND);
	world_end(&w);
}

static void aborts_also_when_the_engine_dies_meanwhile(void **state)
{
	struct world w = { 0 };
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'hold': '@go'}");
	world_await_step(&w, id, 2, STEP_RUNNING);
	world_engine_kill(&w);
	world_engine_start(&w, "api.job.kill.after=kill");
	assert_int_equal(world_kill_job(&w, id, NULL), ERR_IO);
	world_engine_await_death(&w);
	world_engine_start(&w, NULL);
	world_await(&w, id, JOB_ABORTED);
	world_expect_trace(&w, "t", "act 1\nundo 2\nundo 1\n");
	world_end(&w);
}

/* ---- queue ---- */

static void runs_jobs_of_one_cluster_one_after_the_other(void **state)
{
	struct world w = { 0 };
	struct err e = { 0 };
	int64_t first, second, third, other;

	world_start(&w);
	first = world_job(&w, 7, "{'trace': '@t', 'hold': '@go'}");
	world_await(&w, first, JOB_RUNNING);
	second = world_job(&w, 7, "{'trace': '@u', 'hold': '@go2'}");
	third = world_job(&w, 7, "{'trace': '@v'}");
	other = world_job(&w, 8, "{'trace': '@o'}");
	world_await(&w, other, JOB_FINISHED);
	world_await_text(&w, second, "Waiting for job 1,");
	assert_int_equal(world_state(&w, second), JOB_DEFINED);
	assert_int_equal(world_kill_job(&w, third, &e), ERR_OK);
	assert_int_equal(world_state(&w, third), JOB_ABORTED);
	world_expect_trace(&w, "u", "");
	world_release(&w, "go");
	world_await(&w, first, JOB_FINISHED);
	world_await_trace(&w, "u", "act 1\n");
	world_release(&w, "go2");
	world_await(&w, second, JOB_FINISHED);
	world_expect_trace(&w, "v", "");
	world_end(&w);
}

static void shares_the_remote_cluster_of_replicas(void **state)
{
	struct world w = { 0 };
	int64_t one, two, master;

	world_start(&w);
	one = world_job(&w, 0, "{'trace': '@t', 'remote_cluster_id': 5, 'hold': '@go'}");
	two = world_job(&w, 0, "{'trace': '@u', 'remote_cluster_id': 5, 'hold': '@go'}");
	world_await_trace(&w, "t", "act 1\n");
	world_await_trace(&w, "u", "act 1\n");
	master = world_job(&w, 5, "{'trace': '@v'}");
	world_await_text(&w, master, "Waiting for job");
	world_release(&w, "go");
	world_await(&w, one, JOB_FINISHED);
	world_await(&w, two, JOB_FINISHED);
	world_await(&w, master, JOB_FINISHED);
	world_end(&w);
}

static void does_not_let_others_overtake_a_waiting_job(void **state)
{
	struct world w = { 0 };
	int64_t replica, exclusive, late;

	world_start(&w);
	replica = world_job(&w, 0, "{'trace': '@t', 'remote_cluster_id': 5, 'hold': '@go'}");
	world_await_trace(&w, "t", "act 1\n");
	exclusive = world_job(&w, 5, "{'trace': '@u', 'hold': '@go2'}");
	late = world_job(&w, 0, "{'trace': '@v', 'remote_cluster_id': 5}");
	world_await_text(&w, late, "Waiting for job 2,");
	world_release(&w, "go");
	world_await(&w, replica, JOB_FINISHED);
	world_await_trace(&w, "u", "act 1\n");
	world_expect_trace(&w, "v", "");
	world_release(&w, "go2");
	world_await(&w, exclusive, JOB_FINISHED);
	world_await(&w, late, JOB_FINISHED);
	world_end(&w);
}

static void runs_no_more_jobs_than_permitted(void **state)
{
	struct world w = { .max_jobs = 2 };
	int64_t ids[4];

	world_start(&w);
	for (int i = 0; i < 4; i++)
		ids[i] = world_job(&w, 0, "{'trace': '@t', 'hold': '@go'}");
	world_await(&w, ids[1], JOB_RUNNING);
	clock_sleep_ms(50);
	assert_int_equal(world_state(&w, ids[0]), JOB_RUNNING);
	assert_int_equal(world_state(&w, ids[2]), JOB_DEFINED);
	assert_int_equal(world_state(&w, ids[3]), JOB_DEFINED);
	world_release(&w, "go");
	for (int i = 0; i < 4; i++)
		world_await(&w, ids[i], JOB_FINISHED);
	world_end(&w);
}

static void refuses_a_name_that_another_job_has_reserved(void **state)
{
	struct world w = { 0 };
	int64_t first, second;

	world_start(&w);
	first = world_job(&w, 0, "{'trace': '@t', 'hold': '@go', 'reserve': 'dr', 'host': 'a'}");
	world_await_trace(&w, "t", "act 1\n");
	second = world_job(&w, 0, "{'trace': '@u', 'reserve': 'dr', 'host': 'b'}");
	world_await(&w, second, JOB_FAILED); /* the fake dies of the refusal */
	world_expect_trace(&w, "u", "");
	world_release(&w, "go");
	world_await(&w, first, JOB_FINISHED);
	world_end(&w);
}

/* ---- the engine dies ---- */

static void goes_on_after_the_engine_was_killed(void **state)
{
	struct world w = { 0 };
	int64_t running, waiting;

	world_start(&w);
	running = world_job(&w, 3, "{'trace': '@t', 'hold': '@go'}");
	world_await_trace(&w, "t", "act 1\n");
	waiting = world_job(&w, 3, "{'trace': '@u'}");
	world_engine_kill(&w);
	assert_int_equal(world_state(&w, running), JOB_RUNNING);
	world_release(&w, "go");
	world_engine_start(&w, NULL);
	world_await(&w, running, JOB_FINISHED);
	world_await(&w, waiting, JOB_FINISHED);
	world_expect_trace(&w, "t", ALL_DONE);
	world_expect_trace(&w, "u", ALL_DONE);
	world_end(&w);
}

static void does_nothing_twice_whenever_the_engine_dies(void **state)
{
	static const char *const points[] = {
		"api.job.create.before", "api.job.create.after",  "job.start.before",
		"job.start.after",       "job.reserve.before",    "job.reserve.after",
		"job.plan.before",       "job.plan.after",        "job.phase.before",
		"job.phase.after",       "job.step.begin.before", "job.step.begin.after",
		"job.step.end.before",   "job.step.end.after",    "job.finish.before",
		"job.finish.after",
	};

	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(free_str) char *failpoint = xasprintf("%s=kill", points[i]);
		const char *data = "{'trace': '@t', 'reserve': 'dr', 'host': 'a'}";
		struct world w = { .failpoints = failpoint };
		struct job_filter all = { 0 };
		struct job_list jobs;
		int64_t id;

		world_start(&w);
		(void)world_job_try(&w, 0, data, "request 1");
		world_engine_await_death(&w);
		world_engine_start(&w, NULL);
		id = world_job_try(&w, 0, data, "request 1");
		assert_int_equal(id, 1);
		world_await(&w, id, JOB_FINISHED);
		world_expect_trace(&w, "t", ALL_DONE);
		assert_int_equal(world_messages(&w, id, "all done"), 1);
		assert_int_equal(store_job_list(w.store, &all, a, &jobs, NULL), ERR_OK);
		assert_int_equal(jobs.total, 1);
		world_end(&w);
	}
}

static void comes_to_an_end_also_when_the_engine_dies_at_giving_up(void **state)
{
	static const char *const points[] = { "job.fail.before=kill", "job.fail.after=kill" };

	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		struct world w = { .failpoints = points[i] };
		int64_t id;

		world_start(&w);
		id = world_job(&w, 0, "{'trace': '@t', 'die': 'new', 'die_times': 99}");
		world_engine_await_death(&w);
		world_engine_start(&w, NULL);
		if (i == 0)
			world_await(&w, id, JOB_FAILED);
		assert_int_equal(world_state(&w, id), JOB_FAILED);
		world_expect_trace(&w, "t", "");
		world_end(&w);
	}
}

static void ends_runners_that_an_earlier_engine_left(void **state)
{
	struct world w = { 0 };
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'hold': '@go', 'clinging': true}");
	world_await_trace(&w, "t", "act 1\n");
	world_engine_kill(&w);
	world_release(&w, "go");
	world_engine_start(&w, NULL);
	world_await(&w, id, JOB_FINISHED);
	world_expect_trace(&w, "t", ALL_DONE);
	world_end(&w);
}

static void stops_in_order_and_goes_on_later(void **state)
{
	struct world w = { 0 };
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'hold': '@go'}");
	world_await_trace(&w, "t", "act 1\n");
	ipc_free(&w.conn);
	assert_int_equal(proc_reap(w.engine, true), 0);
	assert_int_equal(world_state(&w, id), JOB_RUNNING);
	world_release(&w, "go");
	world_engine_start(&w, NULL);
	world_await(&w, id, JOB_FINISHED);
	world_expect_trace(&w, "t", ALL_DONE);
	world_end(&w);
}

/* ---- other calls ---- */

static struct json *parse(const char *text)
{
	struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), ERR_OK);
	return j;
}

static void checks_hosts_without_a_job(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct world w = { 0 };
	struct json *result = NULL;
	struct job_filter all = { 0 };
	struct job_list jobs;
	struct err e = { 0 };

	world_start(&w);
	assert_int_equal(
	        world_call(&w, "hosts.check", parse("{\"nodes\": [\"a\", \"b\"]}"), &result, &e),
	        ERR_OK);
	assert_int_equal(json_len(json_get(result, "checked_hosts")), 2);
	json_free(&result);
	assert_int_equal(world_call(&w, "hosts.check", parse("{}"), NULL, &e), ERR_INVALID);
	assert_int_equal(world_call(&w, "hosts.check",
	                            parse("{\"nodes\": [1], \"job_data\": {\"hang\": true}}"), NULL,
	                            &e),
	                 ERR_TIMEOUT);
	assert_int_equal(store_job_list(w.store, &all, a, &jobs, NULL), ERR_OK);
	assert_int_equal(jobs.total, 0);
	world_end(&w);
}

static void deletes_only_jobs_that_do_not_run(void **state)
{
	struct world w = { 0 };
	struct err e = { 0 };
	struct json *args;
	int64_t id;

	world_start(&w);
	id = world_job(&w, 0, "{'trace': '@t', 'hold': '@go'}");
	world_await(&w, id, JOB_RUNNING);
	args = parse("{\"job_id\": 1}");
	assert_int_equal(world_call(&w, "job.delete", args, NULL, &e), ERR_REFUSED);
	world_release(&w, "go");
	world_await(&w, id, JOB_FINISHED);
	assert_int_equal(world_call(&w, "job.delete", parse("{\"job_id\": 1}"), NULL, &e), ERR_OK);
	assert_int_equal(world_call(&w, "job.delete", parse("{\"job_id\": 1}"), NULL, &e),
	                 ERR_NOT_FOUND);
	world_end(&w);
}

static void refuses_calls_that_make_no_sense(void **state)
{
	static const char *const rows[][2] = {
		{ "job.create", "{}" },
		{ "job.create", "{\"command\": 7}" },
		{ "job.create", "{\"command\": \"x\", \"job_data\": []}" },
		{ "job.create", "{\"command\": \"x\", \"tags\": [3]}" },
		{ "job.kill", "{}" },
		{ "user.create", "{}" },
		{ "user.create", "{\"user\": {\"user_name\": \"../x\"}}" },
		{ "user.create", "{\"user\": {\"user_name\": \"x\", \"groups\": [\"a b\"]}}" },
		{ "user.create", "{\"user\": {\"user_name\": \"x\", \"public_keys\": "
		                 "[{\"key\": \"no key\"}]}}" },
		{ "user.seen", "{\"user_id\": 99, \"ok\": true}" },
		{ "user.password", "{\"user_id\": 99, \"password\": \"x\"}" },
		{ "make.coffee", "{}" },
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct world w = { 0 };
	struct user_list users;

	world_start(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = { 0 };

		assert_int_not_equal(world_call(&w, rows[i][0], parse(rows[i][1]), NULL, &e),
		                     ERR_OK);
		assert_true(e.text[0] != '\0');
		assert_int_not_equal(e.code, ERR_IO);
	}
	assert_int_equal(store_user_list(w.store, a, &users, NULL), ERR_OK);
	assert_int_equal(users.count, 0);
	world_end(&w);
}

static void makes_users_and_remembers_who_did_what(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct world w = { 0 };
	struct json *result = NULL;
	struct audit_list audit;
	struct err e = { 0 };
	struct user u;

	world_start(&w);
	assert_int_equal(world_call(&w, "user.create",
	                            parse("{\"user\": {\"user_name\": \"dba\", \"groups\": "
	                                  "[\"admins\"]}, \"password\": \"p w\"}"),
	                            &result, &e),
	                 ERR_OK);
	assert_int_equal(json_get_int(result, "user_id", 0), 1);
	json_free(&result);
	assert_int_equal(world_call(&w, "user.create",
	                            parse("{\"user\": {\"user_name\": \"dba\"}}"), NULL, &e),
	                 ERR_CONFLICT);
	assert_int_equal(world_call(&w, "user.seen",
	                            parse("{\"user_id\": 1, \"ok\": false, \"ip\": \"::1\"}"), NULL,
	                            &e),
	                 ERR_OK);
	assert_int_equal(store_user_get(w.store, 1, NULL, a, &u, &e), ERR_OK);
	assert_true(user_is_admin(&u));
	assert_int_equal(u.n_failed_logins, 1);
	assert_int_equal(world_call(&w, "user.password",
	                            parse("{\"user_id\": 1, \"password\": \"other\"}"), NULL, &e),
	                 ERR_OK);
	assert_int_equal(store_audit_list(w.store, 0, 0, a, &audit, &e), ERR_OK);
	assert_int_equal(audit.count, 3);
	assert_string_equal(audit.items[2].action, "user.create");
	assert_string_equal(audit.items[2].user_name, "tester");
	assert_string_equal(audit.items[2].ip, "192.0.2.1");
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_a_job_to_its_end),
		cmocka_unit_test(keeps_secrets_out_of_argv_environment_and_reach),
		cmocka_unit_test(goes_on_after_the_runner_was_killed),
		cmocka_unit_test(takes_a_death_after_the_end_for_no_failure),
		cmocka_unit_test(undoes_a_job_that_dies_in_the_same_step_again_and_again),
		cmocka_unit_test(fails_when_there_is_nothing_to_undo),
		cmocka_unit_test(fails_when_undoing_dies_too),
		cmocka_unit_test(does_not_take_garbage),
		cmocka_unit_test(aborts_a_running_job_by_undoing_it),
		cmocka_unit_test(aborts_also_when_the_engine_dies_meanwhile),
		cmocka_unit_test(runs_jobs_of_one_cluster_one_after_the_other),
		cmocka_unit_test(shares_the_remote_cluster_of_replicas),
		cmocka_unit_test(does_not_let_others_overtake_a_waiting_job),
		cmocka_unit_test(runs_no_more_jobs_than_permitted),
		cmocka_unit_test(refuses_a_name_that_another_job_has_reserved),
		cmocka_unit_test(goes_on_after_the_engine_was_killed),
		cmocka_unit_test(does_nothing_twice_whenever_the_engine_dies),
		cmocka_unit_test(comes_to_an_end_also_when_the_engine_dies_at_giving_up),
		cmocka_unit_test(ends_runners_that_an_earlier_engine_left),
		cmocka_unit_test(stops_in_order_and_goes_on_later),
		cmocka_unit_test(checks_hosts_without_a_job),
		cmocka_unit_test(deletes_only_jobs_that_do_not_run),
		cmocka_unit_test(refuses_calls_that_make_no_sense),
		cmocka_unit_test(makes_users_and_remembers_who_did_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
