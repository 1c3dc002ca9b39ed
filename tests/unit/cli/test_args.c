#include "cli/args.h"

#include <stdio.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

#define WORDS_MAX 16

/* argv is written to, so it is made anew from LINE, words separated by blanks. */
struct line {
	char text[512];
	char *argv[WORDS_MAX + 1];
	int argc;
};

static void make_line(struct line *l, const char *text)
{
	char *save = NULL;

	snprintf(l->text, sizeof(l->text), "pgtandem %s", text);
	l->argc = 0;
	for (char *word = strtok_r(l->text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(l->argc < WORDS_MAX);
		l->argv[l->argc++] = word;
	}
	l->argv[l->argc] = NULL;
}

struct fake {
	const char *env[8][2];
	const char *config[8][2];
	const char *answer;
	int asked;
	bool from_stdin;
};

static const char *lookup(const char *const rows[8][2], const char *name)
{
	for (int i = 0; i < 8 && rows[i][0]; i++)
		if (str_eq(rows[i][0], name))
			return rows[i][1];
	return NULL;
}

static const char *fake_env(void *ctx, const char *name)
{
	return lookup(((struct fake *)ctx)->env, name);
}

static const char *fake_config(void *ctx, const char *key)
{
	return lookup(((struct fake *)ctx)->config, key);
}

static enum err_code fake_ask(void *ctx, const char *what, bool from_stdin, char **out,
                              struct err *e)
{
	struct fake *f = ctx;

	f->asked++;
	f->from_stdin = from_stdin;
	if (!f->answer)
		return err_set(e, ERR_INVALID, "no terminal");
	*out = xstrdup(f->answer);
	return ERR_OK;
}

static enum err_code complete(struct cli_args *a, struct fake *f)
{
	struct cli_sources sources = { fake_env, fake_config, fake_ask, f };

	return args_complete(a, &sources);
}

/* Every row of the tables can be used: names are unique, secrets have their twins. */
static void tables_are_sound(UNUSED_STATE)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		assert_non_null(cli_options[i].name);
		assert_non_null(cli_options[i].help);
		if (cli_options[i].kind == CLI_SECRET)
			assert_int_equal(cli_options[i + 1].secret, i);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(cli_options[i].name, cli_options[k].name);
	}
	for (size_t m = 0; m < cli_mode_count; m++)
		for (size_t i = 0; i < cli_modes[m].n_commands; i++)
			assert_non_null(cli_modes[m].commands[i].run);
}

