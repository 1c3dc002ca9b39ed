/* Help texts, made of the tables. */
#pragma once

#include "base/strbuf.h"
#include "cli/args.h"

/* Of the command, else of the mode, else of everything. */
void help_print(const struct cli_args *a, struct strbuf *out);
