/* Users, groups and keys of the controller, and their JSON on the wire (CmonUser, CmonGroup). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

#define USER_NAME_MAX   64
#define USER_TEXT_MAX   255
#define USER_KEYS_MAX   32
#define USER_KEY_MAX    (16u << 10)
#define USER_GROUPS_MAX 32

#define GROUP_ADMINS "admins" /* may do everything */
#define GROUP_USERS  "users"  /* the default */

struct group {
	int64_t id;
	const char *name;
	int64_t created;
};

struct group_list {
	struct group *items;
	size_t count;
};

struct user {
	int64_t id;
	const char *name;
	const char *first_name, *last_name, *title, *email;
	struct group *groups; /* the first one is the primary */
	size_t n_groups;
	int64_t created, last_login, last_failed_login;
	int n_failed_logins;
	bool disabled;
	bool has_password;
};

struct user_list {
	struct user *items;
	size_t count;
};

struct user_key {
	int64_t id;
	int64_t user_id;
	const char *name;
	const char *key; /* public; PEM or OpenSSH */
	int64_t created;
};

struct user_key_list {
	struct user_key *items;
	size_t count;
};

struct json *user_wire_json(const struct user *u);
struct json *group_wire_json(const struct group *g);
struct json *user_key_wire_json(const struct user_key *k);
bool user_in_group(const struct user *u, const char *group);
bool user_is_admin(const struct user *u);
/* 1 to 64 letters, digits and "_ . - @", the first one no dot or dash; WHAT: "user", "group". */
enum err_code user_check_name(const char *what, const char *name, struct err *e);
