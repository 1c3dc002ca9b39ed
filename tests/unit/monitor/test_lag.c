#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "monitor/lag.h"

static int64_t age(const struct lag_ring *r, pg_lsn lsn, int64_t now_ms)
{
	bool at_least;

	return lag_age_ms(r, lsn, now_ms, &at_least);
}

static void knows_nothing_without_samples(void **state)
{
	struct lag_ring r = { 0 };

	assert_int_equal(age(&r, 5, 1000), -1);
	assert_int_equal(lag_newest(&r), LSN_INVALID);
}

/* Experiment E9: idle for 4 s (the last transaction is 6.49 s old), nothing behind. */
static void is_zero_on_an_idle_system_that_has_caught_up(void **state)
{
	struct lag_ring r = { 0 };

	for (int64_t t = 0; t <= 6500; t += 500)
		lag_add(&r, t < 500 ? 0x3000000 : 0x3000148, t);
	assert_int_equal(age(&r, 0x3000148, 6990), 0);
	assert_int_equal(r.count, 2);
}

/* Experiment E13: the sender stops, 1292080 bytes are written within a second, 10 s pass. */
static void grows_when_the_link_is_silently_dead(void **state)
{
	const pg_lsn before = 0x3000148, after = before + 1292080;
	struct lag_ring r = { 0 };

	for (int64_t t = 0; t <= 3000; t += 1000)
		lag_add(&r, before, t);
	for (int64_t t = 4000; t <= 13000; t += 1000)
		lag_add(&r, after, t);
	assert_int_equal(lsn_behind(lag_newest(&r), before), 1292080);
	/* The source passed the position after its last sample there, at 3 s. */
	assert_int_equal(age(&r, before, 13000), 10000);
	/* Half of the bytes were there half a second later. */
	assert_int_equal(age(&r, before + 646040, 13000), 9500);
	assert_int_equal(age(&r, after, 13000), 0);
}

static void interpolates_between_samples_of_a_busy_source(void **state)
{
	struct lag_ring r = { 0 };

	for (int64_t t = 0; t <= 10000; t += 1000)
		lag_add(&r, 1000 + (pg_lsn)t, t);
	assert_int_equal(age(&r, 1000 + 9750, 10000), 250);
	assert_int_equal(age(&r, 1000 + 4000, 10000), 6000);
}

static void says_at_least_before_the_first_sample(void **state)
{
	struct lag_ring r = { 0 };
	bool at_least;

	lag_add(&r, 1000, 5000);
	lag_add(&r, 2000, 6000);
	assert_int_equal(lag_age_ms(&r, 10, 9000, &at_least), 4000);
	assert_true(at_least);
	assert_int_equal(lag_age_ms(&r, 1500, 9000, &at_least), 3500);
	assert_false(at_least);
}

static void starts_anew_when_the_source_goes_back(void **state)
{
	struct lag_ring r = { 0 };

	lag_add(&r, 2000, 1000);
	lag_add(&r, 1500, 2000);
	assert_int_equal(r.count, 1);
	assert_int_equal(age(&r, 1500, 3000), 0);
}

static void reaches_far_back_with_few_marks(void **state)
{
	struct lag_ring r = { 0 };

	for (int64_t t = 0; t < 20000; t++)
		lag_add(&r, (pg_lsn)t + 1, t * 1000);
	assert_in_range(r.count, LAG_MARKS_MAX / 2, LAG_MARKS_MAX);
	/* coarse for what is old, exact for what is new */
	assert_in_range(age(&r, 5000, 19999000), 14000000, 16000000);
	assert_int_equal(age(&r, 19990, 19999000), 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_nothing_without_samples),
		cmocka_unit_test(is_zero_on_an_idle_system_that_has_caught_up),
		cmocka_unit_test(grows_when_the_link_is_silently_dead),
		cmocka_unit_test(interpolates_between_samples_of_a_busy_source),
		cmocka_unit_test(says_at_least_before_the_first_sample),
		cmocka_unit_test(starts_anew_when_the_source_goes_back),
		cmocka_unit_test(reaches_far_back_with_few_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
