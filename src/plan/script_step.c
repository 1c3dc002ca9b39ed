#include "plan/script_step.h"

#include "base/str.h"
#include "plan/hosts.h"

#define UNDO_TIMEOUT_MS (600 * 1000)

static void add_members(struct script_call *call, const struct json *from,
                        void (*add)(struct script_call *, const char *, const char *))
{
	struct json *value;
	const char *name;
	void *iter = NULL;

	while (json_next(from, &iter, &name, &value))
		add(call, name, json_str(value));
}

static void add_secrets(struct step *s, struct script_call *call)
{
	const struct json *all = json_get(s->run->context, "secrets");
	struct json *from;
	const char *name;
	void *iter = NULL;

	while (json_next(json_get(s->row, "secrets"), &iter, &name, &from))
		script_secret(call, name, json_get_str(all, json_str(from)));
}

/* Where the instance is, unless the step says otherwise. */
static void add_instance(struct step *s, struct script_call *call, const struct json *host)
{
	static const char *const names[] = { "version", "name", "port", "datadir" };
	const struct json *args = json_get(s->row, "args");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!json_get(args, names[i]))
			script_arg(call, names[i], json_get_str(host, names[i]));
}

static const char *action_word(const struct step_kind *k, const char *action)
{
	if (str_eq(action, "check"))
		return str_or(k->check_action, action);
	if (str_eq(action, "do"))
		return str_or(k->do_action, action);
	return str_or(k->undo_action, action);
}

static enum err_code fill(struct step *s, struct script_call *call, const char *action,
                          struct err *e)
{
	const char *host = json_get_str(s->row, "host");
	const struct json *row = hosts_row(s->run, host);

	if (!row)
		return err_set(e, ERR_INTERNAL, "step \"%s\" names an unknown host", s->kind->name);
	hosts_call(s->run, call, host, s->kind->script);
	if (s->kind->flags & STEP_OS)
		call->family = str_or(json_get_str(row, "family"), "unknown");
	call->timeout_ms = (int64_t)s->kind->timeout_s * 1000;
	script_arg(call, "action", action_word(s->kind, action));
	script_arg(call, "job", s->run->job_tag);
	add_instance(s, call, row);
	add_members(call, json_get(s->row, "args"), script_arg);
	add_members(call, json_get(s->row, "texts"), script_secret);
	add_secrets(s, call);
	return ERR_OK;
}

static enum err_code run_action(struct step *s, const char *action, bool *is_done, struct err *e)
{
	struct script_call call = { 0 };
	enum err_code code = fill(s, &call, action, e);

	if (code == ERR_OK && s->kind->prepare && str_eq(action, "do"))
		code = s->kind->prepare(s, &call, e);
	if (code == ERR_OK && str_eq(action, "undo"))
		call.timeout_ms = UNDO_TIMEOUT_MS;
	if (code == ERR_OK)
		code = script_run(&call, e);
	if (is_done)
		*is_done = code == ERR_OK && call.exit_status == 0;
	if (code == ERR_OK && str_eq(action, "do"))
		(void)ipc_note(s->run->engine, "step.result", json_ref(call.facts), NULL);
	script_release(&call);
	return code;
}

enum err_code script_step_act(struct step *s, struct err *e)
{
	bool is_done = false;

	if (s->kind->flags & STEP_HAS_CHECK) {
		struct err ignored = { 0 };

		/* a check that cannot tell is no reason not to try */
		(void)run_action(s, "check", &is_done, &ignored);
		if (is_done)
			return ERR_OK;
	}
	return run_action(s, "do", NULL, e);
}

enum err_code script_step_undo(struct step *s, struct err *e)
{
	return run_action(s, "undo", NULL, e);
}
