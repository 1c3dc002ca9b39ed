/* Stored users, groups and keys; the audit trail. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "model/user.h"
#include "store/store.h"

#define STORE_USERS_MAX 10000

/* A user from name, texts and the names of groups in U (created 0: now); PASSWORD_HASH may be
 * NULL.  A group that does not exist is ERR_NOT_FOUND unless CREATE_GROUPS.  No group: "users".
 * ERR_CONFLICT when the name is taken. */
enum err_code store_user_create(struct store *s, const struct user *u, const char *password_hash,
                                bool create_groups, int64_t *id, struct err *e);
/* By id, or by name when NAME is not NULL.  ERR_NOT_FOUND. */
enum err_code store_user_get(struct store *s, int64_t id, const char *name, struct arena *a,
                             struct user *out, struct err *e);
enum err_code store_user_list(struct store *s, struct arena *a, struct user_list *out,
                              struct err *e);
/* "" when the user has none. */
enum err_code store_user_hash(struct store *s, int64_t id, struct arena *a, const char **hash,
                              struct err *e);
enum err_code store_user_set_password(struct store *s, int64_t id, const char *hash, struct err *e);
enum err_code store_user_set_disabled(struct store *s, int64_t id, bool disabled, struct err *e);
/* A login that succeeded or not. */
enum err_code store_user_seen(struct store *s, int64_t id, bool ok, struct err *e);
/* ERR_REFUSED for the last administrator who is not disabled. */
enum err_code store_user_delete(struct store *s, int64_t id, struct err *e);

enum err_code store_key_add(struct store *s, int64_t user_id, const char *name, const char *key,
                            int64_t *id, struct err *e);
enum err_code store_key_list(struct store *s, int64_t user_id, struct arena *a,
                             struct user_key_list *out, struct err *e);

/* "admins" and "users" are there from the start. */
enum err_code store_group_create(struct store *s, const char *name, int64_t *id, struct err *e);
enum err_code store_group_list(struct store *s, struct arena *a, struct group_list *out,
                               struct err *e);
/* PRIMARY makes it the first of the user's groups. */
enum err_code store_user_join(struct store *s, int64_t user_id, const char *group, bool primary,
                              struct err *e);
enum err_code store_user_leave(struct store *s, int64_t user_id, const char *group, struct err *e);

struct audit {
	int64_t id;
	int64_t created; /* 0: now */
	int64_t user_id;
	const char *user_name;
	const char *ip;
	const char *action; /* "job.create" */
	const char *object; /* "job 42" */
	int64_t cluster_id;
	bool ok;
	const char *details; /* JSON text or NULL; masked by store_audit_add() */
};

struct audit_list {
	struct audit *items;
	size_t count;
	int64_t total;
};

enum err_code store_audit_add(struct store *s, const struct audit *a, struct err *e);
/* Newest first; limit <= 0: 10000. */
enum err_code store_audit_list(struct store *s, int64_t limit, int64_t offset, struct arena *a,
                               struct audit_list *out, struct err *e);
