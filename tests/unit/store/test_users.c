#include "harness.h"

static int64_t make(struct harness *h, const char *name, const char *group)
{
	struct group groups[] = { { .name = group } };
	struct user u = { .name = name,
		          .first_name = "D",
		          .last_name = "O'Brien",
		          .title = "Mr",
		          .email = "dba@example.com",
		          .groups = groups,
		          .n_groups = group != NULL };
	int64_t id = 0;

	assert_ok(h, store_user_create(h->s, &u, "$scrypt$x", true, &id, &h->e));
	return id;
}

static void gives_back_what_it_got(void **state)
{
	struct harness *h = *state;
	int64_t id = make(h, "dba", "admins");
	const char *hash;
	struct user u;

	assert_int_equal(id, 1);
	assert_ok(h, store_user_get(h->s, 0, "dba", h->a, &u, &h->e));
	assert_int_equal(u.id, id);
	assert_string_equal(u.last_name, "O'Brien");
	assert_string_equal(u.email, "dba@example.com");
	assert_int_equal(u.n_groups, 1);
	assert_int_equal(u.groups[0].id, 1);
	assert_true(user_is_admin(&u));
	assert_true(u.has_password && !u.disabled && u.created > 0);
	assert_ok(h, store_user_hash(h->s, id, h->a, &hash, &h->e));
	assert_string_equal(hash, "$scrypt$x");
	assert_int_equal(store_user_get(h->s, 0, "DBA", h->a, &u, &h->e), ERR_NOT_FOUND);
	assert_int_equal(store_user_get(h->s, 9, NULL, h->a, &u, &h->e), ERR_NOT_FOUND);
	assert_int_equal(store_user_hash(h->s, 9, h->a, &hash, &h->e), ERR_NOT_FOUND);
}

static void groups_are_made_only_when_asked(void **state)
{
	struct harness *h = *state;
	struct group groups[] = { { .name = "ops" }, { .name = "users" } };
	struct group empty[] = { { .name = "" } };
	struct user u = { .name = "jane", .groups = groups, .n_groups = 2 };
	struct group_list l;
	int64_t id;

	assert_int_equal(store_user_create(h->s, &u, NULL, false, &id, &h->e), ERR_NOT_FOUND);
	assert_int_equal(store_user_get(h->s, 0, "jane", h->a, &u, &h->e), ERR_NOT_FOUND);
	assert_ok(h, store_user_create(h->s, &u, NULL, true, &id, &h->e));
	assert_ok(h, store_user_get(h->s, id, NULL, h->a, &u, &h->e));
	assert_string_equal(u.groups[0].name, "ops");
	assert_string_equal(u.groups[1].name, "users");
	assert_false(u.has_password);
	assert_ok(h, store_group_list(h->s, h->a, &l, &h->e));
	assert_int_equal(l.count, 3);
	u = (struct user){ .name = "john", .groups = empty, .n_groups = 1 };
	assert_ok(h, store_user_create(h->s, &u, NULL, false, &id, &h->e));
	assert_ok(h, store_user_get(h->s, id, NULL, h->a, &u, &h->e));
	assert_string_equal(u.groups[0].name, "users");
	assert_ok(h, store_group_create(h->s, "more", &id, &h->e));
	assert_int_equal(id, 4);
	assert_int_equal(store_group_create(h->s, "more", &id, &h->e), ERR_CONFLICT);
	assert_int_equal(store_group_create(h->s, "a b", &id, &h->e), ERR_INVALID);
}

static void refuses_users_that_are_none(void **state)
{
	struct harness *h = *state;
	static const char *const bad[] = { "", "a b", "../x", "x'y" };
	char longer[USER_TEXT_MAX + 2];
	struct user u = { 0 };
	int64_t id;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		u.name = bad[i];
		assert_int_equal(store_user_create(h->s, &u, NULL, false, &id, &h->e), ERR_INVALID);
	}
	make(h, "dba", NULL);
	u.name = "dba";
	assert_int_equal(store_user_create(h->s, &u, NULL, false, &id, &h->e), ERR_CONFLICT);
	assert_string_equal(h->e.text, "User 'dba' exists already.");
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	u.name = "new";
	u.email = longer;
	assert_int_equal(store_user_create(h->s, &u, NULL, false, &id, &h->e), ERR_LIMIT);
}

