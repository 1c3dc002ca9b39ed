/* Groups, who is in them, and users' public keys. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/db.h"
#include "store/group_row.h"
#include "store/users.h"

#define GROUPS_MAX 1000

static enum err_code insert_group(struct store *s, const char *name, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main,
	                "INSERT INTO groups (group_name, created) SELECT ?1, ?2"
	                " WHERE NOT EXISTS (SELECT 1 FROM groups WHERE group_name = ?1)",
	                &q, e));
	bind_text(&q, name);
	bind_int(&q, clock_wall_ms());
	return query_run(&q, e);
}

enum err_code group_ensure(struct store *s, const char *name, struct err *e)
{
	int64_t n = 0;

	TRY(user_check_name("group", name, e));
	TRY(db_get_int(&s->main, "SELECT count(*) FROM groups", 0, &n, NULL, e));
	if (n >= GROUPS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d groups", GROUPS_MAX);
	return insert_group(s, name, e);
}

enum err_code store_group_create(struct store *s, const char *name, int64_t *id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(group_ensure(s, name, e));
	if (db_changes(&s->main) == 0)
		return err_set(e, ERR_CONFLICT, "Group '%s' exists already.", name);
	*id = db_last_id(&s->main);
	return store_tx_commit(&tx, e);
}

static void read_group(const struct query *q, struct arena *a, struct group *g)
{
	g->id = col_int(q, 0);
	g->name = col_text(q, 1, a);
	g->created = col_int(q, 2);
}

enum err_code store_group_list(struct store *s, struct arena *a, struct group_list *out,
                               struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	struct group_list l = { ARENA_NEWN(a, GROUPS_MAX, struct group), 0 };
	bool row;

	TRY(query_begin(&s->main,
	                "SELECT group_id, group_name, created FROM groups ORDER BY group_id", &q,
	                e));
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row || l.count == GROUPS_MAX)
			break;
		read_group(&q, a, &l.items[l.count++]);
	}
	*out = l;
	return ERR_OK;
}

enum err_code user_read_groups(struct store *s, struct arena *a, struct user *u, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	u->groups = ARENA_NEWN(a, USER_GROUPS_MAX, struct group);
	u->n_groups = 0;
	TRY(query_begin(&s->main,
	                "SELECT group_id, group_name, created FROM user_groups"
	                " JOIN groups USING (group_id) WHERE user_id = ?1 ORDER BY position",
	                &q, e));
	bind_int(&q, u->id);
	for (;;) {
		TRY(query_step(&q, &row, e));
		if (!row || u->n_groups == USER_GROUPS_MAX)
			return ERR_OK;
		read_group(&q, a, &u->groups[u->n_groups++]);
	}
}

static enum err_code check_user(struct store *s, int64_t id, struct err *e)
{
	int64_t there;
	bool found;

	TRY(db_get_int(&s->main, "SELECT user_id FROM users WHERE user_id = ?1", id, &there, &found,
	               e));
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "User %" PRId64 " is not found.", id);
	return ERR_OK;
}

static enum err_code find_group(struct store *s, const char *name, int64_t *id, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main, "SELECT group_id FROM groups WHERE group_name = ?1", &q, e));
	bind_text(&q, name);
	TRY(query_step(&q, &row, e));
	if (!row)
		return err_set(e, ERR_NOT_FOUND, "Group '%s' is not found.", str_or(name, ""));
	*id = col_int(&q, 0);
	return ERR_OK;
}

/* Positions may be negative and have gaps: only their order counts. */
static enum err_code insert_member(struct store *s, int64_t user_id, int64_t group_id, bool primary,
                                   struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main,
	                "INSERT INTO user_groups SELECT ?1, ?2, CASE WHEN ?3"
	                " THEN ifnull(min(position), 0) - 1 ELSE ifnull(max(position), 0) + 1 END"
	                " FROM user_groups WHERE user_id = ?1 ON CONFLICT (user_id, group_id)"
	                " DO UPDATE SET position = CASE WHEN ?3 THEN excluded.position"
	                " ELSE position END",
	                &q, e));
	bind_int(&q, user_id);
	bind_int(&q, group_id);
	bind_int(&q, primary);
	return query_run(&q, e);
}

enum err_code store_user_join(struct store *s, int64_t user_id, const char *group, bool primary,
                              struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	int64_t id = 0;

	TRY(store_tx_begin(s, &tx, e));
	TRY(check_user(s, user_id, e));
	TRY(find_group(s, group, &id, e));
	TRY(insert_member(s, user_id, id, primary, e));
	return store_tx_commit(&tx, e);
}

