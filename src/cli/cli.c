#include "cli/cli.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/config.h"
#include "cli/help.h"

#define CONNECT_TIMEOUT_S 30

/* ---- where values come from ---- */

static const char *source_env(void *ctx, const char *name)
{
	const struct cli *c = ctx;

	if (str_eq(name, "@user"))
		return c->user_name;
	if (str_eq(name, "@key"))
		return c->key_path;
	return getenv(name);
}

static const char *source_config(void *ctx, const char *key)
{
	const struct cli *c = ctx;

	return json_get_str(c->config, key);
}

static enum err_code source_ask(void *ctx, const char *what, bool from_stdin, char **out,
                                struct err *e)
{
	const struct cli *c = ctx;

	if (cli_flag(c, OPT_BATCH) && !from_stdin)
		return err_set(e, ERR_INVALID, "the value is empty, and --batch asks nothing");
	return ask_secret(what, from_stdin, out, e);
}

static void find_user(struct cli *c)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *home = getenv("HOME"), *user = getenv("USER");

	if (str_empty(home) && pw)
		home = pw->pw_dir;
	if (str_empty(user) && pw)
		user = pw->pw_name;
	c->home = xstrdup(home);
	c->user_name = xstrdup(user);
	if (home)
		c->key_path = xasprintf("%s/.ssh/id_rsa", home);
}

/* ---- the controller and who we are there ---- */

/* controller_host_name and controller_port are the older way to say it. */
static char *controller_text(const struct cli *c)
{
	const char *host = json_get_str(c->config, "controller_host_name");
	const char *given = args_text(&c->args, OPT_CONTROLLER);

	if (given || !host)
		return xstrdup(str_or(given, URL_DEFAULT));
	return xasprintf("https://%s:%s", host,
	                 str_or(json_get_str(c->config, "controller_port"), "9501"));
}

/* --private-key-file, else ~/.pgtandem/USER.key, else that of the public client. */
static char *find_key(const struct cli *c)
{
	const char *given = args_text(&c->args, OPT_PRIVATE_KEY_FILE);
	const char *user = args_text(&c->args, OPT_CMON_USER);
	char *path;

	if (given && str_starts(given, "~/"))
		return xasprintf("%s%s", str_or(c->home, ""), given + 1);
	if (given || !user || strchr(user, '/'))
		return xstrdup(given);
	path = xasprintf("%s/.pgtandem/%s.key", str_or(c->home, ""), user);
	if (fs_exists(path))
		return path;
	free_str(&path);
	path = xasprintf("%s/.s9s/%s.key", str_or(c->home, ""), user);
	if (!fs_exists(path))
		free_str(&path);
	return path;
}

static int64_t connect_timeout(const struct cli *c)
{
	const char *text = getenv("S9S_CONNECTION_TIMEOUT");
	int64_t seconds = CONNECT_TIMEOUT_S;

	if (str_empty(text))
		text = json_get_str(c->config, "client_connection_timeout");
	if (text && str_to_i64(text, 1, 3600, &seconds, NULL) != ERR_OK)
		return CONNECT_TIMEOUT_S;
	return seconds;
}

static enum err_code set_conf(struct cli *c, struct err *e)
{
	CLEANUP(free_str) char *controller = controller_text(c);

	if (url_parse(controller, &c->conf.url, e) != ERR_OK)
		return err_wrap(e, "--controller");
	c->key_file = find_key(c);
	c->known_file = config_path(c->home, "known_controllers");
	c->conf.user = args_text(&c->args, OPT_CMON_USER);
	c->conf.password = c->args.values[OPT_PASSWORD].secret;
	c->conf.key_file = c->key_file;
	c->conf.known_file = c->known_file;
	c->conf.ca_file = args_text(&c->args, OPT_CA_FILE);
	c->conf.insecure = cli_flag(c, OPT_INSECURE);
	c->conf.quiet = c->screen.batch;
	c->conf.print_requests = cli_flag(c, OPT_PRINT_REQUEST);
	c->conf.verbose = cli_flag(c, OPT_VERBOSE);
	c->conf.print_debug = cli_flag(c, OPT_DEBUG);
	c->conf.connect_timeout_s = connect_timeout(c);
	c->conf.stop = c->stop;
	c->client = client_new(&c->conf);
	return ERR_OK;
}

bool cli_has_credentials(const struct cli *c)
{
	return !str_empty(c->conf.user) && (c->conf.password || c->conf.key_file);
}

enum err_code cli_need_login(struct cli *c, struct err *e)
{
	if (cli_has_credentials(c))
		return ERR_OK;
	c->bad_options = true;
	if (str_empty(c->conf.user)) {
		err_set(e, ERR_INVALID, "No user name set.");
		return err_hint(e,
		                "the first user is made on the controller's machine: pgtandem user "
		                "--create --generate-key --group=admins NAME");
	}
	err_set(e, ERR_INVALID, "No password and no RSA key for user %s.", c->conf.user);
	return err_hint(e, "use --password or --private-key-file");
}

/* ---- beginning and end ---- */

static int complain(struct cli *c)
{
	fputs(strbuf_cstr(&c->args.complaints), stderr);
	if (c->args.mode && c->args.command)
		fprintf(stderr, "See pgtandem %s --%s --help.\n", c->args.mode->name,
		        c->args.command->name);
	return CLI_EXIT_OPTIONS;
}

