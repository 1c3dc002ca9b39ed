#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "remote/ssh.h"

static const char *last_of(const char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	assert_true(n > 0);
	return argv[n - 1];
}

static void two_commands_of_one_host_stay_apart(void **state)
{
	struct ssh_target t = { .host = "db1", .user = "root" };
	struct ssh *s = ssh_new(&t, "/nowhere", 0);
	const char *const *a = ssh_argv(s, "sh -s -- version=15", true);
	const char *const *b = ssh_argv(s, "sh -s -- port=5432", true);

	assert_string_equal(last_of(a), "sh -s -- version=15");
	assert_string_equal(last_of(b), "sh -s -- port=5432");
	assert_string_equal(a[0], "ssh");
	ssh_free(&s);
	assert_null(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_commands_of_one_host_stay_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
