#include "harness.h"

static const char *const tags[] = { "c2c", "stage" };

static int64_t make(struct harness *h, int64_t cluster_id, size_t n_tags)
{
	struct job j = { .command = "stage",
		         .title = "Stage",
		         .cluster_id = cluster_id,
		         .user_id = 4,
		         .user_name = "dba",
		         .group_id = 1,
		         .group_name = "admins",
		         .ip_address = "10.0.0.9",
		         .tags = (const char **)tags,
		         .n_tags = n_tags };
	int64_t id = 0;

	assert_ok(h, store_job_create(h->s, &j, NULL, &id, &h->e));
	return id;
}

static void gives_back_what_it_got(void **state)
{
	struct harness *h = *state;
	int64_t id = make(h, 22, 2);
	struct job j;

	assert_int_equal(id, 1);
	assert_ok(h, store_job_get(h->s, id, h->a, &j, &h->e));
	assert_string_equal(j.command, "stage");
	assert_string_equal(j.title, "Stage");
	assert_int_equal(j.cluster_id, 22);
	assert_int_equal(j.state, JOB_DEFINED);
	assert_string_equal(j.status_text, "Pending");
	assert_string_equal(j.user_name, "dba");
	assert_string_equal(j.ip_address, "10.0.0.9");
	assert_true(j.created > 0);
	assert_int_equal(j.started | j.ended | j.exit_code | j.attempt, 0);
	assert_int_equal(j.progress.eta_s, -1);
	assert_int_equal(j.n_tags, 2);
	assert_string_equal(j.tags[0], "c2c");
	assert_string_equal(j.tags[1], "stage");
	assert_int_equal(store_job_get(h->s, 99, h->a, &j, &h->e), ERR_NOT_FOUND);
	assert_string_equal(h->e.text, "Job 99 is not found.");
}

static bool on_disk(const struct harness *h, const char *file, const char *text)
{
	CLEANUP(free_str) char *path = xasprintf("%s/%s", h->dir, file);
	FILE *f = fopen(path, "r");
	char *data = xcalloc(1, 1 << 22);
	size_t n;
	bool found;

	assert_non_null(f);
	n = fread(data, 1, (1 << 22) - 1, f);
	found = memmem(data, n, text, strlen(text)) != NULL;
	fclose(f);
	free(data);
	return found;
}

static void secrets_are_masked_and_sealed(void **state)
{
	struct harness *h = *state;
	CLEANUP(json_free)
	struct json *data = harness_json(
	        "{\"ssh_user\":\"opsuser\",\"ssh_password\":\"hunter2\",\"nodes\":[{\"hostname\":"
	        "\"a\",\"db_password\":\"tr0ub4dor\"}]}");
	CLEANUP(json_free) struct json *clear = NULL;
	struct job in = { .command = "create_cluster" }, out;
	int64_t id;

	assert_ok(h, store_job_create(h->s, &in, data, &id, &h->e));
	assert_ok(h, store_job_get(h->s, id, h->a, &out, &h->e));
	assert_string_equal(out.job_data,
	                    "{\"nodes\":[{\"db_password\":\"xxxxxxxxx\",\"hostname\":\"a\"}],"
	                    "\"ssh_password\":\"xxxxxxxxx\",\"ssh_user\":\"opsuser\"}");
	assert_ok(h, store_job_data(h->s, id, &clear, &h->e));
	assert_true(json_equal(clear, data));
	assert_true(on_disk(h, "pgtandem.db-wal", "opsuser"));
	assert_false(on_disk(h, "pgtandem.db-wal", "hunter2"));
	assert_false(on_disk(h, "pgtandem.db-wal", "tr0ub4dor"));
}

static void the_same_request_makes_one_job(void **state)
{
	struct harness *h = *state;
	struct job j = { .command = "x", .dedup_key = "session/7" };
	int64_t first = 0, second = 0;

	assert_ok(h, store_job_create(h->s, &j, NULL, &first, &h->e));
	assert_int_equal(store_job_create(h->s, &j, NULL, &second, &h->e), ERR_CONFLICT);
	assert_int_equal(second, first);
	j.dedup_key = "";
	assert_ok(h, store_job_create(h->s, &j, NULL, &second, &h->e));
	assert_ok(h, store_job_create(h->s, &j, NULL, &second, &h->e));
	assert_int_equal(second, first + 2);
}

