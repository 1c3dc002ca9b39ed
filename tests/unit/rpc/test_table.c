#include "rpc/table.h"

#include <string.h>

#include "../test.h"
#include "api/job_commands.h"
#include "base/macros.h"
#include "base/str.h"
#include "model/mask.h"

static void strips_prefix_query_and_slashes(UNUSED_STATE)
{
	static const struct {
		const char *path;
		const char *clean; /* NULL: none of ours */
	} rows[] = {
		{ "/v2/jobs", "/v2/jobs" },
		{ "/v2/jobs/", "/v2/jobs" },
		{ "/v2/jobs///", "/v2/jobs" },
		{ "/v2/jobs/?a=b", "/v2/jobs" },
		{ "/prefix/v2/auth", "/v2/auth" },
		{ "/a/b/v2/auth/", "/v2/auth" },
		{ "/v2/v2/auth", "/v2/auth" },
		{ "/v2", NULL },
		{ "/v2/", NULL },
		{ "/", NULL },
		{ "", NULL },
		{ "/v1/auth", NULL },
		{ "/?/v2/auth", NULL },
	};
	char out[32];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool ok = rpc_path_clean(rows[i].path, out, sizeof(out));

		assert_int_equal(ok, rows[i].clean != NULL);
		if (ok)
			assert_string_equal(out, rows[i].clean);
	}
	assert_false(
	        rpc_path_clean("/v2/a234567890123456789012345678901234567890", out, sizeof(out)));
}

static void finds_operations_without_regard_to_case(UNUSED_STATE)
{
	assert_non_null(rpc_op_find("/v2/clusters", "getallclusterinfo"));
	assert_non_null(rpc_op_find("/v2/clusters", "getAllClusterInfo"));
	assert_non_null(rpc_op_find("/v2/auth", ""));
	assert_null(rpc_op_find("/v2/jobs", ""));
	assert_null(rpc_op_find("/v2/jobs", "getAllClusterInfo"));
}

/* A new operation is closed unless its row says otherwise. */
static void only_these_work_without_login(UNUSED_STATE)
{
	static const char *const open[] = {
		"",       "authenticate", "authenticateResponse", "authenticateWithPassword",
		"logout", "ping"
	};

	for (size_t i = 0; i < rpc_ops_count; i++) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_SIZE(open); k++)
			found = found || str_eq(open[k], rpc_ops[i].name);
		assert_int_equal(found, !rpc_ops[i].login);
	}
}

static void whatever_changes_something_is_for_administrators(UNUSED_STATE)
{
	for (size_t i = 0; i < rpc_ops_count; i++) {
		const char *name = rpc_ops[i].name;
		bool looks = str_starts(name, "get") || str_eq(name, "whoAmI");

		if (rpc_ops[i].login)
			assert_int_equal(looks, !rpc_ops[i].admin);
	}
}

static void engine_and_decoder_have_the_same_commands(UNUSED_STATE)
{
	assert_int_equal(ARRAY_SIZE(job_commands), rpc_jobs_count);
	for (size_t i = 0; i < ARRAY_SIZE(job_commands); i++)
		assert_non_null(rpc_job_find(job_commands[i].name));
	assert_null(rpc_job_find("execute"));
}

/* What is declared secret is sealed and masked by its name. */
static void every_secret_field_is_masked(UNUSED_STATE)
{
	for (size_t i = 0; job_secret_fields[i]; i++) {
		if (!mask_is_secret_key(job_secret_fields[i]) &&
		    !str_eq(job_secret_fields[i], "signature")) /* never stored */
			fail_msg("'%s' is shown to everybody", job_secret_fields[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strips_prefix_query_and_slashes),
		cmocka_unit_test(finds_operations_without_regard_to_case),
		cmocka_unit_test(only_these_work_without_login),
		cmocka_unit_test(whatever_changes_something_is_for_administrators),
		cmocka_unit_test(every_secret_field_is_masked),
		cmocka_unit_test(engine_and_decoder_have_the_same_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
