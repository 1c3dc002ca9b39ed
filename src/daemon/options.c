#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

enum { OPT_CONFIG = 256, OPT_CHECK, OPT_SET, OPT_FOREGROUND, OPT_VERSION, OPT_HELP, OPT_SETTING };

/* Options that are settings by another name. */
struct setting {
	int code;
	const char *option, *key;
};

static const struct setting settings[] = {
	{ OPT_SETTING, "data-dir", "data_dir" },
	{ OPT_SETTING + 1, "run-dir", "run_dir" },
	{ OPT_SETTING + 2, "listen", "listen" },
	{ OPT_SETTING + 3, "libexec-dir", "libexec_dir" },
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "set", required_argument, NULL, OPT_SET },
	{ "foreground", no_argument, NULL, OPT_FOREGROUND },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "data-dir", required_argument, NULL, OPT_SETTING },
	{ "run-dir", required_argument, NULL, OPT_SETTING + 1 },
	{ "listen", required_argument, NULL, OPT_SETTING + 2 },
	{ "libexec-dir", required_argument, NULL, OPT_SETTING + 3 },
	{ NULL, 0, NULL, 0 },
};

void options_help(void)
{
	puts("pgtandemd, the controller of pgTandem\n"
	     "\n"
	     "Usage: pgtandemd [OPTION]...\n"
	     "\n"
	     "  --config=FILE        settings [" CONFIG_FILE_DEFAULT "]\n"
	     "  --check              tell all mistakes in the settings and end\n"
	     "  --data-dir=DIR       where everything is kept [/var/lib/pgtandem]\n"
	     "  --run-dir=DIR        sockets [/run/pgtandem; DATA-DIR/run for ordinary users]\n"
	     "  --listen=ADDR:PORT   where the API is, several with commas [127.0.0.1:9501]\n"
	     "  --libexec-dir=DIR    where pgtandem-job is\n"
	     "  --set=KEY=VALUE      any setting of the file\n"
	     "  --foreground         stay in the foreground (always done)\n"
	     "  -v                   log more\n"
	     "  --version\n"
	     "  --help");
}

static enum err_code add_set(struct options *o, const char *text, struct err *e)
{
	if (o->sets_len == ARRAY_SIZE(o->sets))
		return err_set(e, ERR_LIMIT, "too many options");
	o->sets[o->sets_len++] = text;
	return ERR_OK;
}

static enum err_code add_setting(struct options *o, int code, const char *value, struct err *e)
{
	char *text = xasprintf("%s=%s", settings[code - OPT_SETTING].key, value);

	o->made = xrealloc(o->made, o->made_len + 1, sizeof(*o->made));
	o->made[o->made_len++] = text;
	return add_set(o, text, e);
}

static enum err_code take(struct options *o, int code, const char *value, struct err *e)
{
	switch (code) {
	case OPT_CONFIG:
		o->config_file = value;
		return ERR_OK;
	case OPT_CHECK:
		o->action = ACTION_CHECK;
		return ERR_OK;
	case OPT_SET:
		return add_set(o, value, e);
	case OPT_FOREGROUND:
		return ERR_OK;
	case OPT_VERSION:
		o->action = ACTION_VERSION;
		return ERR_OK;
	case OPT_HELP:
		o->action = ACTION_HELP;
		return ERR_OK;
	case 'v':
		return add_set(o, "log_level=debug", e);
	}
	if (code >= OPT_SETTING)
		return add_setting(o, code, value, e);
	return err_set(e, ERR_INVALID, "unknown or incomplete option, see --help");
}

enum err_code options_parse(int argc, char **argv, struct options *o, struct err *e)
{
	int code;

	*o = (struct options){ 0 };
	while ((code = getopt_long(argc, argv, "v", long_options, NULL)) != -1)
		TRY(take(o, code, optarg, e));
	if (optind < argc)
		return err_set(e, ERR_INVALID, "unexpected argument \"%s\"", argv[optind]);
	return ERR_OK;
}

void options_release(struct options *o)
{
	for (size_t i = 0; i < o->made_len; i++)
		free(o->made[i]);
	free(o->made);
	*o = (struct options){ 0 };
}

static enum err_code apply(const char *text, struct config *c, struct err *e)
{
	const char *eq = strchr(text, '=');
	char key[64];

	if (!eq)
		return err_set(e, ERR_INVALID, "\"%s\" is not KEY=VALUE", text);
	snprintf(key, sizeof(key), "%.*s", (int)(eq - text), text);
	if (config_set(c, key, eq + 1, e) != ERR_OK)
		return err_wrap(e, "%s", key);
	return ERR_OK;
}

enum err_code options_apply(const struct options *o, struct config *c, struct err *e)
{
	for (size_t i = 0; i < o->sets_len; i++)
		TRY(apply(o->sets[i], c, e));
	return ERR_OK;
}