static void states_follow_the_table(void **state)
{
	struct harness *h = *state;
	int64_t id = make(h, 0, 0), started;
	struct job j;

	assert_int_equal(store_job_set_state(h->s, id, JOB_RUNNING, NULL, 0, &h->e), ERR_REFUSED);
	assert_int_equal(store_job_set_state(h->s, id, JOB_FINISHED, NULL, 0, &h->e), ERR_REFUSED);
	assert_ok(h, store_job_set_state(h->s, id, JOB_DEQUEUED, NULL, 0, &h->e));
	assert_int_equal(store_job_delete(h->s, id, &h->e), ERR_REFUSED);
	assert_ok(h, store_job_set_state(h->s, id, JOB_RUNNING, NULL, 0, &h->e));
	assert_int_equal(store_job_delete(h->s, id, &h->e), ERR_REFUSED);
	assert_ok(h, store_job_get(h->s, id, h->a, &j, &h->e));
	started = j.started;
	assert_true(started > 0 && j.ended == 0);
	usleep(2000);
	assert_ok(h, store_job_set_state(h->s, id, JOB_DEQUEUED, "again", 0, &h->e));
	assert_ok(h, store_job_set_state(h->s, id, JOB_RUNNING, NULL, 0, &h->e));
	assert_ok(h, store_job_set_state(h->s, id, JOB_FAILED, "no disk", 1, &h->e));
	assert_ok(h, store_job_get(h->s, id, h->a, &j, &h->e));
	assert_int_equal(j.started, started);
	assert_true(j.ended > 0);
	assert_string_equal(j.status_text, "no disk");
	assert_int_equal(j.exit_code, 1);
	assert_int_equal(store_job_set_state(h->s, id, JOB_RUNNING, NULL, 0, &h->e), ERR_REFUSED);
	assert_int_equal(store_job_set_state(h->s, 99, JOB_RUNNING, NULL, 0, &h->e), ERR_NOT_FOUND);
}

static void keeps_progress_phase_attempt_cancel_result(void **state)
{
	struct harness *h = *state;
	struct job_progress p = { true, 42.5, "copying", 10, 20, 5, 2 };
	CLEANUP(json_free) struct json *result = harness_json("{\"password\":\"p\",\"n\":1}");
	int64_t id = make(h, 0, 0);
	int attempt = 0;
	struct job j;

	assert_ok(h, store_job_set_progress(h->s, id, &p, &h->e));
	assert_ok(h, store_job_set_phase(h->s, id, JOB_PHASE_UNDO, &h->e));
	assert_ok(h, store_job_set_cancel(h->s, id, &h->e));
	assert_ok(h, store_job_set_cluster(h->s, id, 7, &h->e));
	assert_ok(h, store_job_set_result(h->s, id, result, &h->e));
	assert_ok(h, store_job_add_attempt(h->s, id, &attempt, &h->e));
	assert_ok(h, store_job_add_attempt(h->s, id, &attempt, &h->e));
	assert_ok(h, store_job_get(h->s, id, h->a, &j, &h->e));
	assert_true(j.progress.known && j.progress.percent == 42.5);
	assert_string_equal(j.progress.text, "copying");
	assert_int_equal(j.progress.rate, 5);
	assert_int_equal(j.phase, JOB_PHASE_UNDO);
	assert_true(j.cancel);
	assert_int_equal(j.cluster_id, 7);
	assert_int_equal(j.attempt, 2);
	assert_int_equal(attempt, 2);
	assert_string_equal(j.result, "{\"n\":1,\"password\":\"xxxxxxxxx\"}");
	assert_int_equal(store_job_set_phase(h->s, 99, JOB_PHASE_RUN, &h->e), ERR_NOT_FOUND);
	assert_int_equal(store_job_set_progress(h->s, 99, &p, &h->e), ERR_NOT_FOUND);
}

