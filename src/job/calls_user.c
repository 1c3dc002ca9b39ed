#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "crypt/mem.h"
#include "crypt/password.h"
#include "crypt/rsa.h"
#include "job/internal.h"
#include "store/users.h"

static enum err_code groups_of(const struct json *user, struct group *groups, size_t *len,
                               struct err *e)
{
	const struct json *list = json_get(user, "groups");

	*len = json_len(list);
	if (*len > USER_GROUPS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d groups", USER_GROUPS_MAX);
	for (size_t i = 0; i < *len; i++) {
		groups[i] = (struct group){ .name = json_str(json_at(list, i)) };
		TRY(user_check_name("group", str_or(groups[i].name, ""), e));
	}
	return ERR_OK;
}

static enum err_code add_keys(struct store *s, int64_t user_id, const struct json *list,
                              struct err *e)
{
	if (json_len(list) > USER_KEYS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d keys", USER_KEYS_MAX);
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json *key = json_at(list, i);
		const char *text = str_or(json_get_str(key, "key"), "");
		const char *name = str_or(json_get_str(key, "name"), "No Name");
		int64_t id;

		if (strlen(text) > USER_KEY_MAX)
			return err_set(e, ERR_LIMIT, "key \"%s\" is too long", name);
		if (crypt_rsa_check_public(text, e) != ERR_OK)
			return err_wrap(e, "key \"%s\"", name);
		TRY(store_key_add(s, user_id, name, text, &id, e));
	}
	return ERR_OK;
}

static enum err_code fill(const struct json *user, struct user *u, struct err *e)
{
	u->name = str_or(json_get_str(user, "user_name"), "");
	TRY(user_check_name("user", u->name, e));
	u->first_name = json_get_str(user, "first_name");
	u->last_name = json_get_str(user, "last_name");
	u->email = json_get_str(user, "email_address");
	u->title = json_get_str(user, "title");
	return groups_of(user, u->groups, &u->n_groups, e);
}

enum err_code call_user_create(struct api_call *c, struct json **result, struct err *e)
{
	const struct json *user = json_get(c->args, "user");
	const char *password = json_get_str(c->args, "password");
	struct group groups[USER_GROUPS_MAX];
	struct user u = { .groups = groups };
	struct store *s = c->engine->store;
	char hash[CRYPT_HASH_SIZE] = "";
	int64_t id;

	TRY(fill(user, &u, e));
	if (!str_empty(password))
		TRY(crypt_password_hash(password, hash, e));
	TRY(store_user_create(s, &u, hash[0] ? hash : NULL,
	                      json_get_bool(c->args, "create_group", false), &id, e));
	crypt_wipe(hash, sizeof(hash));
	TRY(add_keys(s, id, json_get(user, "public_keys"), e));
	*result = json_object_new();
	json_set_int(*result, "user_id", id);
	return api_audit(c, "user.create", 0, NULL, e, "user %s", u.name);
}

enum err_code call_user_seen(struct api_call *c, struct json **result, struct err *e)
{
	int64_t id = json_get_int(c->args, "user_id", 0);
	bool ok = json_get_bool(c->args, "ok", false);
	struct audit row = { .user_id = id,
		             .ip = json_get_str(c->args, "ip"),
		             .action = "login",
		             .object = "",
		             .ok = ok };
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct user u;

	TRY(store_user_get(c->engine->store, id, NULL, a, &u, e));
	TRY(store_user_seen(c->engine->store, id, ok, e));
	row.user_name = u.name;
	return store_audit_add(c->engine->store, &row, e);
}

enum err_code call_user_password(struct api_call *c, struct json **result, struct err *e)
{
	int64_t id = json_get_int(c->args, "user_id", 0);
	const char *password = str_or(json_get_str(c->args, "password"), "");
	CLEANUP(arena_free) struct arena *a = arena_new();
	char hash[CRYPT_HASH_SIZE];
	struct user u;

	TRY(store_user_get(c->engine->store, id, NULL, a, &u, e));
	TRY(crypt_password_hash(password, hash, e));
	TRY(store_user_set_password(c->engine->store, id, hash, e));
	crypt_wipe(hash, sizeof(hash));
	return api_audit(c, "user.password", 0, NULL, e, "user %s", u.name);
}
