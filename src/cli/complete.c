/* What is not on the command line: defaults, secrets from files and from the terminal; then the
 * checks that need every value. */
#include <assert.h>
#include <string.h>

#include "base/fs.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"

#define SECRET_FILE_MAX 65536

static const char *first_of(const char *(*get)(void *, const char *), void *ctx, const char *names)
{
	const char *cursor = names, *value;
	char name[64];

	while (cursor && str_field(&cursor, "|", name, sizeof(name))) {
		value = get(ctx, name);
		if (!str_empty(value))
			return value;
	}
	return NULL;
}

/* --NAME-file of --NAME. */
static enum cli_option_id twin_of(enum cli_option_id id)
{
	assert(cli_options[id + 1].kind == CLI_SECRET_FILE && cli_options[id + 1].secret == id);
	return id + 1;
}

static bool default_is_barred(const struct cli_args *a, enum cli_option_id id)
{
	if (a->values[id].given)
		return true;
	if (id == OPT_CLUSTER_ID) /* what is destroyed must be said on the line itself */
		return a->values[OPT_CLUSTER_NAME].given || a->command->explicit_only;
	if (cli_options[id].kind == CLI_SECRET)
		return a->values[twin_of(id)].given;
	return false;
}

static const char *default_text(const struct cli_args *a, const struct cli_option *o,
                                const struct cli_sources *s)
{
	const char *text = first_of(s->env, s->ctx, o->env);
	bool is_on = false;

	if (!text)
		text = first_of(s->config, s->ctx, o->config);
	if (text && o->kind == CLI_FLAG)
		return str_to_bool(text, &is_on) && is_on ? text : NULL;
	if (text || !o->dflt)
		return text;
	if (str_eq(o->dflt, "@key") && a->values[OPT_OS_PASSWORD].given)
		return NULL; /* a password was meant instead of a key */
	return s->env(s->ctx, o->dflt);
}

static void fill_in(struct cli_args *a, enum cli_option_id id, const struct cli_sources *s)
{
	const struct cli_option *o = &cli_options[id];
	struct cli_value *v = &a->values[id];
	const char *text = default_is_barred(a, id) ? NULL : default_text(a, o, s);

	if (!text)
		return;
	v->given = true;
	if (o->kind == CLI_SECRET)
		v->secret = xstrdup(text);
	else
		v->text = text;
}

static void fill_in_secret(struct cli_args *a, enum cli_option_id id, const struct cli_sources *s)
{
	if (cli_options[id].kind == CLI_SECRET)
		fill_in(a, id, s);
}

/* The first line of the file that --NAME-file names. */
static enum err_code secret_from_file(const char *path, char **out, struct err *e)
{
	CLEANUP(strbuf_release_secret) struct strbuf text = STRBUF_INIT;

	TRY(fs_read(path, SECRET_FILE_MAX, &text, e));
	*out = xstrndup(strbuf_cstr(&text), strcspn(strbuf_cstr(&text), "\r\n"));
	return ERR_OK;
}

static void complete_secret(struct cli_args *a, enum cli_option_id id, const struct cli_sources *s)
{
	struct cli_value *v = &a->values[id], *file;
	struct err e = { 0 };

	if (cli_options[id].kind != CLI_SECRET)
		return;
	file = &a->values[twin_of(id)];

	if (v->given && file->given) {
		args_complain(a, "--%s and --%s-file exclude each other", cli_options[id].name,
		              cli_options[id].name);
	} else if (file->given) {
		v->given = secret_from_file(file->text, &v->secret, &e) == ERR_OK;
		if (!v->given)
			args_complain(a, "--%s-file: %s", cli_options[id].name, e.text);
	} else if (v->given && (str_empty(v->secret) || str_eq(v->secret, "-"))) {
		bool from_stdin = str_eq(v->secret, "-");

		free_secret(&v->secret);
		if (s->ask(s->ctx, cli_options[id].name, from_stdin, &v->secret, &e) != ERR_OK)
			args_complain(a, "--%s: %s", cli_options[id].name, e.text);
	}
}

static void convert(struct cli_args *a, enum cli_option_id id, const struct cli_sources *s)
{
	const struct cli_value *v = &a->values[id];
	struct err e = { 0 };

	if (!v->given)
		return;
	if (value_convert(&cli_options[id], &a->values[id], &e) != ERR_OK)
		args_complain(a, "--%s: %s", cli_options[id].name, e.text);
	else if (strstr(str_or(args_use(a->command, id)->target, ""), CLI_FIRST_ONLY) &&
	         json_len(v->json) != 1)
		args_complain(a, "--%s: name one, not %zu", cli_options[id].name,
		              json_len(v->json));
}

/* "--master or --replication-master" */
static void name_options(const char *names, struct strbuf *out)
{
	char name[64];

	for (const char *cursor = names; cursor && str_field(&cursor, "|", name, sizeof(name));) {
		strbuf_addf(out, "%s--%s", out->len ? " or " : "", name);
		for (int i = 0; i < OPT_COUNT; i++)
			if (str_eq(cli_options[i].name, name) && cli_options[i].aliases)
				strbuf_addf(out, " or --%s", cli_options[i].aliases);
	}
}

static bool need_is_met(const struct cli_args *a, const struct cli_need *need)
{
	for (int i = 0; i < OPT_COUNT; i++)
		if (a->values[i].given && args_one_of(need->options, cli_options[i].name))
			return true;
	return false;
}

static void check_needs(struct cli_args *a)
{
	for (size_t i = 0; i < a->command->n_needs; i++) {
		const struct cli_need *need = &a->command->needs[i];
		CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;

		if (need_is_met(a, need))
			continue;
		name_options(need->options, &names);
		args_complain(a, "%s\nUse the %s option.", need->why, strbuf_cstr(&names));
	}
}

/* FN for every option that the command takes. */
static void for_each_use(struct cli_args *a, const struct cli_sources *sources,
                         void (*fn)(struct cli_args *, enum cli_option_id,
                                    const struct cli_sources *))
{
	for (int i = 0; i < OPT_COUNT; i++)
		if (args_use(a->command, i))
			fn(a, i, sources);
}

enum err_code args_complete(struct cli_args *a, const struct cli_sources *sources)
{
	/* secrets first: other defaults depend on whether there is a password */
	for_each_use(a, sources, fill_in_secret);
	for_each_use(a, sources, fill_in);
	for_each_use(a, sources, complete_secret);
	for_each_use(a, sources, convert);
	check_needs(a);
	return a->complaints.len ? ERR_INVALID : ERR_OK;
}
