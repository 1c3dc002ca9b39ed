#include "model/mask.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

/* Names of the wire and of our own; a part of a name is not enough, "password_reset" is none. */
static const char *const secret_keys[] = {
	"password",
	"passwd",
	"new_password",
	"old_password",
	"ssh_password",
	"sudo_password",
	"db_password",
	"admin_password",
	"repl_password",
	"mon_password",
	"postgre_password",
	"root_password",
	"monitor_password",
	"replication_password",
	"rpc_token",
	"token",
	"password_reset_token",
	"secret",
	"passphrase",
	"private_key",
	"ssh_key",
	"key_pem",
	"signature",
};

static bool ends_as_secret(const char *key)
{
	size_t len = strlen(key);

	return len > 9 && str_ieq(key + len - 9, "_password");
}

bool mask_is_secret_key(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(secret_keys); i++) {
		if (str_ieq(key, secret_keys[i]))
			return true;
	}
	return key != NULL && ends_as_secret(key);
}

/* Containers still to be looked at: a stack on the heap, since the depth is the sender's choice. */
struct work {
	struct json **items;
	size_t count, cap;
};

static void push(struct work *w, struct json *j)
{
	if (!json_is_object(j) && !json_is_array(j))
		return;
	if (w->count == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 16;
		w->items = xrealloc(w->items, w->cap, sizeof(w->items[0]));
	}
	w->items[w->count++] = j;
}

static bool shows_something(const struct json *value)
{
	return !json_is_null(value) && !str_eq(json_str(value), "");
}

/* Replacing the value of a member that is there keeps iterators valid. */
static void mask_object(struct work *w, struct json *j)
{
	void *iter = NULL;
	const char *key;
	struct json *value;

	while (json_next(j, &iter, &key, &value)) {
		if (!mask_is_secret_key(key))
			push(w, value);
		else if (shows_something(value))
			json_set_str(j, key, MASK_TEXT);
	}
}

static void mask_array(struct work *w, struct json *j)
{
	for (size_t i = 0; i < json_len(j); i++)
		push(w, json_at(j, i));
}

struct json *mask_secrets(const struct json *j)
{
	struct json *copy = json_copy(j);
	struct work w = { 0 };

	push(&w, copy);
	while (w.count > 0) {
		struct json *next = w.items[--w.count];

		if (json_is_object(next))
			mask_object(&w, next);
		else
			mask_array(&w, next);
	}
	free(w.items);
	return copy;
}
