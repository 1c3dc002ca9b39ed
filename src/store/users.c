/* Users and their keys. */
#include "store/users.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/db.h"
#include "store/group_row.h"

static enum err_code not_found(int64_t id, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "User %" PRId64 " is not found.", id);
}

static enum err_code check_text(const char *what, const char *text, struct err *e)
{
	if (text != NULL && strlen(text) > USER_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "the %s has at most %d bytes", what, USER_TEXT_MAX);
	return ERR_OK;
}

static enum err_code check_user(const struct user *u, struct err *e)
{
	TRY(user_check_name("user", u->name, e));
	TRY(check_text("first name", u->first_name, e));
	TRY(check_text("last name", u->last_name, e));
	TRY(check_text("title", u->title, e));
	TRY(check_text("e-mail address", u->email, e));
	if (u->n_groups > USER_GROUPS_MAX)
		return err_set(e, ERR_LIMIT, "a user is in at most %d groups", USER_GROUPS_MAX);
	return ERR_OK;
}

static enum err_code check_room(struct store *s, const char *name, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	int64_t n = 0;
	bool row;

	TRY(db_get_int(&s->main, "SELECT count(*) FROM users", 0, &n, NULL, e));
	if (n >= STORE_USERS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d users", STORE_USERS_MAX);
	TRY(query_begin(&s->main, "SELECT 1 FROM users WHERE user_name = ?1", &q, e));
	bind_text(&q, name);
	TRY(query_step(&q, &row, e));
	if (row)
		return err_set(e, ERR_CONFLICT, "User '%s' exists already.", name);
	return ERR_OK;
}

static enum err_code insert_user(struct store *s, const struct user *u, const char *hash,
                                 struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(
	        &s->main,
	        "INSERT INTO users (user_name, first_name, last_name, title, email,"
	        " password_hash, created, disabled) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	        &q, e));
	bind_text(&q, u->name);
	bind_text(&q, u->first_name);
	bind_text(&q, u->last_name);
	bind_text(&q, u->title);
	bind_text(&q, u->email);
	bind_text(&q, hash);
	bind_int(&q, u->created != 0 ? u->created : clock_wall_ms());
	bind_int(&q, u->disabled);
	return query_run(&q, e);
}

static enum err_code join_all(struct store *s, int64_t id, const struct user *u, bool create,
                              struct err *e)
{
	size_t joined = 0;

	for (size_t i = 0; i < u->n_groups; i++) {
		if (str_empty(u->groups[i].name)) /* what public clients send for "no group" */
			continue;
		if (create)
			TRY(group_ensure(s, u->groups[i].name, e));
		TRY(store_user_join(s, id, u->groups[i].name, false, e));
		joined++;
	}
	return joined > 0 ? ERR_OK : store_user_join(s, id, GROUP_USERS, false, e);
}

enum err_code store_user_create(struct store *s, const struct user *u, const char *password_hash,
                                bool create_groups, int64_t *id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	int64_t made;

	TRY(check_user(u, e));
	TRY(store_tx_begin(s, &tx, e));
	TRY(check_room(s, u->name, e));
	TRY(insert_user(s, u, password_hash, e));
	made = db_last_id(&s->main);
	TRY(join_all(s, made, u, create_groups, e));
	TRY(store_tx_commit(&tx, e));
	*id = made;
	return ERR_OK;
}

#define USER_COLUMNS                                                                           \
	"SELECT user_id, user_name, first_name, last_name, title, email, created, last_login," \
	" last_failed_login, n_failed_logins, disabled, password_hash <> '' FROM users"

static void read_user(const struct query *q, struct arena *a, struct user *u)
{
	u->id = col_int(q, 0);
	u->name = col_text(q, 1, a);
	u->first_name = col_text(q, 2, a);
	u->last_name = col_text(q, 3, a);
	u->title = col_text(q, 4, a);
	u->email = col_text(q, 5, a);
	u->created = col_int(q, 6);
	u->last_login = col_int(q, 7);
	u->last_failed_login = col_int(q, 8);
	u->n_failed_logins = (int)col_int(q, 9);
	u->disabled = col_int(q, 10) != 0;
	u->has_password = col_int(q, 11) != 0;
}

static enum err_code get_user(struct store *s, int64_t id, const char *name, struct arena *a,
                              struct user *out, bool *found, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main,
	                name != NULL ? USER_COLUMNS " WHERE user_name = ?1"
	                             : USER_COLUMNS " WHERE user_id = ?1",
	                &q, e));
	if (name != NULL)
		bind_text(&q, name);
	else
		bind_int(&q, id);
	TRY(query_step(&q, found, e));
	if (*found)
		read_user(&q, a, out);
	return ERR_OK;
}

