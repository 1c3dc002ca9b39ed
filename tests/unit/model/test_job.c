#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mem.h"
#include "model/job.h"
#include "model/mask.h"

static void every_state_is_reached_and_left(void **state)
{
	struct err e = { 0 };

	assert_int_equal(job_state_check(&e), ERR_OK);
}

static void allows_only_what_the_table_says(void **state)
{
	static const struct {
		enum job_state from, to;
		bool may;
	} cases[] = {
		{ JOB_DEFINED, JOB_DEQUEUED, true },    { JOB_DEQUEUED, JOB_RUNNING, true },
		{ JOB_RUNNING, JOB_FINISHED, true },    { JOB_RUNNING, JOB_DEQUEUED, true },
		{ JOB_SCHEDULED, JOB_DEFINED, true },   { JOB_DEFINED, JOB_ABORTED, true },
		{ JOB_DEFINED, JOB_RUNNING, false },    { JOB_DEFINED, JOB_FINISHED, false },
		{ JOB_FINISHED, JOB_RUNNING, false },   { JOB_ABORTED, JOB_DEFINED, false },
		{ JOB_FAILED, JOB_FAILED, false },      { JOB_RUNNING, JOB_STATES, false },
		{ JOB_SCHEDULED, JOB_FINISHED, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(job_state_may(cases[i].from, cases[i].to), cases[i].may);
}

static void names_go_both_ways(void **state)
{
	for (enum job_state s = 0; s < JOB_STATES; s++) {
		enum job_state back = JOB_STATES;

		assert_true(job_state_parse(job_state_name(s), &back));
		assert_int_equal(back, s);
	}
	for (enum job_level l = JOB_MESSAGE; l <= JOB_DEBUG; l++) {
		enum job_level back;

		assert_true(job_level_parse(job_level_name(l), &back));
		assert_int_equal(back, l);
	}
	for (enum job_step_state s = STEP_PENDING; s <= STEP_UNDONE; s++) {
		enum job_step_state back;

		assert_true(job_step_state_parse(job_step_state_name(s), &back));
		assert_int_equal(back, s);
	}
	assert_false(job_state_parse("RUNNING9", &(enum job_state){ 0 }));
	assert_false(job_state_parse(NULL, &(enum job_state){ 0 }));
	assert_true(job_phase_parse("undo", &(enum job_phase){ 0 }));
	assert_false(job_phase_parse("redo", &(enum job_phase){ 0 }));
	assert_string_equal(job_level_status(JOB_FAILURE), "JOB_FAILED");
}

/* The reply of protocol 8.1. */
static void looks_as_the_protocol_wants_it(void **state)
{
	static const char *tags[] = { "c2c" };
	static const struct job job = {
		.id = 46,
		.cluster_id = 22,
		.command = "stage_replication_slave",
		.title = "Stage Replication Slave",
		.state = JOB_DEFINED,
		.created = 1795377720525,
		.user_id = 4,
		.user_name = "dba",
		.group_id = 1,
		.group_name = "admins",
		.ip_address = "127.0.0.1",
		.tags = tags,
		.n_tags = 1,
		.job_data = "{\"clusterid\":22}",
		.progress = { .eta_s = -1 },
	};
	static const char want[] =
	        "{\"can_be_aborted\":true,\"can_be_deleted\":true,"
	        "\"class_name\":\"CmonJobInstance\",\"cluster_id\":22,"
	        "\"created\":\"2026-11-22T20:02:00.525Z\",\"exit_code\":0,\"group_id\":1,"
	        "\"group_name\":\"admins\",\"has_progress\":false,\"ip_address\":\"127.0.0.1\","
	        "\"job_id\":46,\"job_spec\":{\"command\":\"stage_replication_slave\","
	        "\"job_data\":{\"clusterid\":22}},\"rpc_version\":\"2.0\",\"status\":\"DEFINED\","
	        "\"status_text\":\"Pending\",\"tags\":[\"c2c\"],"
	        "\"title\":\"Stage Replication Slave\",\"user_id\":4,\"user_name\":\"dba\"}";
	CLEANUP(json_free) struct json *j = job_wire_json(&job);
	CLEANUP(free_str) char *text = json_dumps(j);

	assert_string_equal(text, want);
}

static void running_and_ended_jobs_say_so(void **state)
{
	struct job job = { .state = JOB_RUNNING,
		           .status_text = "copy a < b & c",
		           .started = 1795377720525,
		           .progress = { .known = true,
		                         .percent = 42.5,
		                         .done_bytes = 10,
		                         .total_bytes = 20,
		                         .eta_s = 3 } };
	CLEANUP(json_free) struct json *j = job_wire_json(&job);
	CLEANUP(json_free) struct json *ended = NULL;

	assert_false(json_get_bool(j, "can_be_deleted", true));
	assert_string_equal(json_get_str(j, "status_text"), "copy a &lt; b &amp; c");
	assert_true(json_get_real(j, "progress_percent", 0) == 42.5);
	assert_int_equal(json_get_int(j, "progress_eta", 0), 3);
	assert_null(json_get(j, "ended"));
	assert_string_equal(json_get_str(j, "title"), "Untitled Job");
	job.state = JOB_FAILED;
	job.exit_code = 1;
	ended = job_wire_json(&job);
	assert_false(json_get_bool(ended, "can_be_aborted", true));
	assert_int_equal(json_get_int(ended, "exit_code", 0), 1);
}

static void messages_are_escaped(void **state)
{
	static const struct job_message m = { .id = 2002,
		                              .job_id = 2,
		                              .created = 1795378481042,
		                              .level = JOB_WARNING,
		                              .text = "a <b> & c",
		                              .file = "stage.c",
		                              .line = 102,
		                              .fields = "{\"host\":\"x\"}" };
	CLEANUP(json_free) struct json *j = job_message_wire_json(&m);
	CLEANUP(free_str) char *text = json_dumps(j);

	assert_string_equal(text,
	                    "{\"class_name\":\"CmonJobMessage\","
	                    "\"created\":\"2026-11-22T20:14:41.042Z\",\"fields\":{\"host\":\"x\"},"
	                    "\"file_name\":\"stage.c\",\"job_id\":2,\"line_number\":102,"
	                    "\"message_id\":2002,\"message_status\":\"JOB_WARNING\","
	                    "\"message_text\":\"a &lt;b&gt; &amp; c\"}");
}

static void masks_secrets_at_any_depth(void **state)
{
	static const char in[] =
	        "{\"Password\":\"p1\",\"list\":[{\"ssh_password\":\"p2\"},[{\"token\":7}]],"
	        "\"deep\":{\"er\":{\"db_admin_password\":{\"x\":\"p3\"},\"new_password\":\"\","
	        "\"sudo_password\":null,\"user\":\"password\"}},\"password_hint\":\"kept\"}";
	static const char want[] =
	        "{\"Password\":\"xxxxxxxxx\",\"deep\":{\"er\":{\"db_admin_password\":\"xxxxxxxxx\","
	        "\"new_password\":\"\",\"sudo_password\":null,\"user\":\"password\"}},"
	        "\"list\":[{\"ssh_password\":\"xxxxxxxxx\"},[{\"token\":\"xxxxxxxxx\"}]],"
	        "\"password_hint\":\"kept\"}";
	CLEANUP(json_free) struct json *j = NULL;
	CLEANUP(json_free) struct json *masked = NULL;
	CLEANUP(free_str) char *text = NULL;
	CLEANUP(free_str) char *original = NULL;

	assert_int_equal(json_parse(in, strlen(in), &j, NULL), ERR_OK);
	masked = mask_secrets(j);
	text = json_dumps(masked);
	assert_string_equal(text, want);
	original = json_dumps(j);
	assert_non_null(strstr(original, "\"p3\""));
}

static void knows_secret_names(void **state)
{
	static const char *const secret[] = {
		"password",     "ssh_password", "sudo_password", "postgre_password",  "db_password",
		"new_password", "old_password", "SSH_PASSWORD",  "whatever_password", "rpc_token"
	};
	static const char *const open[] = { "user",        "force_password_update",
		                            "ssh_keyfile", "",
		                            "_passwords",  NULL };

	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		assert_true(mask_is_secret_key(secret[i]));
	for (size_t i = 0; i < ARRAY_SIZE(open); i++)
		assert_false(mask_is_secret_key(open[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_reached_and_left),
		cmocka_unit_test(allows_only_what_the_table_says),
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(looks_as_the_protocol_wants_it),
		cmocka_unit_test(running_and_ended_jobs_say_so),
		cmocka_unit_test(messages_are_escaped),
		cmocka_unit_test(masks_secrets_at_any_depth),
		cmocka_unit_test(knows_secret_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
