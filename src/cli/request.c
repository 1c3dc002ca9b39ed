#include "cli/request.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"

#define TARGET_MAX 128

struct json *request_new(const char *operation)
{
	struct json *request = json_object_new();

	json_set_str(request, "class_name", "CmonRpcRequest");
	json_set_str(request, "operation", operation);
	return request;
}

void request_set(struct json *root, const char *path, struct json *value)
{
	const char *cursor = path;
	char word[TARGET_MAX];

	str_field(&cursor, ".", word, sizeof(word));
	while (cursor) {
		struct json *next = json_get(root, word);

		if (!json_is_object(next)) {
			next = json_object_new();
			json_set(root, word, next);
		}
		root = next;
		str_field(&cursor, ".", word, sizeof(word));
	}
	json_set(root, word, value);
}

/* "X[1]" stands for the first member of the VALUE (stolen). */
static struct json *cut_first(char *target, struct json *value)
{
	char *bracket = strstr(target, CLI_FIRST_ONLY);
	struct json *first;

	if (!bracket)
		return value;
	*bracket = '\0';
	first = json_ref(json_at(value, 0));
	json_free(&value);
	return first;
}

/* Targets in the declaration are short: the job's parts have one place only.  "X=text" stands for
 * the text instead of the VALUE (stolen). */
static void set_target(struct json *root, char *target, struct json *value)
{
	char path[TARGET_MAX + 32], *text = strchr(target, '=');

	value = cut_first(target, value);
	if (text) {
		*text++ = '\0';
		json_free(&value);
		value = json_string_new(text);
	}
	if (str_starts(target, "job_data."))
		snprintf(path, sizeof(path), "job.job_spec.%s", target);
	else
		snprintf(path, sizeof(path), "%s", target);
	request_set(root, path, value);
}

static struct json *value_of(const struct cli_value *v)
{
	return v->secret ? json_string_new(v->secret) : json_ref(v->json);
}

void request_fill(struct json *root, const struct cli_args *a)
{
	for (size_t i = 0; i < a->command->n_uses; i++) {
		const struct cli_use *use = &a->command->uses[i];
		const struct cli_value *v = &a->values[use->option];
		char target[TARGET_MAX];

		if (!v->given || str_empty(use->target))
			continue;
		for (const char *cursor = use->target;
		     str_field(&cursor, " ", target, sizeof(target));)
			set_target(root, target, value_of(v));
	}
}

static enum err_code fixed_part(const struct cli_command *command, struct json **out, struct err *e)
{
	const char *text = str_or(command->fixed, "{}");

	return json_parse(text, strlen(text), out, e);
}

enum err_code request_job(const struct cli_args *a, struct json **out, struct err *e)
{
	struct json *request, *data = NULL;

	TRY(fixed_part(a->command, &data, e));
	request = request_new("createJobInstance");
	request_set(request, "job.class_name", json_string_new("CmonJobInstance"));
	request_set(request, "job.title", json_string_new(a->command->title));
	request_set(request, "job.job_spec.command", json_string_new(a->command->job));
	request_set(request, "job.job_spec.job_data", data);
	request_fill(request, a);
	*out = request;
	return ERR_OK;
}

enum err_code request_plain(const struct cli_args *a, struct json **out, struct err *e)
{
	CLEANUP(json_free) struct json *fixed = NULL;

	TRY(fixed_part(a->command, &fixed, e));
	*out = request_new(a->command->operation);
	json_update(*out, fixed);
	request_fill(*out, a);
	return ERR_OK;
}