static void finds_mode_and_command(UNUSED_STATE)
{
	static const struct {
		const char *line, *mode, *command;
	} rows[] = {
		{ "cluster --list", "cluster", "list" },
		{ "--list clusters", "cluster", "list" },
		{ "job --log --job-id=1", "job", "log" },
		{ "job --wait --job-id 1", "job", "wait" },
		{ "job --success --log", "job", "success" },
		{ "job --log --fail --wait", "job", "fail" },
		{ "replication --stop --slave a --wait", "replication", "stop" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cli_args a;
		struct line l;

		make_line(&l, rows[i].line);
		assert_int_equal(args_parse(&a, l.argc, l.argv), ERR_OK);
		assert_string_equal(a.mode->name, rows[i].mode);
		assert_string_equal(a.command->name, rows[i].command);
		args_release(&a);
	}
}

static void collects_every_complaint(UNUSED_STATE)
{
	struct cli_args a;
	struct line l;

	make_line(&l, "cluster --create --x --y=1 --slave=a --long=2 word");
	assert_int_equal(args_parse(&a, l.argc, l.argv), ERR_INVALID);
	assert_string_equal(strbuf_cstr(&a.complaints),
	                    "unknown option --x\nunknown option --y\n--long takes no value\n"
	                    "--slave is no option of cluster --create\n"
	                    "--long is no option of cluster --create\n"
	                    "cluster --create takes no names, but there is \"word\"\n");
	args_release(&a);
}

static void wipes_secrets_from_argv(UNUSED_STATE)
{
	struct cli_args a;
	struct line l;

	make_line(&l, "cluster --create --nodes=a --db-admin-passwd=one --os-password two");
	assert_int_equal(args_parse(&a, l.argc, l.argv), ERR_OK);
	assert_string_equal(a.values[OPT_DB_ADMIN_PASSWD].secret, "one");
	assert_string_equal(a.values[OPT_OS_PASSWORD].secret, "two");
	assert_null(a.values[OPT_OS_PASSWORD].text);
	assert_string_equal(l.argv[4], "--db-admin-passwd=");
	assert_string_equal(l.argv[6], "");
	args_release(&a);
}

static void values_come_from_line_then_environment_then_configuration(UNUSED_STATE)
{
	struct fake f = {
		.env = { { "CMON_CLUSTER_ID", "7" }, { "CMON_CONTROLLER", "https://b" } },
		.config = { { "default_cluster_id", "8" },
		            { "controller", "https://c" },
		            { "cmon_user", "u" } },
	};
	struct cli_args a;
	struct line l;

	make_line(&l, "cluster --list --cmon-user=line");
	assert_int_equal(args_parse(&a, l.argc, l.argv), ERR_OK);
	assert_int_equal(complete(&a, &f), ERR_OK);
	assert_int_equal(args_int(&a, OPT_CLUSTER_ID, 0), 7);
	assert_string_equal(args_text(&a, OPT_CONTROLLER), "https://b");
	assert_string_equal(args_text(&a, OPT_CMON_USER), "line");
	assert_null(args_text(&a, OPT_CA_FILE));
	args_release(&a);
}

static void a_name_on_the_line_bars_an_id_from_elsewhere(UNUSED_STATE)
{
	struct fake f = { .env = { { "CMON_CLUSTER_ID", "7" } } };
	struct cli_args a;
	struct line l;

	make_line(&l, "cluster --list --cluster-name=x");
	assert_int_equal(args_parse(&a, l.argc, l.argv), ERR_OK);
	assert_int_equal(complete(&a, &f), ERR_OK);
	assert_false(args_given(&a, OPT_CLUSTER_ID));
	args_release(&a);
	make_line(&l, "cluster --drop");
	assert_int_equal(args_parse(&a, l.argc, l.argv), ERR_OK);
	assert_int_equal(complete(&a, &f), ERR_INVALID);
	args_release(&a);
}

static void asks_for_secrets_that_are_empty(UNUSED_STATE)
{
	static const struct {
		const char *line, *answer;
		bool ok, from_stdin;
	} rows[] = {
		{ "cluster --register --nodes=a --db-admin-passwd=", "typed", true, false },
		{ "cluster --register --nodes=a --db-admin-passwd=-", "typed", true, true },
		{ "cluster --register --nodes=a --db-admin-passwd=", NULL, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake f = { .answer = rows[i].answer };
		struct cli_args a;
		struct line l;

		make_line(&l, rows[i].line);
		assert_int_equal(args_parse(&a, l.argc, l.argv), ERR_OK);
		assert_int_equal(complete(&a, &f), rows[i].ok ? ERR_OK : ERR_INVALID);
		assert_int_equal(f.asked, 1);
		assert_int_equal(f.from_stdin, rows[i].from_stdin);
		if (rows[i].ok)
			assert_string_equal(a.values[OPT_DB_ADMIN_PASSWD].secret, "typed");
		args_release(&a);
	}
}

static void a_key_is_assumed_unless_there_is_a_password(UNUSED_STATE)
{
	struct fake f = { .env = { { "@user", "me" }, { "@key", "/home/me/.ssh/id_rsa" } } };
	struct cli_args a;
	struct line l;

	make_line(&l, "cluster --register --nodes=a");
	args_parse(&a, l.argc, l.argv);
	assert_int_equal(complete(&a, &f), ERR_OK);
	assert_string_equal(args_text(&a, OPT_OS_USER), "me");
	assert_string_equal(args_text(&a, OPT_OS_KEY_FILE), "/home/me/.ssh/id_rsa");
	args_release(&a);
	make_line(&l, "cluster --register --nodes=a --os-password=x");
	args_parse(&a, l.argc, l.argv);
	assert_int_equal(complete(&a, &f), ERR_OK);
	assert_false(args_given(&a, OPT_OS_KEY_FILE));
	args_release(&a);
}

/* What a value becomes in the request; NULL: it is refused. */
static void converts_and_checks_values(UNUSED_STATE)
{
	static const struct {
		enum cli_option_id id;
		const char *text, *json;
	} rows[] = {
		{ OPT_NO_INSTALL, "", "false" },
		{ OPT_FAIL_STOP_SLAVE, "", "\"true\"" },
		{ OPT_DRY_RUN, "", "true" },
		{ OPT_SYNCHRONOUS, "yes", "true" },
		{ OPT_REMOVE_BACKUPS, "off", "\"false\"" },
		{ OPT_SYNCHRONOUS, "maybe", NULL },
		{ OPT_OS_PORT, "65535", "65535" },
		{ OPT_OS_PORT, "65536", NULL },
		{ OPT_OS_PORT, "22x", NULL },
		{ OPT_LIMIT, "-1", "-1" },
		{ OPT_PROVIDER_VERSION, "9.6", "\"9.6\"" },
		{ OPT_PROVIDER_VERSION, "11", "\"11\"" },
		{ OPT_PROVIDER_VERSION, "11.", NULL },
		{ OPT_PROVIDER_VERSION, ".11", NULL },
		{ OPT_PROVIDER_VERSION, "1.2.3.4", NULL },
		{ OPT_PROVIDER_VERSION, "11beta", NULL },
		{ OPT_PROVIDER_VERSION, "", NULL },
		{ OPT_SERVER_ACTION, "stop", "\"stop\"" },
		{ OPT_SERVER_ACTION, "sto", NULL },
		{ OPT_SERVER_ACTION, "stop|leave", NULL },
		{ OPT_JOB_TAGS, "a,b;c;;", "[\"a\",\"b\",\"c\"]" },
		{ OPT_SCHEDULE, "2026-12-24 12:00:00", "\"2026-12-24 12:00:00\"" },
		{ OPT_SCHEDULE, "soon", NULL },
		{ OPT_CLUSTER_NAME, "na\xc3\xafve", "\"na\xc3\xafve\"" },
		{ OPT_CLUSTER_NAME, "bad\xff", NULL },
		{ OPT_CLUSTER_NAME, "a\tb", NULL },
		{ OPT_DATADIR, "", NULL },
		{ OPT_MASTER, "a:1", "{\"hostname\":\"a\",\"port\":1}" },
		{ OPT_NODES, "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cli_value v = { .given = true, .text = rows[i].text };
		enum err_code code = value_convert(&cli_options[rows[i].id], &v, NULL);
		CLEANUP(free_str) char *text = v.json ? json_dumps(v.json) : NULL;

		if ((code == ERR_OK) != (rows[i].json != NULL))
			fail_msg("--%s=%s", cli_options[rows[i].id].name, rows[i].text);
		if (rows[i].json)
			assert_string_equal(text, rows[i].json);
		json_free(&v.json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_sound),
		cmocka_unit_test(finds_mode_and_command),
		cmocka_unit_test(collects_every_complaint),
		cmocka_unit_test(wipes_secrets_from_argv),
		cmocka_unit_test(values_come_from_line_then_environment_then_configuration),
		cmocka_unit_test(a_name_on_the_line_bars_an_id_from_elsewhere),
		cmocka_unit_test(asks_for_secrets_that_are_empty),
		cmocka_unit_test(a_key_is_assumed_unless_there_is_a_password),
		cmocka_unit_test(converts_and_checks_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