static bool only_help(struct cli *c, int *status)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	if (!c->args.help && !c->args.version)
		return false;
	if (c->args.version)
		strbuf_adds(&out, "pgtandem " PGTANDEM_VERSION "\n");
	else
		help_print(&c->args, &out);
	screen_flush(&out);
	*status = CLI_EXIT_OK;
	return true;
}

static enum err_code prepare(struct cli *c, struct err *e)
{
	struct cli_sources sources = { source_env, source_config, source_ask, c };
	const char *file = args_text(&c->args, OPT_CONFIG_FILE);

	for (size_t i = 0; !file && i < 2; i++)
		file = getenv(i ? "S9S_USER_CONFIG" : "PGTANDEM_CONFIG");
	TRY(config_load(str_empty(file) ? NULL : file, c->home, &c->config, e));
	screen_init(&c->screen,
	            str_or(args_text(&c->args, OPT_COLOR), json_get_str(c->config, "color")),
	            cli_flag(c, OPT_BATCH));
	TRY(args_complete(&c->args, &sources));
	return set_conf(c, e);
}

enum err_code cli_init(struct cli *c, int argc, char **argv, int *status)
{
	struct err e = { 0 };

	find_user(c);
	*status = CLI_EXIT_OPTIONS;
	if (args_parse(&c->args, argc, argv) != ERR_OK) {
		*status = complain(c);
		return ERR_CANCELLED;
	}
	if (only_help(c, status))
		return ERR_CANCELLED;
	if (prepare(c, &e) == ERR_OK) {
		*status = CLI_EXIT_OK;
		return ERR_OK;
	}
	if (c->args.complaints.len)
		*status = complain(c);
	else
		cli_report(c, &e);
	return ERR_CANCELLED;
}

void cli_release(struct cli *c)
{
	client_free(&c->client);
	json_free(&c->reply);
	json_free(&c->config);
	args_release(&c->args);
	free_str(&c->home);
	free_str(&c->user_name);
	free_str(&c->key_path);
	free_str(&c->key_file);
	free_str(&c->known_file);
}

/* ---- errors ---- */

int cli_exit_code(const struct cli *c, const struct err *e)
{
	if (c->bad_options)
		return CLI_EXIT_OPTIONS;
	switch (e->code) {
	case ERR_OK:
		return CLI_EXIT_OK;
	case ERR_DENIED:
	case ERR_AUTH:
		return CLI_EXIT_DENIED;
	case ERR_NOT_FOUND:
		return CLI_EXIT_NOT_FOUND;
	case ERR_UNREACHABLE:
	case ERR_TIMEOUT:
	case ERR_PARSE:
	case ERR_REFUSED: /* the certificate */
		return CLI_EXIT_CONNECTION;
	case ERR_CANCELLED:
		return CLI_EXIT_INTERRUPTED;
	default:
		return CLI_EXIT_FAILED;
	}
}

static void print_line(const struct cli *c, const char *what, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	struct screen plain = c->screen;

	plain.colours = c->screen.colours && isatty(STDERR_FILENO);
	screen_text(&plain, text, &line);
	fprintf(stderr, "%s%s\n", what, strbuf_cstr(&line));
}

/* "'FIELD' REASON", a line each; false: the reply has no more to say than its sentence. */
static bool print_fields(const struct cli *c)
{
	const struct json *faults = json_get(c->reply, "field_errors");

	for (size_t i = 0; i < json_len(faults) && json_len(faults) > 1; i++) {
		const struct json *fault = json_at(faults, i);
		CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;

		strbuf_addf(&line, "'%s' %s", str_or(json_get_str(fault, "field"), "?"),
		            str_or(json_get_str(fault, "reason"), "is wrong"));
		print_line(c, "", strbuf_cstr(&line));
	}
	return json_len(faults) > 1;
}

void cli_report(const struct cli *c, const struct err *e)
{
	if (e->code == ERR_CANCELLED)
		return;
	if (!print_fields(c))
		print_line(c, "", e->text);
	if (!str_empty(e->hint))
		print_line(c, "Hint: ", e->hint);
}

/* ---- calls ---- */

bool cli_flag(const struct cli *c, enum cli_option_id id)
{
	return c->args.values[id].given;
}

bool cli_is_json(const struct cli *c)
{
	return cli_flag(c, OPT_PRINT_JSON);
}

void cli_print_json(const struct json *j)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	json_dump_pretty(j, &text);
	strbuf_addc(&text, '\n');
	screen_flush(&text);
}

enum err_code cli_ask(struct cli *c, const char *path, struct json *request,
                      const struct json **reply, struct err *e)
{
	enum err_code code;

	*reply = NULL;
	TRY(cli_need_login(c, e));
	code = client_call(c->client, path, request, &c->reply, e);
	*reply = c->reply;
	return code;
}

enum err_code cli_call(struct cli *c, const char *path, struct json *request,
                       const struct json **reply, struct err *e)
{
	enum err_code code = cli_ask(c, path, request, reply, e);

	if (*reply && cli_is_json(c))
		cli_print_json(*reply);
	return code;
}
