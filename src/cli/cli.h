/* One run of the client: what was asked, where it goes, how it is shown. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/screen.h"
#include "cli/url.h"

/* Exit codes, as scripts written for other clients know them. */
enum cli_exit {
	CLI_EXIT_OK = 0,
	CLI_EXIT_JOB_FAILED = 1,
	CLI_EXIT_FAILED = 2,
	CLI_EXIT_DENIED = 3,
	CLI_EXIT_NOT_FOUND = 4,
	CLI_EXIT_CONNECTION = 5,
	CLI_EXIT_OPTIONS = 6,
	CLI_EXIT_INTERRUPTED = 128,
};

struct cli {
	struct cli_args args;
	struct json *config;
	char *home;                 /* the user's; NULL when unknown */
	char *user_name, *key_path; /* defaults for SSH */
	struct screen screen;
	struct client_conf conf;
	char *key_file, *known_file; /* owned parts of CONF */
	struct client *client;
	struct json *reply; /* the last one, for its list of errors */
	bool bad_options;   /* the error is about how we were called */
	const volatile sig_atomic_t *stop;
};

/* Read argv, configuration and environment.  *STATUS is the exit code when there is nothing more
 * to do (help, complaints: printed already); ERR_CANCELLED then. */
enum err_code cli_init(struct cli *c, int argc, char **argv, int *status);
void cli_release(struct cli *c);
/* Are there credentials to log in with? */
bool cli_has_credentials(const struct cli *c);
/* Check what a login needs; a missing piece is an error about options. */
enum err_code cli_need_login(struct cli *c, struct err *e);
/* The exit code of an error. */
int cli_exit_code(const struct cli *c, const struct err *e);
/* Print an error, its hint, and whatever else the last reply complains about. */
void cli_report(const struct cli *c, const struct err *e);
/* Call the controller (logged in); the reply stays in c->reply, borrowed as *REPLY, which may be
 * NULL.  With --print-json it is printed. */
enum err_code cli_call(struct cli *c, const char *path, struct json *request,
                       const struct json **reply, struct err *e);
/* The same, never printed. */
enum err_code cli_ask(struct cli *c, const char *path, struct json *request,
                      const struct json **reply, struct err *e);
bool cli_flag(const struct cli *c, enum cli_option_id id);
/* Is the reply printed as JSON, and nothing else? */
bool cli_is_json(const struct cli *c);
/* Print one JSON document on stdout. */
void cli_print_json(const struct json *j);
