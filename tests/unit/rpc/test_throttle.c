#include "rpc/throttle.h"

#include <stdio.h>

#include "../test.h"

static int make(void **state)
{
	*state = throttle_new();
	return 0;
}

static int drop(void **state)
{
	struct throttle *t = *state;

	throttle_free(&t);
	return 0;
}

static void fail_times(struct throttle *t, const char *user, const char *peer, int n, int64_t now)
{
	for (int i = 0; i < n; i++)
		throttle_failed(t, user, peer, now);
}

static void a_few_wrong_logins_cost_nothing(void **state)
{
	fail_times(*state, "dba", "10.0.0.1", THROTTLE_USER_FREE - 1, 0);
	assert_int_equal(throttle_wait(*state, "dba", "10.0.0.1", 0), 0);
}

static void further_ones_cost_more_each_time(void **state)
{
	int64_t before = 0;

	fail_times(*state, "dba", "10.0.0.1", THROTTLE_USER_FREE - 1, 0);
	for (int i = 0; i < 20; i++) {
		int64_t wait;

		throttle_failed(*state, "dba", "10.0.0.1", 0);
		wait = throttle_wait(*state, "dba", "10.0.0.1", 0);
		assert_true(wait > before || wait == THROTTLE_WAIT_MAX);
		before = wait;
	}
	assert_int_equal(before, THROTTLE_WAIT_MAX);
	assert_int_equal(throttle_wait(*state, "dba", "10.0.0.1", THROTTLE_WAIT_MAX), 0);
}

static void others_are_not_hindered(void **state)
{
	fail_times(*state, "dba", "10.0.0.1", THROTTLE_USER_FREE, 0);
	assert_true(throttle_wait(*state, "dba", "10.0.0.1", 0) > 0);
	assert_int_equal(throttle_wait(*state, "dba", "10.0.0.2", 0), 0);
	assert_int_equal(throttle_wait(*state, "ops", "10.0.0.1", 0), 0);
}

static void one_address_cannot_try_many_users(void **state)
{
	char user[16];

	for (int i = 0; i < THROTTLE_PEER_FREE; i++) {
		(void)snprintf(user, sizeof(user), "u%d", i);
		throttle_failed(*state, user, "10.0.0.1", 0);
	}
	assert_true(throttle_wait(*state, "dba", "10.0.0.1", 0) > 0);
	assert_int_equal(throttle_wait(*state, "dba", "10.0.0.2", 0), 0);
}

static void an_ipv6_network_counts_as_one_address(void **state)
{
	fail_times(*state, "dba", "2001:db8::1", THROTTLE_USER_FREE, 0);
	assert_true(throttle_wait(*state, "dba", "2001:db8::ffff:1", 0) > 0);
	assert_int_equal(throttle_wait(*state, "dba", "2001:db8:0:1::1", 0), 0);
}

static void a_right_login_forgives(void **state)
{
	fail_times(*state, "dba", "10.0.0.1", THROTTLE_USER_FREE, 0);
	throttle_succeeded(*state, "dba", "10.0.0.1");
	assert_int_equal(throttle_wait(*state, "dba", "10.0.0.1", 0), 0);
}

static void old_failures_are_forgotten(void **state)
{
	fail_times(*state, "dba", "10.0.0.1", THROTTLE_USER_FREE - 1, 0);
	throttle_failed(*state, "dba", "10.0.0.1", THROTTLE_FORGET_MS);
	assert_int_equal(throttle_wait(*state, "dba", "10.0.0.1", THROTTLE_FORGET_MS), 0);
}

static void the_table_has_a_ceiling(void **state)
{
	char user[16];

	for (int i = 0; i < THROTTLE_ROWS_MAX + 100; i++) {
		(void)snprintf(user, sizeof(user), "u%d", i);
		throttle_failed(*state, user, user, i);
	}
	/* the newest ones are remembered */
	fail_times(*state, user, user, THROTTLE_USER_FREE, THROTTLE_ROWS_MAX + 100);
	assert_true(throttle_wait(*state, user, user, THROTTLE_ROWS_MAX + 100) > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_few_wrong_logins_cost_nothing),
		TEST(further_ones_cost_more_each_time),
		TEST(others_are_not_hindered),
		TEST(one_address_cannot_try_many_users),
		TEST(an_ipv6_network_counts_as_one_address),
		TEST(a_right_login_forgives),
		TEST(old_failures_are_forgotten),
		TEST(the_table_has_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
