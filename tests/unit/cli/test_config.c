#include "cli/config.h"

#include "../test.h"
#include "base/macros.h"
#include "base/mem.h"

static void reads_the_global_section(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *config = json_object_new();
	CLEANUP(free_str) char *text = NULL;
	struct err e = { 0 };

	assert_int_equal(
	        config_parse("# comment\r\n; another\n early = 1\n[other]\nearly=2\nno value\n"
	                     "[global]\ncmon_user =  dba \t\n\n"
	                     "cmon_password=\"a = 'b' # c\"\nempty=\nearly=3",
	                     config, &e),
	        ERR_OK);
	text = json_dumps(config);
	assert_string_equal(text, "{\"cmon_password\":\"a = 'b' # c\",\"cmon_user\":\"dba\","
	                          "\"early\":\"3\",\"empty\":\"\"}");
}

static void names_the_line_that_is_wrong(UNUSED_STATE)
{
	CLEANUP(json_free) struct json *config = json_object_new();
	struct err e = { 0 };

	assert_int_equal(config_parse("[global]\na=1\nnonsense\n", config, &e), ERR_PARSE);
	assert_string_equal(e.text, "line 3: there is no \"=\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_global_section),
		cmocka_unit_test(names_the_line_that_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