enum err_code store_user_get(struct store *s, int64_t id, const char *name, struct arena *a,
                             struct user *out, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	struct user u = { 0 };
	bool found;

	TRY(store_tx_begin(s, &tx, e));
	TRY(get_user(s, id, name, a, &u, &found, e));
	if (!found && name != NULL)
		return err_set(e, ERR_NOT_FOUND, "User '%s' is not found.", name);
	if (!found)
		return not_found(id, e);
	TRY(user_read_groups(s, a, &u, e));
	*out = u;
	return ERR_OK;
}

static enum err_code read_users(struct store *s, struct arena *a, struct user_list *l,
                                struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	int64_t wanted = 0;
	bool row;

	TRY(db_get_int(&s->main, "SELECT count(*) FROM users", 0, &wanted, NULL, e));
	l->items = ARENA_NEWN(a, (size_t)wanted, struct user);
	TRY(query_begin(&s->main, USER_COLUMNS " ORDER BY user_id", &q, e));
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row || l->count == (size_t)wanted)
			return ERR_OK;
		read_user(&q, a, &l->items[l->count]);
		TRY(user_read_groups(s, a, &l->items[l->count++], e));
	}
}

enum err_code store_user_list(struct store *s, struct arena *a, struct user_list *out,
                              struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	struct user_list l = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(read_users(s, a, &l, e));
	*out = l;
	return ERR_OK;
}

enum err_code store_user_hash(struct store *s, int64_t id, struct arena *a, const char **hash,
                              struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main, "SELECT password_hash FROM users WHERE user_id = ?1", &q, e));
	bind_int(&q, id);
	TRY(query_step(&q, &row, e));
	if (!row)
		return not_found(id, e);
	*hash = col_text(&q, 0, a);
	return ERR_OK;
}

static enum err_code change_user(struct store *s, struct query *q, int64_t id, struct err *e)
{
	bind_int(q, id);
	TRY(query_run(q, e));
	return db_changes(&s->main) > 0 ? ERR_OK : not_found(id, e);
}

enum err_code store_user_set_password(struct store *s, int64_t id, const char *hash, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(query_end) struct query q = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(query_begin(&s->main,
	                "UPDATE users SET password_hash = ?1, n_failed_logins = 0"
	                " WHERE user_id = ?2",
	                &q, e));
	bind_text(&q, hash);
	TRY(change_user(s, &q, id, e));
	query_end(&q);
	return store_tx_commit(&tx, e);
}

enum err_code store_user_seen(struct store *s, int64_t id, bool ok, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(query_end) struct query q = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(query_begin(&s->main,
	                ok ? "UPDATE users SET last_login = ?1, n_failed_logins = 0"
	                     " WHERE user_id = ?2"
	                   : "UPDATE users SET last_failed_login = ?1,"
	                     " n_failed_logins = n_failed_logins + 1 WHERE user_id = ?2",
	                &q, e));
	bind_int(&q, clock_wall_ms());
	TRY(change_user(s, &q, id, e));
	query_end(&q);
	return store_tx_commit(&tx, e);
}

enum err_code store_user_set_disabled(struct store *s, int64_t id, bool disabled, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(query_end) struct query q = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	if (disabled)
		TRY(user_check_not_last_admin(s, id, e));
	TRY(query_begin(&s->main, "UPDATE users SET disabled = ?1 WHERE user_id = ?2", &q, e));
	bind_int(&q, disabled);
	TRY(change_user(s, &q, id, e));
	query_end(&q);
	return store_tx_commit(&tx, e);
}

enum err_code store_user_delete(struct store *s, int64_t id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	CLEANUP(query_end) struct query q = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(user_check_not_last_admin(s, id, e));
	TRY(query_begin(&s->main, "DELETE FROM users WHERE user_id = ?1", &q, e));
	TRY(change_user(s, &q, id, e));
	query_end(&q);
	return store_tx_commit(&tx, e);
}