static void counts_logins(void **state)
{
	struct harness *h = *state;
	int64_t id = make(h, "dba", NULL);
	struct user u;

	assert_ok(h, store_user_seen(h->s, id, false, &h->e));
	assert_ok(h, store_user_seen(h->s, id, false, &h->e));
	assert_ok(h, store_user_get(h->s, id, NULL, h->a, &u, &h->e));
	assert_int_equal(u.n_failed_logins, 2);
	assert_true(u.last_failed_login > 0 && u.last_login == 0);
	assert_ok(h, store_user_seen(h->s, id, true, &h->e));
	assert_ok(h, store_user_get(h->s, id, NULL, h->a, &u, &h->e));
	assert_int_equal(u.n_failed_logins, 0);
	assert_true(u.last_login > 0);
	assert_ok(h, store_user_set_password(h->s, id, "$scrypt$y", &h->e));
	assert_int_equal(store_user_set_password(h->s, 9, "$scrypt$y", &h->e), ERR_NOT_FOUND);
	assert_int_equal(store_user_seen(h->s, 9, true, &h->e), ERR_NOT_FOUND);
}

static void the_last_administrator_stays(void **state)
{
	struct harness *h = *state;
	int64_t admin = make(h, "dba", "admins"), other = make(h, "jane", "users");

	assert_int_equal(store_user_delete(h->s, admin, &h->e), ERR_REFUSED);
	assert_int_equal(store_user_set_disabled(h->s, admin, true, &h->e), ERR_REFUSED);
	assert_int_equal(store_user_leave(h->s, admin, "admins", &h->e), ERR_REFUSED);
	assert_ok(h, store_user_join(h->s, other, "admins", false, &h->e));
	assert_ok(h, store_user_set_disabled(h->s, other, true, &h->e));
	assert_int_equal(store_user_delete(h->s, admin, &h->e), ERR_REFUSED);
	assert_ok(h, store_user_set_disabled(h->s, other, false, &h->e));
	assert_ok(h, store_user_delete(h->s, admin, &h->e));
	assert_int_equal(store_user_delete(h->s, admin, &h->e), ERR_NOT_FOUND);
}

static void groups_can_be_joined_and_left(void **state)
{
	struct harness *h = *state;
	int64_t id = make(h, "jane", "users");
	struct user u;

	assert_ok(h, store_user_join(h->s, id, "admins", false, &h->e));
	assert_ok(h, store_user_get(h->s, id, NULL, h->a, &u, &h->e));
	assert_string_equal(u.groups[0].name, "users");
	assert_ok(h, store_user_join(h->s, id, "admins", true, &h->e));
	assert_ok(h, store_user_get(h->s, id, NULL, h->a, &u, &h->e));
	assert_int_equal(u.n_groups, 2);
	assert_string_equal(u.groups[0].name, "admins");
	assert_ok(h, store_user_leave(h->s, id, "users", &h->e));
	assert_int_equal(store_user_leave(h->s, id, "users", &h->e), ERR_REFUSED);
	assert_int_equal(store_user_join(h->s, id, "none", false, &h->e), ERR_NOT_FOUND);
	assert_int_equal(store_user_join(h->s, 9, "users", false, &h->e), ERR_NOT_FOUND);
}

