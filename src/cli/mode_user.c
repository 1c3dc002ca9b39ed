/* pgtandem user */
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/clusters.h"
#include "cli/config.h"
#include "cli/keys.h"
#include "cli/local.h"
#include "cli/modes.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/table.h"

#define PATH_USERS   "/v2/users/"
#define KEY_FILE_MAX 65536

/* ---- --create ---- */

static enum err_code one_name(struct cli *c, const char **name, struct err *e)
{
	if (c->args.n_operands == 1 && key_name_is_safe(c->args.operands[0])) {
		*name = c->args.operands[0];
		return ERR_OK;
	}
	c->bad_options = true;
	if (c->args.n_operands != 1)
		return err_set(e, ERR_INVALID, "exactly one user name is needed");
	return err_set(e, ERR_INVALID, "\"%s\" is no user name", c->args.operands[0]);
}

/* The user's public key: from a file, from an earlier run, or a new one. */
static enum err_code public_key(struct cli *c, const char *name, struct strbuf *pem, struct err *e)
{
	const char *file = args_text(&c->args, OPT_PUBLIC_KEY_FILE);

	if (file)
		return fs_read(file, KEY_FILE_MAX, pem, e);
	return key_for(c->home, name, cli_flag(c, OPT_GENERATE_KEY), pem, e);
}

static struct json *key_list(const char *pem)
{
	struct json *list = json_array_new(), *key = json_object_new();

	json_set_str(key, "name", "No Name");
	json_set_str(key, "key", pem);
	json_append(list, key);
	return list;
}

static struct json *group_list(const char *group)
{
	struct json *list = json_array_new(), *object = json_object_new();

	json_set_str(object, "class_name", "CmonGroup");
	json_set_str(object, "group_name", str_or(group, ""));
	json_append(list, object);
	return list;
}

/* The createUser request as it goes over the network. */
static enum err_code create_request(struct cli *c, const char *name, struct json **out,
                                    struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf pem = STRBUF_INIT;
	struct json *request;

	TRY(public_key(c, name, &pem, e));
	request = request_new("createUser");
	json_set_bool(request, "create_group", false);
	json_set_bool(request, "force_password_update", false);
	request_set(request, "user.class_name", json_string_new("CmonUser"));
	request_set(request, "user.user_name", json_string_new(name));
	request_set(request, "user.groups", group_list(args_text(&c->args, OPT_GROUP)));
	request_set(request, "user.public_keys", key_list(strbuf_cstr(&pem)));
	request_fill(request, &c->args);
	*out = request;
	return ERR_OK;
}

/* The same for the control socket: groups by name, no empty keys. */
static struct json *local_args(const struct cli *c, const struct json *request)
{
	struct json *args = json_object_new(), *user = json_copy(json_get(request, "user"));
	struct json *groups = json_array_new(), *keys = json_get(user, "public_keys");
	const char *password = c->args.values[OPT_NEW_PASSWORD].secret;

	json_append_str(groups, str_or(args_text(&c->args, OPT_GROUP), "admins"));
	json_set(user, "groups", groups);
	json_del(user, "class_name");
	if (str_empty(json_get_str(json_at(keys, 0), "key")))
		json_set(user, "public_keys", json_array_new());
	json_set(args, "user", user);
	json_set_str(args, "password", password);
	json_set_bool(args, "create_group", cli_flag(c, OPT_CREATE_GROUP));
	return args;
}

static enum err_code create_locally(struct cli *c, const char *name, const struct json *request,
                                    struct err *e)
{
	CLEANUP(json_free) struct json *result = NULL;
	const char *path = str_or(args_text(&c->args, OPT_CONTROL_SOCKET), LOCAL_SOCKET_DEFAULT);
	char base[600];

	if (!c->args.values[OPT_NEW_PASSWORD].given &&
	    str_empty(json_get_str(json_at(json_get(json_get(request, "user"), "public_keys"), 0),
	                           "key"))) {
		c->bad_options = true;
		return err_set(
		        e, ERR_INVALID,
		        "the user needs --generate-key, --public-key-file or --new-password");
	}
	TRY(local_call(path, "user.create", local_args(c, request), &result, e));
	TRY(config_save_login(c->home, name, url_base(&c->conf.url, base, sizeof(base)), e));
	if (cli_is_json(c) && result)
		cli_print_json(result);
	else if (!cli_is_json(c) && !c->screen.batch)
		fprintf(stderr, "Grant user '%s' succeeded.\n", name);
	return ERR_OK;
}

