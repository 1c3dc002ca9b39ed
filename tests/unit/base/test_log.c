#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../test.h"
#include "base/mem.h"

/* What FN writes to stderr; borrowed until the next call. */
static const char *stderr_of(void (*fn)(void))
{
	static char got[16384];
	FILE *tmp = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	assert_non_null(tmp);
	dup2(fileno(tmp), STDERR_FILENO);
	fn();
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(tmp);
	n = fread(got, 1, sizeof(got) - 1, tmp);
	got[n] = '\0';
	fclose(tmp);
	return got;
}

static void write_all_levels(void)
{
	struct err e = { 0 };

	log_error("one");
	log_warning("two\n<3>forged");
	log_debug("hidden");
	err_set(&e, ERR_IO, "disk full");
	err_hint(&e, "free some");
	log_err(LOG_INFO, "save", &e);
}

static void write_endless(void)
{
	CLEANUP(free_str) char *big = xcalloc(100000, 1);

	memset(big, 'x', 99999);
	log_error("%s", big);
}

static void gives_priorities_to_the_journal(UNUSED_STATE)
{
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_open("engine", LOG_INFO);
	assert_string_equal(stderr_of(write_all_levels),
	                    "<3>engine: one\n"
	                    "<4>engine: two <3>forged\n"
	                    "<6>engine: save: disk full (free some)\n");
}

static void gives_times_to_everybody_else(UNUSED_STATE)
{
	const char *got;

	unsetenv("JOURNAL_STREAM");
	log_open("engine", LOG_ERROR);
	got = stderr_of(write_all_levels);
	assert_int_equal(got[10], 'T');
	assert_int_equal(got[23], 'Z');
	assert_memory_equal(got + 24, " error engine[", 14);
	assert_non_null(strstr(got, "]: one\n"));
	assert_null(strstr(got, "two"));
}

static void cuts_endless_messages(UNUSED_STATE)
{
	const char *got = stderr_of(write_endless);

	assert_in_range(strlen(got), 4096, 8192);
	assert_int_equal(got[strlen(got) - 1], '\n');
}

static void knows_its_levels(UNUSED_STATE)
{
	enum log_level level = LOG_ERROR;

	assert_true(log_level_parse("Debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_false(log_level_parse("loud", &level));
	assert_false(log_level_parse(NULL, &level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_priorities_to_the_journal),
		cmocka_unit_test(gives_times_to_everybody_else),
		cmocka_unit_test(cuts_endless_messages),
		cmocka_unit_test(knows_its_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
