#include "cli/cli.h"

#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "base/mem.h"

/* From the words of the wire to exit codes. */
static void every_status_has_its_exit_code(UNUSED_STATE)
{
	static const struct {
		const char *reply;
		int code;
		const char *text;
	} rows[] = {
		{ "{\"request_status\":\"Ok\"}", CLI_EXIT_OK, "" },
		{ "{\"request_status\":\"ok\"}", CLI_EXIT_OK, "" },
		{ "{\"request_status\":\"InvalidRequest\",\"error_string\":\"x\"}", CLI_EXIT_FAILED,
		  "x" },
		{ "{\"request_status\":\"UnknownError\"}", CLI_EXIT_FAILED, "The request failed." },
		{ "{\"request_status\":\"TryAgain\"}", CLI_EXIT_FAILED, NULL },
		{ "{\"request_status\":\"Redirect\"}", CLI_EXIT_FAILED, NULL },
		{ "{\"request_status\":\"AccessDenied\"}", CLI_EXIT_DENIED, "Access denied." },
		{ "{\"request_status\":\"AuthRequired\"}", CLI_EXIT_DENIED, NULL },
		{ "{\"request_status\":\"ObjectNotFound\"}", CLI_EXIT_NOT_FOUND, NULL },
		{ "{\"request_status\":\"ClusterNotFound\"}", CLI_EXIT_NOT_FOUND, NULL },
		{ "{\"request_status\":\"\"}", CLI_EXIT_FAILED, NULL },
		{ "{\"request_status\":5}", CLI_EXIT_FAILED, NULL },
		{ "{}", CLI_EXIT_FAILED, NULL },
		{ "[]", CLI_EXIT_FAILED, NULL },
	};
	struct cli c = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(json_free) struct json *reply = NULL;
		struct err e = { 0 };

		assert_int_equal(json_parse(rows[i].reply, strlen(rows[i].reply), &reply, NULL),
		                 ERR_OK);
		client_status(reply, &e);
		assert_int_equal(cli_exit_code(&c, &e), rows[i].code);
		if (rows[i].text)
			assert_string_equal(e.text, rows[i].text);
	}
}

static void our_own_failures_have_exit_codes(UNUSED_STATE)
{
	static const struct {
		enum err_code code;
		int exit;
	} rows[] = {
		{ ERR_UNREACHABLE, CLI_EXIT_CONNECTION }, { ERR_TIMEOUT, CLI_EXIT_CONNECTION },
		{ ERR_PARSE, CLI_EXIT_CONNECTION },       { ERR_REFUSED, CLI_EXIT_CONNECTION },
		{ ERR_CANCELLED, CLI_EXIT_INTERRUPTED },  { ERR_IO, CLI_EXIT_FAILED },
		{ ERR_INTERNAL, CLI_EXIT_FAILED },
	};
	struct cli c = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = { .code = rows[i].code };

		assert_int_equal(cli_exit_code(&c, &e), rows[i].exit);
	}
	c.bad_options = true;
	assert_int_equal(cli_exit_code(&c, &(struct err){ .code = ERR_INVALID }), CLI_EXIT_OPTIONS);
}

static void masks_every_secret_of_a_request(UNUSED_STATE)
{
	static const char text[] =
	        "{\"password\":\"s3cret\",\"new_password\":\"s3cret\",\"old_password\":\"\","
	        "\"signature\":\"s3cret\",\"ssh_credentials\":{\"password\":\"s3cret\","
	        "\"sudo_password\":\"s3cret\",\"user_name\":\"root\"},\"job\":{\"job_spec\":{"
	        "\"job_data\":{\"postgre_password\":\"s3cret\",\"ssh_password\":\"s3cret\","
	        "\"sudo_password\":\"s3cret\",\"ssh_user\":\"deploy\"}}}}";
	CLEANUP(json_free) struct json *request = NULL;
	CLEANUP(json_free) struct json *masked = NULL;
	CLEANUP(free_str) char *shown = NULL, *before = NULL;

	assert_int_equal(json_parse(text, strlen(text), &request, NULL), ERR_OK);
	masked = client_masked(request);
	shown = json_dumps(masked);
	before = json_dumps(request);
	assert_null(strstr(shown, "s3cret"));
	assert_non_null(strstr(shown, "deploy"));
	assert_non_null(strstr(before, "s3cret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_its_exit_code),
		cmocka_unit_test(our_own_failures_have_exit_codes),
		cmocka_unit_test(masks_every_secret_of_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
