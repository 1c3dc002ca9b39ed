#include "model/user.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/wire.h"

struct json *group_wire_json(const struct group *g)
{
	struct json *j = json_object_new();

	json_set_str(j, "class_name", "CmonGroup");
	json_set_int(j, "group_id", g->id);
	json_set_str(j, "group_name", g->name);
	json_set_str(j, "owner_user_name", WIRE_SYSTEM_USER);
	json_set_str(j, "owner_group_name", GROUP_ADMINS);
	json_set_str(j, "cdt_path", "/groups");
	json_set_str(j, "acl", WIRE_ACL);
	wire_set_time(j, "created", g->created);
	return j;
}

static void set_groups(const struct user *u, struct json *j)
{
	struct json *groups = json_array_new();

	for (size_t i = 0; i < u->n_groups; i++)
		json_append(groups, group_wire_json(&u->groups[i]));
	json_set(j, "groups", groups);
}

struct json *user_wire_json(const struct user *u)
{
	struct json *j = json_object_new();

	json_set_str(j, "class_name", "CmonUser");
	json_set_int(j, "user_id", u->id);
	json_set_str(j, "user_name", u->name);
	json_set_str(j, "first_name", str_or(u->first_name, ""));
	json_set_str(j, "last_name", str_or(u->last_name, ""));
	json_set_str(j, "title", str_or(u->title, ""));
	json_set_str(j, "email_address", str_or(u->email, ""));
	set_groups(u, j);
	wire_set_time(j, "created", u->created);
	wire_set_time(j, "last_login", u->last_login);
	wire_set_time(j, "last_failed_login", u->last_failed_login);
	json_set_int(j, "n_failed_logins", u->n_failed_logins);
	json_set_bool(j, "disabled", u->disabled);
	json_set_bool(j, "suspended", false);
	json_set_str(j, "origin", "CmonDb");
	json_set_str(j, "distinguished_name", "");
	json_set_int(j, "owner_user_id", u->id);
	json_set_str(j, "owner_user_name", u->name);
	if (u->n_groups > 0) {
		json_set_int(j, "owner_group_id", u->groups[0].id);
		json_set_str(j, "owner_group_name", u->groups[0].name);
	}
	json_set_str(j, "cdt_path", "/");
	json_set_str(j, "acl", WIRE_ACL);
	json_set(j, "tags", json_array_new());
	return j;
}

struct json *user_key_wire_json(const struct user_key *k)
{
	struct json *j = json_object_new();

	json_set_int(j, "key_id", k->id);
	json_set_str(j, "name", k->name);
	json_set_str(j, "key", k->key);
	wire_set_time(j, "created", k->created);
	return j;
}

bool user_in_group(const struct user *u, const char *group)
{
	for (size_t i = 0; i < u->n_groups; i++) {
		if (str_eq(u->groups[i].name, group))
			return true;
	}
	return false;
}

bool user_is_admin(const struct user *u)
{
	return user_in_group(u, GROUP_ADMINS);
}

enum err_code user_check_name(const char *what, const char *name, struct err *e)
{
	static const char ok[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-@";

	if (str_empty(name))
		return err_set(e, ERR_INVALID, "a %s must have a name", what);
	if (strlen(name) > USER_NAME_MAX)
		return err_set(e, ERR_INVALID, "a %s's name has at most %d characters", what,
		               USER_NAME_MAX);
	if (name[strspn(name, ok)] != '\0' || strchr(".-@", name[0]) != NULL) {
		err_set(e, ERR_INVALID, "the %s's name is not valid", what);
		return err_hint(e, "use letters, digits and \"_ . - @\", the first one a letter, "
		                   "a digit or \"_\"");
	}
	return ERR_OK;
}
