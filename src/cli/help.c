#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define INDENT 30
#define WIDTH  100

/* "  HEAD    TEXT", the text wrapped in its column. */
static void print_entry(const char *head, const char *text, struct strbuf *out)
{
	size_t column = strlen(head) + 2;

	strbuf_addf(out, "  %s", head);
	if (column >= INDENT) {
		strbuf_addc(out, '\n');
		column = 0;
	}
	while (*text) {
		size_t len = strlen(text), room = WIDTH - INDENT;

		for (; column < INDENT; column++)
			strbuf_addc(out, ' ');
		if (len > room)
			for (len = room; len && text[len] != ' ';)
				len--;
		strbuf_add(out, text, len);
		strbuf_addc(out, '\n');
		text += len;
		text += *text == ' ';
		column = 0;
	}
}

static void print_option(const struct cli_option *o, struct strbuf *out)
{
	struct strbuf head = STRBUF_INIT;
	struct strbuf text = STRBUF_INIT;

	if (o->short_name)
		strbuf_addf(&head, "-%c, ", o->short_name);
	strbuf_addf(&head, "--%s", o->name);
	if (o->kind != CLI_FLAG)
		strbuf_addf(&head, "=%s", o->arg);
	strbuf_adds(&text, o->help);
	if (o->choices)
		strbuf_addf(&text, " (%s)", o->choices);
	print_entry(strbuf_cstr(&head), strbuf_cstr(&text), out);
	strbuf_release(&head);
	strbuf_release(&text);
}

/* Options that every command takes are printed once, on the general page. */
static bool is_general(enum cli_option_id id)
{
	for (size_t m = 0; m < cli_mode_count; m++)
		for (size_t i = 0; i < cli_modes[m].n_commands; i++)
			if (!args_use(&cli_modes[m].commands[i], id))
				return false;
	return true;
}

static void print_command(const struct cli_command *c, struct strbuf *out)
{
	strbuf_addf(out, "Usage: pgtandem %s --%s [OPTION...]", c->mode, c->name);
	if (c->operand)
		strbuf_addf(out, " [%s...]", c->operand);
	strbuf_addf(out, "\n\n%s\n\nOptions:\n", c->help);
	for (size_t i = 0; i < c->n_uses; i++)
		if (!is_general(c->uses[i].option))
			print_option(&cli_options[c->uses[i].option], out);
	strbuf_adds(out, "\nOptions of all commands: pgtandem --help\n");
}

static void print_mode(const struct cli_mode *m, struct strbuf *out)
{
	char head[64];

	strbuf_addf(out, "Usage: pgtandem %s COMMAND [OPTION...]\n\nCommands (%s):\n", m->name,
	            m->help);
	for (size_t i = 0; i < m->n_commands; i++) {
		snprintf(head, sizeof(head), "--%s", m->commands[i].name);
		print_entry(head, m->commands[i].help, out);
	}
	strbuf_addf(out, "\nOptions of a command: pgtandem %s COMMAND --help\n", m->name);
}

static void print_all(struct strbuf *out)
{
	strbuf_adds(
	        out,
	        "Usage: pgtandem MODE COMMAND [OPTION...]\n\n"
	        "Replication between PostgreSQL clusters: the client of pgtandemd.\n\nModes:\n");
	for (size_t i = 0; i < cli_mode_count; i++)
		print_entry(cli_modes[i].name, cli_modes[i].help, out);
	strbuf_adds(out,
	            "\nCommands of a mode: pgtandem MODE --help\n\nOptions of all commands:\n");
	for (int i = 0; i < OPT_COUNT; i++)
		if (is_general(i))
			print_option(&cli_options[i], out);
	print_entry("-h, --help", "Print help and exit.", out);
	print_entry("-V, --version", "Print the version and exit.", out);
}

void help_print(const struct cli_args *a, struct strbuf *out)
{
	if (a->command)
		print_command(a->command, out);
	else if (a->mode)
		print_mode(a->mode, out);
	else
		print_all(out);
}
