/* Command line of pgtandemd. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "daemon/config.h"

enum options_action { ACTION_RUN, ACTION_CHECK, ACTION_VERSION, ACTION_HELP };

struct options {
	enum options_action action;
	const char *config_file; /* NULL: the default one, which may be missing */
	const char *sets[64];    /* "key=value" in their order; what --data-dir etc. become */
	size_t sets_len;
	char **made; /* texts owned by us */
	size_t made_len;
};

enum err_code options_parse(int argc, char **argv, struct options *o, struct err *e);
void options_release(struct options *o);
/* Settings from the command line over C. */
enum err_code options_apply(const struct options *o, struct config *c, struct err *e);
void options_help(void);
