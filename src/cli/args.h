/* The command line, read by the tables made from api/options.toml: a mode, one command, options
 * and plain words.  Every complaint is collected, so that the user sees them all at once.
 * Values come from the command line, else the environment, else the configuration. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "cli/options_gen.h"

#define CLI_OPERANDS_MAX 64

enum cli_kind {
	CLI_FLAG,
	CLI_BOOL,
	CLI_INT,
	CLI_STRING,
	CLI_PATH,
	CLI_VERSION,
	CLI_TIME,
	CLI_ENUM,
	CLI_SECRET,
	CLI_SECRET_FILE,
	CLI_HOSTS,
	CLI_HOST,
	CLI_TAGS,
};

struct cli;

struct cli_option {
	const char *name;
	const char *aliases; /* "a|b"; NULL: none */
	char short_name;
	enum cli_kind kind;
	int64_t min, max;
	const char *choices; /* "a|b" */
	const char *sends;   /* JSON that a flag sends; "string": a bool is sent as a string */
	const char *arg, *help;
	const char *env;           /* "A|B" */
	const char *config;        /* key of the configuration file */
	const char *dflt;          /* "@user", "@key" */
	enum cli_option_id secret; /* of --NAME-file: NAME */
};

/* An option that a command takes, and where its value goes in the request. */
/* In a target: the option names several, and here it must be one. */
#define CLI_FIRST_ONLY "[1]"

struct cli_use {
	enum cli_option_id option;
	const char *target;
};

struct cli_need {
	const char *options; /* "a|b": one of them */
	const char *why;
};

struct cli_command {
	const char *mode, *name, *help;
	/* Does the work; *STATUS is the exit code when it succeeds. */
	enum err_code (*run)(struct cli *c, int *status, struct err *e);
	const char *job, *title, *path, *operation, *fixed, *done, *operand;
	bool explicit_only;
	const struct cli_use *uses;
	size_t n_uses;
	const struct cli_need *needs;
	size_t n_needs;
};

struct cli_mode {
	const char *name, *aliases, *help;
	const struct cli_command *commands;
	size_t n_commands;
};

extern const struct cli_option cli_options[OPT_COUNT];
extern const struct cli_mode cli_modes[];
extern const size_t cli_mode_count;

struct cli_value {
	bool given;
	const char *text;  /* as typed; borrowed; NULL for secrets */
	int64_t number;    /* of an int, a bool or a flag */
	char *secret;      /* owned */
	struct json *json; /* what is sent; owned; NULL for secrets */
};

struct cli_args {
	const struct cli_mode *mode;
	const struct cli_command *command;
	struct cli_value values[OPT_COUNT];
	const char *operands[CLI_OPERANDS_MAX];
	size_t n_operands;
	bool help, version;
	struct strbuf complaints; /* one a line */
};

/* Where values come from that are not on the command line, and who answers questions. */
struct cli_sources {
	const char *(*env)(void *ctx, const char *name);
	const char *(*config)(void *ctx, const char *key);
	/* Ask for a secret on the terminal, or take it FROM_STDIN; caller owns *OUT. */
	enum err_code (*ask)(void *ctx, const char *what, bool from_stdin, char **out,
	                     struct err *e);
	void *ctx;
};

/* Read argv; secrets in it are overwritten.  ERR_INVALID when there are complaints. */
enum err_code args_parse(struct cli_args *a, int argc, char **argv);
/* Fill in what is not given, check and convert every value, check what the command requires. */
enum err_code args_complete(struct cli_args *a, const struct cli_sources *sources);
void args_release(struct cli_args *a);

/* How the command uses the option, NULL: not at all. */
const struct cli_use *args_use(const struct cli_command *command, enum cli_option_id id);
bool args_given(const struct cli_args *a, enum cli_option_id id);
/* The text of a value, NULL when not given. */
const char *args_text(const struct cli_args *a, enum cli_option_id id);
/* A number, DFLT when not given. */
int64_t args_int(const struct cli_args *a, enum cli_option_id id, int64_t dflt);
/* Is TEXT one of "a|b|c"? */
bool args_one_of(const char *alternatives, const char *text);
void args_complain(struct cli_args *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* values.c: check and convert one value; the outcome is in V. */
enum err_code value_convert(const struct cli_option *o, struct cli_value *v, struct err *e);
