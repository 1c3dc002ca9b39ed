#include "base/failpoint.h"

#include <signal.h>
#include <stdlib.h>

#include "../test.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"

static void arm(const char *text)
{
	setenv("PGTANDEM_FAILPOINTS", text, 1);
	failpoint_init();
}

static void costs_nothing_when_not_armed(UNUSED_STATE)
{
	unsetenv("PGTANDEM_FAILPOINTS");
	failpoint_init();
	assert_false(failpoint_armed);
	assert_false(FAILPOINT("any"));
	arm("");
	assert_false(failpoint_armed);
}

static void fails_at_the_named_place_only(UNUSED_STATE)
{
	arm("a.b=error;c.*=error");
	assert_true(FAILPOINT("a.b"));
	assert_true(FAILPOINT("a.b"));
	assert_false(FAILPOINT("a.bc"));
	assert_true(FAILPOINT("c.x"));
	assert_false(FAILPOINT("d"));
}

static void fails_the_nth_time_only(UNUSED_STATE)
{
	arm("a=error@2");
	assert_false(FAILPOINT("a"));
	assert_true(FAILPOINT("a"));
	assert_false(FAILPOINT("a"));
}

static void sleeps(UNUSED_STATE)
{
	int64_t start = clock_mono_ms();

	arm("a=sleep:50");
	assert_false(FAILPOINT("a"));
	assert_true(clock_mono_ms() - start >= 50);
}

static int reach(void *ctx)
{
	arm(ctx);
	FAILPOINT_HERE("x");
	return 0;
}

static void kills_or_refuses_nonsense(UNUSED_STATE)
{
	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{ "x=kill", 128 + SIGKILL }, { "x=kill@2", 0 },    { "x=explode", 2 }, { "x", 2 },
		{ "x=kill@0", 2 },           { "x=sleep:abc", 2 },
	};
	struct err e = { 0 };
	pid_t pid;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(proc_fork(reach, (void *)rows[i].text, false, &pid, &e), ERR_OK);
		assert_int_equal(proc_reap(pid, true), rows[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs_nothing_when_not_armed),
		cmocka_unit_test(fails_at_the_named_place_only),
		cmocka_unit_test(fails_the_nth_time_only),
		cmocka_unit_test(sleeps),
		cmocka_unit_test(kills_or_refuses_nonsense),
	};

	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