enum err_code run_user_create(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *request = NULL;
	const struct json *reply;
	const char *name = NULL;

	TRY(one_name(c, &name, e));
	TRY(create_request(c, name, &request, e));
	if (!cli_has_credentials(c) || cli_flag(c, OPT_CONTROL_SOCKET))
		return create_locally(c, name, request, e);
	TRY(cli_call(c, PATH_USERS, request, &reply, e));
	print_done(c, reply, "User created.");
	return ERR_OK;
}

/* ---- --list, --whoami ---- */

static void join_groups(const struct json *user, struct strbuf *out)
{
	const struct json *groups = json_get(user, "groups");

	for (size_t i = 0; i < json_len(groups); i++)
		strbuf_addf(out, "%s%s", i ? "," : "",
		            str_or(json_get_str(json_at(groups, i), "group_name"), "-"));
}

static void real_name(const struct json *user, struct strbuf *out)
{
	static const char *const parts[] = { "title", "first_name", "last_name" };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *part = json_get_str(user, parts[i]);

		if (!str_empty(part))
			strbuf_addf(out, "%s%s", out->len ? " " : "", part);
	}
}

static void user_row(struct table *t, const struct json *user, int64_t self)
{
	CLEANUP(strbuf_release) struct strbuf groups = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf name = STRBUF_INIT;
	int64_t id = json_get_int(user, "user_id", 0);
	bool is_barred =
	        json_get_bool(user, "disabled", false) || json_get_bool(user, "suspended", false);

	join_groups(user, &groups);
	real_name(user, &name);
	table_cell(t, TINT_GREEN, id == self ? "A" : "-");
	table_int(t, TINT_NONE, id);
	table_cell(t, is_barred ? TINT_RED : TINT_BLUE, json_get_str(user, "user_name"));
	table_cell(t, TINT_NONE, groups.len ? strbuf_cstr(&groups) : "-");
	table_cell(t, TINT_NONE, str_or(json_get_str(user, "email_address"), "-"));
	table_cell(t, TINT_NONE, name.len ? strbuf_cstr(&name) : "-");
}

static struct table *user_table(const struct cli *c)
{
	static const struct table_column columns[] = {
		{ "A", false },      { "ID", true },     { "UNAME", false },
		{ "GROUPS", false }, { "EMAIL", false }, { "REALNAME", false },
	};

	return table_new(&c->screen, columns, ARRAY_SIZE(columns));
}

static void list_names(const struct cli *c, const struct json *users, struct strbuf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < json_len(users); i++) {
		const char *name = str_or(json_get_str(json_at(users, i), "user_name"), "-");

		if (!clusters_wanted(c, name))
			continue;
		if (count++)
			strbuf_addc(out, ' ');
		screen_text(&c->screen, name, out);
	}
	if (count)
		strbuf_addc(out, '\n');
}

enum err_code run_user_list(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *request = request_new("getUsers");
	CLEANUP(table_free) struct table *t = user_table(c);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct json *reply, *users;

	request_fill(request, &c->args);
	TRY(cli_call(c, PATH_USERS, request, &reply, e));
	if (cli_is_json(c))
		return ERR_OK;
	users = json_get(reply, "users");
	if (!cli_flag(c, OPT_LONG)) {
		list_names(c, users, &out);
		screen_flush(&out);
		return ERR_OK;
	}
	for (size_t i = 0; i < json_len(users); i++)
		if (clusters_wanted(c, json_get_str(json_at(users, i), "user_name")))
			user_row(t, json_at(users, i), json_get_int(reply, "request_user_id", -1));
	if (table_rows(t))
		table_print(t, &out);
	clusters_total(c, table_rows(t), "", &out);
	screen_flush(&out);
	return ERR_OK;
}

enum err_code run_user_whoami(struct cli *c, int *status, struct err *e)
{
	CLEANUP(json_free) struct json *request = request_new("whoAmI");
	CLEANUP(table_free) struct table *t = user_table(c);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct json *reply, *user;

	json_set_bool(request, "with_extended_privileges", true);
	TRY(cli_call(c, PATH_USERS, request, &reply, e));
	if (cli_is_json(c))
		return ERR_OK;
	user = json_get(reply, "user");
	if (cli_flag(c, OPT_LONG)) {
		user_row(t, user, json_get_int(user, "user_id", -1));
		table_print(t, &out);
	} else {
		screen_text(&c->screen, str_or(json_get_str(user, "user_name"), "-"), &out);
		strbuf_addc(&out, '\n');
	}
	screen_flush(&out);
	return ERR_OK;
}