static void keys_belong_to_a_user(void **state)
{
	struct harness *h = *state;
	int64_t id = make(h, "dba", NULL), key = 0;
	struct user_key_list l;

	assert_ok(h, store_key_add(h->s, id, "laptop", "ssh-rsa AAAA", &key, &h->e));
	assert_ok(h, store_key_add(h->s, id, "", "ssh-rsa BBBB", NULL, &h->e));
	assert_int_equal(store_key_add(h->s, id, "x", "ssh-rsa AAAA", NULL, &h->e), ERR_CONFLICT);
	assert_int_equal(store_key_add(h->s, id, "x", "", NULL, &h->e), ERR_INVALID);
	assert_int_equal(store_key_add(h->s, 9, "x", "k", NULL, &h->e), ERR_NOT_FOUND);
	assert_ok(h, store_key_list(h->s, id, h->a, &l, &h->e));
	assert_int_equal(l.count, 2);
	assert_int_equal(l.items[0].id, key);
	assert_string_equal(l.items[0].name, "laptop");
	assert_string_equal(l.items[1].name, "No Name");
	for (int i = 2; i < USER_KEYS_MAX; i++) {
		char text[32];

		snprintf(text, sizeof(text), "k%d", i);
		assert_ok(h, store_key_add(h->s, id, "x", text, NULL, &h->e));
	}
	assert_int_equal(store_key_add(h->s, id, "x", "one more", NULL, &h->e), ERR_LIMIT);
	assert_int_equal(make(h, "jane", NULL), 2);
	assert_ok(h, store_key_list(h->s, 2, h->a, &l, &h->e));
	assert_int_equal(l.count, 0);
}

static void audit_rows_are_masked_and_newest_first(void **state)
{
	struct harness *h = *state;
	struct audit row = { .user_id = 1,
		             .user_name = "dba",
		             .ip = "10.0.0.9",
		             .action = "user.password",
		             .object = "user 4",
		             .cluster_id = 3,
		             .ok = true,
		             .details = "{\"password\":\"p\"}" };
	struct audit_list l;

	assert_ok(h, store_audit_add(h->s, &row, &h->e));
	row.details = NULL;
	row.ok = false;
	assert_ok(h, store_audit_add(h->s, &row, &h->e));
	assert_ok(h, store_audit_list(h->s, -1, -1, h->a, &l, &h->e));
	assert_int_equal(l.total, 2);
	assert_false(l.items[0].ok);
	assert_string_equal(l.items[0].details, "");
	assert_string_equal(l.items[1].details, "{\"password\":\"xxxxxxxxx\"}");
	assert_string_equal(l.items[1].action, "user.password");
	assert_ok(h, store_audit_list(h->s, 1, 1, h->a, &l, &h->e));
	assert_int_equal(l.count, 1);
	assert_int_equal(l.items[0].id, 1);
	row.details = "{not json";
	assert_int_equal(store_audit_add(h->s, &row, &h->e), ERR_PARSE);
}

static void change_and_audit_row_go_together(void **state)
{
	struct harness *h = *state;
	struct audit row = { .action = "job.create" };
	struct audit_list l;
	int64_t id = harness_job(h);
	struct job j;

	for (int i = 0; i < 2; i++) {
		CLEANUP(store_tx_end) struct store_tx tx = { 0 };

		assert_ok(h, store_tx_begin(h->s, &tx, &h->e));
		id = harness_job(h);
		assert_ok(h, store_audit_add(h->s, &row, &h->e));
		/* a part that fails inside leaves the rest as it was */
		assert_int_equal(store_job_set_state(h->s, id, JOB_FINISHED, NULL, 0, &h->e),
		                 ERR_REFUSED);
		if (i == 1)
			assert_ok(h, store_tx_commit(&tx, &h->e));
	}
	assert_ok(h, store_audit_list(h->s, 0, 0, h->a, &l, &h->e));
	assert_int_equal(l.total, 1);
	assert_int_equal(id, 2);
	assert_ok(h, store_job_get(h->s, id, h->a, &j, &h->e));
	assert_int_equal(store_job_get(h->s, id + 1, h->a, &j, &h->e), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(gives_back_what_it_got),
		WITH_STORE(groups_are_made_only_when_asked),
		WITH_STORE(refuses_users_that_are_none),
		WITH_STORE(counts_logins),
		WITH_STORE(the_last_administrator_stays),
		WITH_STORE(groups_can_be_joined_and_left),
		WITH_STORE(keys_belong_to_a_user),
		WITH_STORE(audit_rows_are_masked_and_newest_first),
		WITH_STORE(change_and_audit_row_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
