#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "../test.h"

static void puts_the_subject_of_each_caller_in_front(UNUSED_STATE)
{
	struct err e = { 0 };

	assert_int_equal(err_set(&e, ERR_TIMEOUT, "no answer in %d s", 5), ERR_TIMEOUT);
	assert_int_equal(err_wrap(&e, "host \"%s\"", "a"), ERR_TIMEOUT);
	assert_int_equal(err_wrap(&e, "create slot"), ERR_TIMEOUT);
	assert_string_equal(e.text, "create slot: host \"a\": no answer in 5 s");
}

static void quotes_its_own_old_text(UNUSED_STATE)
{
	struct err e = { 0 };

	err_set(&e, ERR_IO, "first");
	err_set(&e, ERR_SQL, "after %s", e.text);
	assert_string_equal(e.text, "after first");
	err_wrap(&e, "again %s", e.text);
	assert_string_equal(e.text, "again after first: after first");
}

static void cuts_long_text(UNUSED_STATE)
{
	struct err e = { 0 };
	char big[3000];
	int i;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&e, ERR_IO, "%s", big);
	for (i = 0; i < 3; i++)
		err_wrap(&e, "%s", big);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
}

static void keeps_the_hint_until_a_new_error(UNUSED_STATE)
{
	struct err e = { 0 };

	err_set(&e, ERR_AUTH, "password refused");
	assert_int_equal(err_hint(&e, "try %s", "again"), ERR_AUTH);
	err_wrap(&e, "login");
	assert_string_equal(e.hint, "try again");
	err_set(&e, ERR_IO, "other");
	assert_string_equal(e.hint, "");
}

static void tells_the_reason_of_errno(UNUSED_STATE)
{
	struct err e = { 0 };

	errno = ENOENT;
	assert_int_equal(err_errno(&e, ERR_IO, "open \"%s\"", "/x"), ERR_IO);
	assert_string_equal(e.text, "open \"/x\": No such file or directory");
}

static void works_without_a_place_for_the_error(UNUSED_STATE)
{
	errno = EIO;
	assert_int_equal(err_set(NULL, ERR_IO, "x"), ERR_IO);
	assert_int_equal(err_errno(NULL, ERR_BUSY, "x"), ERR_BUSY);
	assert_int_not_equal(err_wrap(NULL, "x"), ERR_OK);
	assert_int_not_equal(err_hint(NULL, "x"), ERR_OK);
	err_clear(NULL);
}

static void finds_each_code_by_its_name(UNUSED_STATE)
{
	int code;

	for (code = ERR_OK; code < (int)ERR_CODES; code++) {
		assert_int_equal(err_code_of(err_name(code)), code);
		assert_true(strlen(err_code_text(code)) > 0);
		assert_true(strlen(err_rpc_status(code)) > 0);
	}
	assert_int_equal(err_code_of("ERR_NO_SUCH"), ERR_INTERNAL);
	assert_int_equal(err_code_of(NULL), ERR_INTERNAL);
	assert_true(err_may_retry(ERR_BUSY));
	assert_false(err_may_retry(ERR_INVALID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_the_subject_of_each_caller_in_front),
		cmocka_unit_test(quotes_its_own_old_text),
		cmocka_unit_test(cuts_long_text),
		cmocka_unit_test(keeps_the_hint_until_a_new_error),
		cmocka_unit_test(tells_the_reason_of_errno),
		cmocka_unit_test(works_without_a_place_for_the_error),
		cmocka_unit_test(finds_each_code_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
