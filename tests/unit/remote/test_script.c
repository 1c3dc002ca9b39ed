#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/proc.h"
#include "base/str.h"
#include "remote/script.h"
#include "remote/script_table.h"

static void every_family_has_its_script(void **state)
{
	size_t i;

	assert_true(hostos_table_len > 0);
	for (i = 0; i < hostos_table_len; i++)
		assert_non_null(script_of_family(hostos_table[i].family));
	assert_null(script_of_family("plan9"));
}

/* What is embedded must still be shell: the parser of the shell is asked. */
static void every_script_is_embedded_byte_for_byte(void **state)
{
	size_t i;

	for (i = 0; i < script_table_len; i++) {
		const char *argv[] = { "sh", "-n", NULL };
		struct proc_run p = { .argv = argv,
			              .input = script_table[i].text,
			              .input_len = strlen(script_table[i].text) };

		assert_int_equal(proc_run_one(&p, NULL), ERR_OK);
		if (p.exit_status != 0)
			fail_msg("%s: %s", script_table[i].name, strbuf_cstr(&p.err));
		proc_run_release(&p);
	}
}

static void an_unreachable_host_is_its_own_verdict(void **state)
{
	struct ssh_target t = { .host = "127.0.0.1", .port = 1, .user = "root" };
	struct ssh *s = ssh_new(&t, "/tmp", 1);
	struct script_call call = { .ssh = s, .script = "facts.sh" };
	struct err e = { 0 };

	assert_int_equal(script_run(&call, &e), ERR_UNREACHABLE);
	assert_true(e.text[0] != '\0');
	script_release(&call);
	ssh_free(&s);
}

static void a_missing_key_file_is_named(void **state)
{
	struct ssh_target t = { .host = "127.0.0.1",
		                .user = "root",
		                .keyfile = "/nonexistent/key" };
	struct ssh *s = ssh_new(&t, "/tmp", 2);

	assert_int_equal(ssh_open_all(&s, 1, NULL), ERR_OK);
	assert_non_null(ssh_error(s));
	assert_non_null(strstr(ssh_error(s)->text, "/nonexistent/key"));
	ssh_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_family_has_its_script),
		cmocka_unit_test(every_script_is_embedded_byte_for_byte),
		cmocka_unit_test(an_unreachable_host_is_its_own_verdict),
		cmocka_unit_test(a_missing_key_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
