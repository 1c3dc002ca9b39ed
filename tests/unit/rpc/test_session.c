#include "rpc/session.h"

#include <stdio.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"

static const struct session_limits limits = {
	.total = 8,
	.per_user = 3,
	.pending = 4,
	.pending_per_peer = 2,
	.idle_ms = 1000,
	.challenge_ms = 100,
};

static int make(void **state)
{
	*state = sessions_new(&limits);
	return 0;
}

static int drop(void **state)
{
	struct sessions *s = *state;

	sessions_free(&s);
	return 0;
}

/* FORM with the id in place of "%". */
static struct session *find(struct sessions *s, const char *form, const char *id, int64_t now)
{
	size_t at = strcspn(form, "%");
	bool marked = form[at] == '%';
	char cookie[512];

	(void)snprintf(cookie, sizeof(cookie), "%.*s%s%s", (int)at, form, marked ? id : "",
	               marked ? form + at + 1 : "");
	return sessions_find(s, cookie, now);
}

static void finds_the_cookie_in_what_clients_send(void **state)
{
	struct sessions *s = *state;
	struct session *x = sessions_open(s, 7, "10.0.0.1", 0);
	static const char *const good[] = {
		"cmon-sid=%",
		"a=b; cmon-sid=%",
		"cmon-sid=%; Path=/; Max-Age=1800; HttpOnly; Secure",
		"cmon-sid=0; cmon-sid=%; Path",
		"  cmon-sid=%  ;x",
	};
	static const char *const bad[] = { "",      "cmon-sid",    "cmon-sid=",
		                           "sid=%", "xcmon-sid=%", "cmon-sid=%0" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_ptr_equal(find(s, good[i], x->id, 1), x);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(find(s, bad[i], x->id, 1));
	assert_null(sessions_find(s, NULL, 1));
}

static void ids_are_long_random_and_without_equals_sign(void **state)
{
	struct sessions *s = *state;
	struct session *a = sessions_open(s, 7, "p", 0), *b = sessions_open(s, 7, "p", 0);

	assert_int_equal(strlen(a->id), 64);
	assert_int_equal(strspn(a->id, "0123456789abcdef"), 64);
	assert_string_not_equal(a->id, b->id);
	assert_int_not_equal(a->serial, b->serial);
}

static void idle_sessions_end(void **state)
{
	struct sessions *s = *state;
	struct session *x = sessions_open(s, 7, "p", 0);
	char id[SESSION_ID_SIZE];

	memcpy(id, x->id, sizeof(id));
	assert_non_null(find(s, "cmon-sid=%", id, 999));
	assert_non_null(find(s, "cmon-sid=%", id, 1998)); /* it was used meanwhile */
	assert_null(find(s, "cmon-sid=%", id, 2998));
	assert_int_equal(sessions_count(s), 0);
}

static void the_least_used_session_of_a_user_gives_way(void **state)
{
	struct sessions *s = *state;
	char first[SESSION_ID_SIZE], second[SESSION_ID_SIZE];
	struct session *other = sessions_open(s, 8, "p", 0);

	memcpy(first, sessions_open(s, 7, "p", 1)->id, sizeof(first));
	memcpy(second, sessions_open(s, 7, "p", 2)->id, sizeof(second));
	sessions_open(s, 7, "p", 3);
	assert_non_null(find(s, "cmon-sid=%", first, 4));
	sessions_open(s, 7, "p", 5);
	assert_non_null(sessions_by_id(s, first));
	assert_null(sessions_by_id(s, second));
	assert_ptr_equal(sessions_by_id(s, other->id), other);
	assert_int_equal(sessions_count(s), 4);
}

static void there_is_a_limit_over_all_users(void **state)
{
	struct sessions *s = *state;

	for (int i = 0; i < 50; i++)
		sessions_open(s, i + 1, "p", i);
	assert_int_equal(sessions_count(s), limits.total);
}

static void a_challenge_works_once_and_not_for_long(void **state)
{
	struct sessions *s = *state;
	struct session *x = sessions_open_pending(s, "dba", "p", 0);
	char out[SESSION_CHALLENGE_SIZE], want[SESSION_CHALLENGE_SIZE];

	memcpy(want, x->challenge, sizeof(want));
	assert_int_equal(strlen(want), 36);
	assert_true(session_take_challenge(x, 99, out));
	assert_string_equal(out, want);
	assert_false(session_take_challenge(x, 99, out));
	x = sessions_open_pending(s, "dba", "p", 0);
	assert_false(session_take_challenge(x, 100, out));
	sessions_expire(s, 100);
	assert_int_equal(sessions_count(s), 0);
}

static void pending_logins_do_not_push_out_sessions(void **state)
{
	struct sessions *s = *state;
	struct session *mine = sessions_open(s, 7, "p", 0);

	for (int i = 0; i < 20; i++)
		sessions_open_pending(s, "x", "one", 1);
	assert_int_equal(sessions_count(s), 1 + limits.pending_per_peer);
	for (int i = 0; i < 20; i++) {
		char peer[16];

		(void)snprintf(peer, sizeof(peer), "p%d", i);
		sessions_open_pending(s, "x", peer, 1);
	}
	assert_int_equal(sessions_count(s), 1 + limits.pending);
	assert_ptr_equal(sessions_by_id(s, mine->id), mine);
}

static void a_users_sessions_end_together(void **state)
{
	struct sessions *s = *state;

	sessions_open(s, 7, "p", 0);
	sessions_open(s, 8, "p", 0);
	sessions_open(s, 7, "p", 0);
	sessions_close_user(s, 7);
	assert_int_equal(sessions_count(s), 1);
}

static void the_cookie_is_for_tls_and_not_for_scripts(void **state)
{
	char buf[SESSION_COOKIE_SIZE];
	const struct session *x = sessions_open(*state, 7, "p", 0);

	assert_non_null(strstr(session_cookie(x, buf), "; Path=/; Secure; HttpOnly"));
	assert_int_equal(strncmp(buf, "cmon-sid=", 9), 0);
	assert_int_equal(strncmp(buf + 9, x->id, 64), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_the_cookie_in_what_clients_send),
		TEST(ids_are_long_random_and_without_equals_sign),
		TEST(idle_sessions_end),
		TEST(the_least_used_session_of_a_user_gives_way),
		TEST(there_is_a_limit_over_all_users),
		TEST(a_challenge_works_once_and_not_for_long),
		TEST(pending_logins_do_not_push_out_sessions),
		TEST(a_users_sessions_end_together),
		TEST(the_cookie_is_for_tls_and_not_for_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
