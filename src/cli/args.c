#include "cli/args.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

/* The commands named on the line: two are one too many, but "--log" and "--wait" are also
 * options of other commands. */
struct scan {
	struct cli_args *args;
	const struct cli_command *command;
	const struct cli_command *fallback;
	bool twice;
};

bool args_one_of(const char *alternatives, const char *text)
{
	const char *cursor = alternatives;
	char word[128];

	while (cursor && str_field(&cursor, "|", word, sizeof(word)))
		if (!str_empty(word) && str_eq(word, text))
			return true;
	return false;
}

void args_complain(struct cli_args *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&a->complaints, fmt, ap);
	va_end(ap);
	strbuf_addc(&a->complaints, '\n');
}

static const struct cli_mode *find_mode(const char *name)
{
	for (size_t i = 0; i < cli_mode_count; i++)
		if (str_eq(cli_modes[i].name, name) || args_one_of(cli_modes[i].aliases, name))
			return &cli_modes[i];
	return NULL;
}

static const struct cli_command *find_command(const struct cli_mode *mode, const char *name)
{
	for (size_t i = 0; mode && i < mode->n_commands; i++)
		if (str_eq(mode->commands[i].name, name))
			return &mode->commands[i];
	return NULL;
}

/* OPT_COUNT: there is none. */
static enum cli_option_id find_option(const char *name)
{
	for (int i = 0; i < OPT_COUNT; i++)
		if (str_eq(cli_options[i].name, name) || args_one_of(cli_options[i].aliases, name))
			return i;
	return OPT_COUNT;
}

static enum cli_option_id find_short(char letter)
{
	for (int i = 0; i < OPT_COUNT; i++)
		if (cli_options[i].short_name && cli_options[i].short_name == letter)
			return i;
	return OPT_COUNT;
}

const struct cli_use *args_use(const struct cli_command *command, enum cli_option_id id)
{
	for (size_t i = 0; command && i < command->n_uses; i++)
		if (command->uses[i].option == id)
			return &command->uses[i];
	return NULL;
}

bool args_given(const struct cli_args *a, enum cli_option_id id)
{
	return a->values[id].given;
}

const char *args_text(const struct cli_args *a, enum cli_option_id id)
{
	return a->values[id].given ? a->values[id].text : NULL;
}

int64_t args_int(const struct cli_args *a, enum cli_option_id id, int64_t dflt)
{
	return a->values[id].given ? a->values[id].number : dflt;
}

/* Take TEXT (in argv) as the value of option ID. */
static void take_value(struct cli_args *a, enum cli_option_id id, char *text)
{
	struct cli_value *v = &a->values[id];

	if (v->given && cli_options[id].kind != CLI_FLAG) {
		args_complain(a, "--%s is given twice", cli_options[id].name);
		return;
	}
	v->given = true;
	if (cli_options[id].kind != CLI_SECRET) {
		v->text = text;
		return;
	}
	v->secret = xstrdup(text);
	/* ps shows argv of every process to every user: leave nothing of it there */
	explicit_bzero(text, strlen(text));
}

/* A word "--name": is it a command of the mode?  True when it can be nothing else. */
static bool take_command(struct scan *s, const char *name)
{
	const struct cli_command *found = find_command(s->args->mode, name);

	if (!found)
		return false;
	if (find_option(name) != OPT_COUNT) {
		if (!s->fallback)
			s->fallback = found;
		return false;
	}
	if (s->command && s->command != found)
		s->twice = true;
	s->command = found;
	return true;
}