static enum err_code delete_member(struct store *s, int64_t user_id, int64_t group_id,
                                   const char *group, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main, "DELETE FROM user_groups WHERE user_id = ?1 AND group_id = ?2",
	                &q, e));
	bind_int(&q, user_id);
	bind_int(&q, group_id);
	TRY(query_run(&q, e));
	if (db_changes(&s->main) == 0)
		return err_set(e, ERR_REFUSED, "The user is not in the group '%s'.", group);
	return ERR_OK;
}

enum err_code store_user_leave(struct store *s, int64_t user_id, const char *group, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	int64_t id = 0;

	TRY(store_tx_begin(s, &tx, e));
	TRY(check_user(s, user_id, e));
	TRY(find_group(s, group, &id, e));
	if (str_eq(group, GROUP_ADMINS))
		TRY(user_check_not_last_admin(s, user_id, e));
	TRY(delete_member(s, user_id, id, group, e));
	return store_tx_commit(&tx, e);
}

enum err_code user_check_not_last_admin(struct store *s, int64_t id, struct err *e)
{
	int64_t others = 0, self = 0;

	TRY(db_get_int(&s->main,
	               "SELECT count(*) FROM users JOIN user_groups USING (user_id)"
	               " JOIN groups USING (group_id) WHERE group_name = '" GROUP_ADMINS "'"
	               " AND NOT disabled AND user_id <> ?1",
	               id, &others, NULL, e));
	TRY(db_get_int(&s->main,
	               "SELECT count(*) FROM user_groups JOIN groups USING (group_id)"
	               " WHERE group_name = '" GROUP_ADMINS "' AND user_id = ?1",
	               id, &self, NULL, e));
	if (others == 0 && self > 0)
		return err_set(e, ERR_REFUSED, "The user is the last administrator.");
	return ERR_OK;
}

static enum err_code check_key(struct store *s, int64_t user_id, const char *key, struct err *e)
{
	int64_t n = 0;

	if (str_empty(key) || strlen(key) > USER_KEY_MAX)
		return err_set(e, ERR_INVALID, "the public key is empty or too long");
	TRY(db_get_int(&s->main, "SELECT count(*) FROM user_keys WHERE user_id = ?1", user_id, &n,
	               NULL, e));
	if (n >= USER_KEYS_MAX)
		return err_set(e, ERR_LIMIT, "a user has at most %d keys", USER_KEYS_MAX);
	return ERR_OK;
}

static enum err_code insert_key(struct store *s, int64_t user_id, const char *name, const char *key,
                                struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main,
	                "INSERT INTO user_keys (user_id, name, key, created)"
	                " VALUES (?1, ?2, ?3, ?4)",
	                &q, e));
	bind_int(&q, user_id);
	bind_text(&q, str_or(name, "No Name"));
	bind_text(&q, key);
	bind_int(&q, clock_wall_ms());
	if (query_run(&q, e) == ERR_OK)
		return ERR_OK;
	if (e != NULL && e->code == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "The user has this key already.");
	return err_wrap(e, "add a key");
}

enum err_code store_key_add(struct store *s, int64_t user_id, const char *name, const char *key,
                            int64_t *id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	int64_t made;

	TRY(store_tx_begin(s, &tx, e));
	TRY(check_user(s, user_id, e));
	TRY(check_key(s, user_id, key, e));
	TRY(insert_key(s, user_id, name, key, e));
	made = db_last_id(&s->main);
	TRY(store_tx_commit(&tx, e));
	if (id != NULL)
		*id = made;
	return ERR_OK;
}

enum err_code store_key_list(struct store *s, int64_t user_id, struct arena *a,
                             struct user_key_list *out, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	struct user_key_list l = { ARENA_NEWN(a, USER_KEYS_MAX, struct user_key), 0 };
	bool row;

	TRY(query_begin(&s->main,
	                "SELECT key_id, user_id, name, key, created FROM user_keys"
	                " WHERE user_id = ?1 ORDER BY key_id",
	                &q, e));
	bind_int(&q, user_id);
	for (;;) {
		struct user_key *k = &l.items[l.count];

		TRY(query_step(&q, &row, e));
		if (!row || l.count == USER_KEYS_MAX)
			break;
		k->id = col_int(&q, 0);
		k->user_id = col_int(&q, 1);
		k->name = col_text(&q, 2, a);
		k->key = col_text(&q, 3, a);
		k->created = col_int(&q, 4);
		l.count++;
	}
	*out = l;
	return ERR_OK;
}
