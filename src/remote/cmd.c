#include "remote/cmd.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"

void cmd_release(struct cmd *c)
{
	strbuf_release(&c->line);
}

static void blank(struct cmd *c)
{
	if (c->line.len > 0)
		strbuf_addc(&c->line, ' ');
}

static void quote(struct strbuf *out, const char *value)
{
	strbuf_addc(out, '\'');
	for (; *value != '\0'; value++) {
		if (*value == '\'')
			strbuf_adds(out, "'\\''");
		else
			strbuf_addc(out, *value);
	}
	strbuf_addc(out, '\'');
}

static bool refuse(struct cmd *c, const char *value, const char *why)
{
	if (c->err.code == ERR_OK)
		err_set(&c->err, ERR_INVALID, "value \"%.64s\" %s", value, why);
	return false;
}

static bool is_fit(struct cmd *c, const char *value)
{
	if (strpbrk(value, "\n\r"))
		return refuse(c, value, "has a line break");
	return true;
}

void cmd_word(struct cmd *c, const char *word)
{
	assert(word[0] != '\0' &&
	       word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                         "-_./=:,+@%")] == '\0');
	blank(c);
	strbuf_adds(&c->line, word);
}

void cmd_arg(struct cmd *c, const char *value)
{
	if (!is_fit(c, value))
		return;
	blank(c);
	quote(&c->line, value);
}

void cmd_pair(struct cmd *c, const char *name, const char *value)
{
	if (!is_fit(c, value))
		return;
	blank(c);
	strbuf_adds(&c->line, name);
	strbuf_addc(&c->line, '=');
	quote(&c->line, value);
}

void cmd_operand(struct cmd *c, const char *value)
{
	if (value[0] == '-' || value[0] == '\0') {
		refuse(c, value, "cannot be used here: it is empty or begins with '-'");
		return;
	}
	cmd_arg(c, value);
}

enum err_code cmd_line(struct cmd *c, const char **line, struct err *e)
{
	if (c->err.code != ERR_OK) {
		if (e)
			*e = c->err;
		return c->err.code;
	}
	if (c->line.overflow)
		return err_set(e, ERR_LIMIT, "command line is longer than %u bytes", CMD_MAX);
	*line = strbuf_cstr(&c->line);
	return ERR_OK;
}

void cmd_assignment(struct strbuf *out, const char *name, const char *value)
{
	strbuf_adds(out, name);
	strbuf_addc(out, '=');
	quote(out, value);
	strbuf_addc(out, '\n');
}
