#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job/lock.h"

struct row {
	struct lock held;
	struct lock wanted;
	bool conflict;
};

static void finds_who_stands_in_the_way(void **state)
{
	static const struct row rows[] = {
		{ { 1, true, 10 }, { 1, true, 11 }, true },
		{ { 1, true, 10 }, { 1, false, 11 }, true },
		{ { 1, false, 10 }, { 1, true, 11 }, true },
		{ { 1, false, 10 }, { 1, false, 11 }, false },
		{ { 1, true, 10 }, { 2, true, 11 }, false },
		{ { 1, true, 10 }, { 1, true, 10 }, false }, /* its own */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lock_table t = { 0 };
		struct lock_wish held = { .job_id = rows[i].held.job_id };
		struct lock_wish wanted = { .job_id = rows[i].wanted.job_id };
		const struct lock *found;

		lock_want(&held, rows[i].held.cluster_id, rows[i].held.exclusive);
		lock_want(&wanted, rows[i].wanted.cluster_id, rows[i].wanted.exclusive);
		lock_take(&t, &held);
		found = lock_conflict(&t, &wanted);
		assert_int_equal(found != NULL, rows[i].conflict);
		if (found)
			assert_int_equal(found->job_id, 10);
		lock_table_release(&t);
	}
}

static void wants_nothing_of_cluster_zero(void **state)
{
	struct lock_wish w = { .job_id = 1 };

	lock_want(&w, 0, true);
	assert_int_equal(w.len, 0);
}

static void keeps_the_stronger_lock(void **state)
{
	struct lock_wish w = { .job_id = 1 };

	lock_want(&w, 5, false);
	lock_want(&w, 5, true);
	lock_want(&w, 5, false);
	assert_int_equal(w.len, 1);
	assert_true(w.items[0].exclusive);
}

static void gives_back_only_what_is_the_jobs_own(void **state)
{
	struct lock_table t = { 0 };
	struct lock_wish a = { .job_id = 1 }, b = { .job_id = 2 }, c = { .job_id = 3 };

	for (int64_t i = 1; i <= 3; i++) {
		a = (struct lock_wish){ .job_id = 1 };
		lock_want(&a, i, true);
		lock_take(&t, &a);
	}
	lock_want(&b, 9, true);
	lock_take(&t, &b);
	lock_drop(&t, 1);
	assert_int_equal(t.len, 1);
	lock_want(&c, 2, true);
	assert_null(lock_conflict(&t, &c));
	lock_want(&c, 9, false);
	assert_int_equal(lock_conflict(&t, &c)->job_id, 2);
	lock_table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_who_stands_in_the_way),
		cmocka_unit_test(wants_nothing_of_cluster_zero),
		cmocka_unit_test(keeps_the_stronger_lock),
		cmocka_unit_test(gives_back_only_what_is_the_jobs_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
