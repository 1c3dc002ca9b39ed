/* A shell command built from words, so that no value is ever read as syntax. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"

#define CMD_MAX (256u << 10) /* bytes of one command line */

struct cmd {
	struct strbuf line;
	struct err err; /* the first refused value; cmd_line() reports it */
};

#define CMD_INIT                          \
	{                                 \
		.line = {.max = CMD_MAX } \
	}

void cmd_release(struct cmd *c);
/* A word of our own: letters, digits and -_./=:,+@% only (a bug otherwise). */
void cmd_word(struct cmd *c, const char *word);
/* Any value as one word, single-quoted; NUL cannot occur, a newline is refused. */
void cmd_arg(struct cmd *c, const char *value);
/* "name=value" as one quoted word. */
void cmd_pair(struct cmd *c, const char *name, const char *value);
/* Like cmd_arg, but a leading '-' is refused, so that it cannot be taken for an option. */
void cmd_operand(struct cmd *c, const char *value);
/* The finished line, borrowed; the first refusal otherwise. */
enum err_code cmd_line(struct cmd *c, const char **line, struct err *e);

/* "NAME='value'\n" for the stdin of a shell; newlines are allowed in VALUE. */
void cmd_assignment(struct strbuf *out, const char *name, const char *value);
