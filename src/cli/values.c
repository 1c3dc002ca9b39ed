/* Checks and conversions, one row a kind of option. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/hosts.h"

#define TEXT_MAX 4096
#define TAGS_MAX 64

static enum err_code convert_flag(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	v->number = 1;
	return json_parse(str_or(o->sends, "true"), strlen(str_or(o->sends, "true")), &v->json, e);
}

static enum err_code convert_bool(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	bool value;

	if (!str_to_bool(v->text, &value))
		return err_set(e, ERR_INVALID, "\"%s\" is neither true nor false", v->text);
	v->number = value;
	v->json = str_eq(o->sends, "string") ? json_string_new(value ? "true" : "false")
	                                     : json_bool_new(value);
	return ERR_OK;
}

static enum err_code convert_int(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	if (str_to_i64(v->text, o->min, o->max, &v->number, NULL) != ERR_OK)
		return err_set(e, ERR_INVALID, "\"%s\" is no number between %lld and %lld", v->text,
		               (long long)o->min, (long long)o->max);
	v->json = json_int_new(v->number);
	return ERR_OK;
}

static enum err_code convert_string(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	size_t len = strlen(v->text);

	if (len > TEXT_MAX)
		return err_set(e, ERR_LIMIT, "longer than %d bytes", TEXT_MAX);
	if (!str_is_utf8(v->text, len))
		return err_set(e, ERR_INVALID, "not UTF-8");
	if (o->kind == CLI_PATH && !len)
		return err_set(e, ERR_INVALID, "the file name is empty");
	for (const char *c = v->text; *c; c++)
		if (iscntrl((unsigned char)*c))
			return err_set(e, ERR_INVALID, "has control characters");
	v->json = json_string_new(v->text);
	return ERR_OK;
}

/* "11", "9.6", "16.4": digits and at most two dots. */
static enum err_code convert_version(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	size_t dots = 0;

	for (const char *c = v->text; *c; c++) {
		dots += *c == '.';
		if (!isdigit((unsigned char)*c) && (*c != '.' || !isdigit((unsigned char)c[1])))
			dots = 9;
	}
	if (!isdigit((unsigned char)v->text[0]) || dots > 2 || strlen(v->text) > 12)
		return err_set(e, ERR_INVALID, "\"%s\" is no version", v->text);
	return convert_string(o, v, e);
}

static enum err_code convert_time(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	int64_t ms;

	if (!clock_parse(v->text, &ms))
		return err_set(e, ERR_INVALID, "\"%s\" is no time like 2026-12-24 12:00:00",
		               v->text);
	return convert_string(o, v, e);
}

static enum err_code convert_enum(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	if (!args_one_of(o->choices, v->text))
		return err_set(e, ERR_INVALID, "\"%s\" is not one of %s", v->text, o->choices);
	return convert_string(o, v, e);
}

static enum err_code convert_hosts(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	return hosts_parse(v->text, &v->json, e);
}

static enum err_code convert_host(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	return host_parse(v->text, &v->json, e);
}

static enum err_code convert_tags(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	CLEANUP(json_free) struct json *tags = json_array_new();
	char tag[128];

	if (!str_is_utf8(v->text, strlen(v->text)))
		return err_set(e, ERR_INVALID, "not UTF-8");
	for (const char *cursor = v->text; str_field(&cursor, ";,", tag, sizeof(tag));) {
		if (json_len(tags) == TAGS_MAX || strlen(tag) + 1 == sizeof(tag))
			return err_set(e, ERR_LIMIT, "too many or too long tags");
		if (!str_empty(tag))
			json_append_str(tags, tag);
	}
	v->json = json_ref(tags);
	return ERR_OK;
}

/* A secret stays where it is until a request is built. */
static enum err_code convert_secret(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	if (o->kind == CLI_SECRET && v->secret && !str_is_utf8(v->secret, strlen(v->secret)))
		return err_set(e, ERR_INVALID, "not UTF-8");
	return ERR_OK;
}

enum err_code value_convert(const struct cli_option *o, struct cli_value *v, struct err *e)
{
	static enum err_code (*const converters[])(const struct cli_option *, struct cli_value *,
	                                           struct err *) = {
		[CLI_FLAG] = convert_flag,     [CLI_BOOL] = convert_bool,
		[CLI_INT] = convert_int,       [CLI_STRING] = convert_string,
		[CLI_PATH] = convert_string,   [CLI_VERSION] = convert_version,
		[CLI_TIME] = convert_time,     [CLI_ENUM] = convert_enum,
		[CLI_SECRET] = convert_secret, [CLI_SECRET_FILE] = convert_secret,
		[CLI_HOSTS] = convert_hosts,   [CLI_HOST] = convert_host,
		[CLI_TAGS] = convert_tags,
	};

	return converters[o->kind](o, v, e);
}