/* "--name[=value]" at argv[*i]. */
static void take_long(struct scan *s, int argc, char **argv, int *i)
{
	char *equals = strchr(argv[*i], '=');
	enum cli_option_id id;
	char name[64];

	snprintf(name, sizeof(name), "%.*s",
	         equals ? (int)(equals - argv[*i] - 2) : (int)sizeof(name), argv[*i] + 2);
	if (!equals && take_command(s, name))
		return;
	id = find_option(name);
	if (id == OPT_COUNT) {
		args_complain(s->args, "unknown option --%s", name);
	} else if (cli_options[id].kind == CLI_FLAG) {
		if (equals)
			args_complain(s->args, "--%s takes no value", name);
		take_value(s->args, id, argv[*i]);
	} else if (equals) {
		take_value(s->args, id, equals + 1);
	} else if (*i + 1 < argc) {
		take_value(s->args, id, argv[++*i]);
	} else {
		args_complain(s->args, "--%s needs a value", name);
	}
}

static void take_short(struct scan *s, char *word)
{
	for (const char *c = word + 1; *c; c++) {
		enum cli_option_id id = find_short(*c);

		if (*c == 'h')
			s->args->help = true;
		else if (*c == 'V')
			s->args->version = true;
		else if (id == OPT_COUNT || cli_options[id].kind != CLI_FLAG)
			args_complain(s->args, "unknown option -%c", *c);
		else
			take_value(s->args, id, word);
	}
}

static void take_operand(struct scan *s, const char *word)
{
	if (s->args->n_operands == CLI_OPERANDS_MAX)
		args_complain(s->args, "more than %d names", CLI_OPERANDS_MAX);
	else
		s->args->operands[s->args->n_operands++] = word;
}

static void take_word(struct scan *s, int argc, char **argv, int *i)
{
	char *word = argv[*i];

	if (str_eq(word, "--help"))
		s->args->help = true;
	else if (str_eq(word, "--version"))
		s->args->version = true;
	else if (str_starts(word, "--") && word[2])
		take_long(s, argc, argv, i);
	else if (word[0] == '-' && word[1] && !str_eq(word, "--"))
		take_short(s, word);
	else if (!s->args->mode)
		args_complain(s->args, "there is no mode \"%s\"", word);
	else if (!str_eq(word, "--"))
		take_operand(s, word);
}

/* Which command it is, and whether its mode has it. */
static void decide_command(struct scan *s)
{
	struct cli_args *a = s->args;

	if (a->help || a->version)
		return;
	if (!a->mode) {
		if (!a->complaints.len)
			args_complain(a, "what to do? see pgtandem --help");
	} else if (s->twice) {
		args_complain(a, "more than one command");
	} else if (!a->command && !a->complaints.len) {
		args_complain(a, "%s needs a command; see pgtandem %s --help", a->mode->name,
		              a->mode->name);
	}
}

static void check_options(struct cli_args *a)
{
	const struct cli_command *c = a->command;

	for (int i = 0; c && i < OPT_COUNT; i++)
		if (a->values[i].given && !args_use(c, i) && !str_eq(cli_options[i].name, c->name))
			args_complain(a, "--%s is no option of %s --%s", cli_options[i].name,
			              c->mode, c->name);
	if (c && a->n_operands && !c->operand)
		args_complain(a, "%s --%s takes no names, but there is \"%s\"", c->mode, c->name,
		              a->operands[0]);
}

enum err_code args_parse(struct cli_args *a, int argc, char **argv)
{
	struct scan s = { .args = a };
	int mode_at = 0;

	memset(a, 0, sizeof(*a));
	/* the mode decides which words are commands, so it is looked for first */
	for (int i = 1; i < argc && !a->mode; i++) {
		a->mode = find_mode(argv[i]);
		mode_at = i;
	}
	for (int i = 1; i < argc; i++)
		if (i != mode_at || !a->mode)
			take_word(&s, argc, argv, &i);
	a->command = s.command ? s.command : s.fallback;
	decide_command(&s);
	if (!a->help && !a->version)
		check_options(a);
	return a->complaints.len ? ERR_INVALID : ERR_OK;
}

void args_release(struct cli_args *a)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		free_secret(&a->values[i].secret);
		json_free(&a->values[i].json);
	}
	strbuf_release(&a->complaints);
}