static void lists_by_filter_newest_first(void **state)
{
	struct harness *h = *state;
	static const char *const none[] = { "nothing" };
	int64_t counts[JOB_STATES];
	struct job_list l;

	make(h, 1, 0);
	make(h, 2, 1);
	make(h, 1, 2);
	make(h, 0, 0);
	assert_ok(h, store_job_set_state(h->s, 4, JOB_ABORTED, NULL, 0, &h->e));
	struct {
		struct job_filter f;
		int64_t total;
		size_t count;
		int64_t first;
	} cases[] = {
		{ { 0 }, 4, 4, 4 },
		{ { .limit = -1, .offset = -1 }, 4, 4, 4 },
		{ { .limit = 2 }, 4, 2, 4 },
		{ { .limit = 2, .offset = 3 }, 4, 1, 1 },
		{ { .offset = 9 }, 4, 0, 0 },
		{ { .oldest_first = true }, 4, 4, 1 },
		{ { .cluster_id = 1 }, 2, 2, 3 },
		{ { .cluster_id = -1 }, 1, 1, 4 },
		{ { .states = 1u << JOB_ABORTED }, 1, 1, 4 },
		{ { .states = 1u << JOB_DEFINED | 1u << JOB_RUNNING }, 3, 3, 3 },
		{ { .tags = tags, .n_tags = 1 }, 2, 2, 3 },
		{ { .tags = tags + 1, .n_tags = 1 }, 1, 1, 3 },
		{ { .tags = none, .n_tags = 1 }, 0, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_ok(h, store_job_list(h->s, &cases[i].f, h->a, &l, &h->e));
		assert_int_equal(l.total, cases[i].total);
		assert_int_equal(l.count, cases[i].count);
		assert_int_equal(l.count > 0 ? l.items[0].id : 0, cases[i].first);
	}
	assert_ok(h, store_job_counts(h->s, 0, counts, &h->e));
	assert_int_equal(counts[JOB_DEFINED], 3);
	assert_int_equal(counts[JOB_ABORTED], 1);
	assert_ok(h, store_job_counts(h->s, 1, counts, &h->e));
	assert_int_equal(counts[JOB_DEFINED], 2);
}

static void say(struct harness *h, int64_t job, enum job_level level, const char *text)
{
	struct job_message m = { .job_id = job,
		                 .level = level,
		                 .text = text,
		                 .file = "f.c",
		                 .line = 3,
		                 .fields = "{\"host\":\"a\"}" };

	assert_ok(h, store_message_append(h->s, &m, NULL, &h->e));
}

static const char *texts(struct harness *h, const struct message_filter *f, int64_t *total)
{
	struct job_message_list l;
	CLEANUP(strbuf_release) struct strbuf b = STRBUF_INIT;

	assert_ok(h, store_message_list(h->s, f, h->a, &l, &h->e));
	*total = l.total;
	for (size_t i = 0; i < l.count; i++)
		strbuf_adds(&b, l.items[i].text);
	return arena_strdup(h->a, strbuf_cstr(&b));
}

static void messages_come_in_order_and_debug_only_when_asked(void **state)
{
	struct harness *h = *state;
	int64_t job = make(h, 0, 0), other = make(h, 0, 0), total;

	say(h, job, JOB_MESSAGE, "a");
	say(h, job, JOB_DEBUG, "b");
	say(h, other, JOB_MESSAGE, "X");
	say(h, job, JOB_WARNING, "c");
	say(h, job, JOB_DEBUG, "d");
	say(h, job, JOB_FAILURE, "e");
	struct {
		struct message_filter f;
		const char *want;
		int64_t total;
	} cases[] = {
		{ { job }, "ace", 3 },
		{ { job, .with_debug = true }, "abcde", 5 },
		{ { job, .offset = 1 }, "ce", 3 },
		{ { job, .offset = 1, .limit = 1 }, "c", 3 },
		{ { job, .offset = 3 }, "", 3 },
		{ { job, .offset = 30 }, "", 3 },
		{ { job, .offset = -1, .limit = -1 }, "ace", 3 },
		{ { job, .offset = 3, .with_debug = true }, "de", 5 },
		{ { job, .newest_first = true }, "eca", 3 },
		{ { job, .newest_first = true, .limit = 1, .offset = 1 }, "c", 3 },
		{ { job, .newest_first = true, .limit = 2, .with_debug = true }, "ed", 5 },
		{ { other }, "X", 1 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(texts(h, &cases[i].f, &total), cases[i].want);
		assert_int_equal(total, cases[i].total);
	}
	struct job_message_list l;

	assert_ok(h, store_message_list(h->s, &(struct message_filter){ job }, h->a, &l, &h->e));
	assert_int_equal(l.items[2].level, JOB_FAILURE);
	assert_int_equal(l.items[2].id, 6);
	assert_string_equal(l.items[2].fields, "{\"host\":\"a\"}");
	assert_string_equal(l.items[2].file, "f.c");
	assert_int_equal(store_message_list(h->s, &(struct message_filter){ 99 }, h->a, &l, &h->e),
	                 ERR_NOT_FOUND);
}

static void long_texts_are_cut_between_characters(void **state)
{
	struct harness *h = *state;
	int64_t job = make(h, 0, 0), total;
	char text[JOB_MESSAGE_TEXT_MAX + 10];
	const char *got;

	memset(text, 'x', sizeof(text));
	memcpy(text + JOB_MESSAGE_TEXT_MAX - 1, "\xe2\x82\xac", 3);
	text[sizeof(text) - 1] = '\0';
	say(h, job, JOB_MESSAGE, text);
	got = texts(h, &(struct message_filter){ job }, &total);
	assert_int_equal(strlen(got), JOB_MESSAGE_TEXT_MAX - 1);
}

static void a_full_log_says_so_once(void **state)
{
	struct harness *h = *state;
	struct job_message m = { .job_id = make(h, 0, 0), .text = "x" };
	struct message_filter last = { m.job_id, .offset = JOB_MESSAGES_MAX - 2 };
	struct job_message_list l;

	harness_sql(h, "UPDATE job_logs SET messages = 199998, visible = 199998");
	assert_ok(h, store_message_append(h->s, &m, NULL, &h->e));
	assert_ok(h, store_message_append(h->s, &m, NULL, &h->e));
	assert_int_equal(store_message_append(h->s, &m, NULL, &h->e), ERR_LIMIT);
	assert_ok(h, store_message_list(h->s, &last, h->a, &l, &h->e));
	assert_int_equal(l.total, JOB_MESSAGES_MAX);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.items[0].text, "x");
	assert_non_null(strstr(l.items[1].text, "full"));
}

static void plans_keep_their_steps_and_states(void **state)
{
	struct harness *h = *state;
	int64_t job = make(h, 0, 0);
	CLEANUP(json_free) struct json *context = harness_json("{\"repl_password\":\"geheim\"}");
	CLEANUP(json_free)
	struct json *steps = harness_json(
	        "[{\"seq\":1,\"name\":\"install\",\"title\":\"Install\",\"host\":\"a\",\"args\":{"
	        "\"p\":\"geheim\"}},{\"seq\":2,\"name\":\"copy\",\"state\":\"pending\"}]");
	CLEANUP(json_free) struct json *plan = NULL;
	struct job_step_list l;
	const struct json *step;

	assert_ok(h, store_plan_get(h->s, job, &plan, &h->e));
	assert_null(plan);
	assert_ok(h, store_plan_put(h->s, job, context, steps, &h->e));
	assert_ok(h, store_step_set_state(h->s, job, 1, STEP_RUNNING, NULL, &h->e));
	assert_ok(h, store_step_set_state(h->s, job, 1, STEP_RUNNING, NULL, &h->e));
	assert_ok(h, store_step_set_state(h->s, job, 1, STEP_DONE, "well", &h->e));
	assert_int_equal(store_step_set_state(h->s, job, 3, STEP_DONE, NULL, &h->e), ERR_NOT_FOUND);
	assert_ok(h, store_plan_get(h->s, job, &plan, &h->e));
	assert_true(json_equal(json_get(plan, "context"), context));
	step = json_at(json_get(plan, "steps"), 0);
	assert_string_equal(json_get_str(step, "state"), "done");
	assert_string_equal(json_get_str(step, "note"), "well");
	assert_int_equal(json_get_int(step, "tries", 0), 2);
	assert_string_equal(json_get_str(json_get(step, "args"), "p"), "geheim");
	assert_ok(h, store_step_list(h->s, job, h->a, &l, &h->e));
	assert_int_equal(l.count, 2);
	assert_int_equal(l.items[0].state, STEP_DONE);
	assert_string_equal(l.items[0].host, "a");
	assert_true(l.items[0].started > 0 && l.items[0].ended >= l.items[0].started);
	assert_int_equal(l.items[1].state, STEP_PENDING);
	assert_false(on_disk(h, "pgtandem.db-wal", "geheim"));
}

static void a_new_plan_replaces_the_old_one_or_nothing_changes(void **state)
{
	struct harness *h = *state;
	int64_t job = make(h, 0, 0);
	CLEANUP(json_free) struct json *one = harness_json("[{\"seq\":1,\"name\":\"a\"}]");
	CLEANUP(json_free) struct json *two = harness_json("[{\"seq\":5,\"name\":\"b\"}]");
	CLEANUP(json_free)
	struct json *bad = harness_json("[{\"seq\":6,\"name\":\"c\"},{\"seq\":7}]");
	struct job_step_list l;

	assert_ok(h, store_plan_put(h->s, job, NULL, one, &h->e));
	assert_ok(h, store_plan_put(h->s, job, NULL, two, &h->e));
	assert_int_equal(store_plan_put(h->s, job, NULL, bad, &h->e), ERR_INVALID);
	assert_int_equal(store_plan_put(h->s, 99, NULL, one, &h->e), ERR_NOT_FOUND);
	assert_ok(h, store_step_list(h->s, job, h->a, &l, &h->e));
	assert_int_equal(l.count, 1);
	assert_string_equal(l.items[0].name, "b");
}

static void deleting_takes_all_that_belongs_to_a_job(void **state)
{
	struct harness *h = *state;
	int64_t job = make(h, 0, 2);
	CLEANUP(json_free) struct json *steps = harness_json("[{\"seq\":1,\"name\":\"a\"}]");
	struct job_message_list l;
	struct job_step_list steps_left;

	say(h, job, JOB_MESSAGE, "a");
	assert_ok(h, store_plan_put(h->s, job, NULL, steps, &h->e));
	assert_ok(h, store_job_delete(h->s, job, &h->e));
	assert_int_equal(store_message_list(h->s, &(struct message_filter){ job }, h->a, &l, &h->e),
	                 ERR_NOT_FOUND);
	assert_ok(h, store_step_list(h->s, job, h->a, &steps_left, &h->e));
	assert_int_equal(steps_left.count, 0);
	assert_int_equal(make(h, 0, 0), job + 1); /* numbers are not used again */
}

static void refuses_jobs_that_are_none(void **state)
{
	struct harness *h = *state;
	char title[JOB_TITLE_MAX + 2];
	struct job j = { .command = "" };
	int64_t id;

	assert_int_equal(store_job_create(h->s, &j, NULL, &id, &h->e), ERR_INVALID);
	memset(title, 't', sizeof(title));
	title[sizeof(title) - 1] = '\0';
	j.command = "x";
	j.title = title;
	assert_int_equal(store_job_create(h->s, &j, NULL, &id, &h->e), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(gives_back_what_it_got),
		WITH_STORE(secrets_are_masked_and_sealed),
		WITH_STORE(the_same_request_makes_one_job),
		WITH_STORE(states_follow_the_table),
		WITH_STORE(keeps_progress_phase_attempt_cancel_result),
		WITH_STORE(lists_by_filter_newest_first),
		WITH_STORE(messages_come_in_order_and_debug_only_when_asked),
		WITH_STORE(long_texts_are_cut_between_characters),
		WITH_STORE(a_full_log_says_so_once),
		WITH_STORE(plans_keep_their_steps_and_states),
		WITH_STORE(a_new_plan_replaces_the_old_one_or_nothing_changes),
		WITH_STORE(deleting_takes_all_that_belongs_to_a_job),
		WITH_STORE(refuses_jobs_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
