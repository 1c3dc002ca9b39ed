#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/boot.h"
#include "daemon/config.h"
#include "daemon/options.h"
#include "daemon/places.h"
#include "daemon/supervisor.h"
#include "daemon/tls_files.h"

#define CONFIG_SIZE_MAX (1u << 20)
#define EXIT_USAGE      2

/* All mistakes together; their number. */
static size_t load(const struct options *o, struct config *c, struct strbuf *errors)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const char *file = str_or(o->config_file, CONFIG_FILE_DEFAULT);
	struct err e = { 0 };
	size_t count = 0;

	if (o->config_file || fs_exists(file)) {
		if (fs_read(file, CONFIG_SIZE_MAX, &text, &e) == ERR_OK) {
			count += config_parse(c, file, strbuf_cstr(&text), errors);
		} else {
			strbuf_addf(errors, "%s: %s\n", file, e.text);
			count++;
		}
	}
	if (options_apply(o, c, &e) != ERR_OK) {
		strbuf_addf(errors, "command line: %s\n", e.text);
		count++;
	}
	return count + config_check(c, file, errors);
}

static size_t complain(struct strbuf *errors, enum err_code rc, const struct err *e)
{
	if (rc == ERR_OK)
		return 0;
	strbuf_addf(errors, "%s\n", e->text);
	return 1;
}

/* What the settings name must be there: user, files, programs. */
static size_t check_world(const struct config *c, struct strbuf *errors)
{
	CLEANUP(strbuf_release_secret) struct strbuf cert = STRBUF_INIT, key = STRBUF_INIT;
	CLEANUP(free_str) char *path = NULL;
	struct api_user user;
	struct err e = { 0 };
	size_t count = 0;

	count += complain(errors, places_api_user(c, &user, &e), &e);
	count += complain(errors, places_libexec(c, "pgtandem-job", &path, &e), &e);
	if (!str_empty(c->tls_cert) && !str_empty(c->tls_key))
		count += complain(errors, tls_files_read(c, &cert, &key, &e), &e);
	return count;
}

/* An ordinary user cannot write to /run. */
static void adapt_run_dir(struct config *c)
{
	CLEANUP(free_str) char *dir = NULL;
	struct config dflt;

	config_init(&dflt);
	if (geteuid() != 0 && str_eq(c->run_dir, dflt.run_dir)) {
		dir = xasprintf("%s/run", c->data_dir);
		(void)config_set(c, "run_dir", dir, NULL);
	}
	config_release(&dflt);
}

static int run(const struct options *o)
{
	CLEANUP(strbuf_release) struct strbuf errors = STRBUF_INIT;
	CLEANUP(config_release) struct config c;
	size_t count;

	config_init(&c);
	count = load(o, &c, &errors);
	if (o->action == ACTION_CHECK)
		count += check_world(&c, &errors);
	if (count > 0) {
		fputs(strbuf_cstr(&errors), stderr);
		return EXIT_FAILURE;
	}
	if (o->action == ACTION_CHECK) {
		puts("The settings are right.");
		return EXIT_SUCCESS;
	}
	adapt_run_dir(&c);
	log_open("pgtandemd", c.log_level);
	return supervisor_run(&c);
}

static int act(const struct options *o)
{
	switch (o->action) {
	case ACTION_HELP:
		options_help();
		return EXIT_SUCCESS;
	case ACTION_VERSION:
		puts("pgtandemd " PGTANDEM_VERSION);
		return EXIT_SUCCESS;
	case ACTION_RUN:
	case ACTION_CHECK:
		return run(o);
	}
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	CLEANUP(options_release) struct options o;
	struct err e = { 0 };

	boot_process();
	if (options_parse(argc, argv, &o, &e) != ERR_OK) {
		fprintf(stderr, "pgtandemd: %s\n", e.text);
		return EXIT_USAGE;
	}
	return act(&o);
}
