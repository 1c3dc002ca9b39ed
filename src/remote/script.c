#include "remote/script.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "remote/cmd.h"
#include "remote/script_table.h"

#define SCRIPT_INPUT_MAX (2u << 20)
#define LAST_LINE_MAX    400

/* One call while it runs. */
struct script_run {
	struct script_call *call;
	struct strbuf input;
	char last_line[LAST_LINE_MAX];
};

const char *script_text(const char *name)
{
	size_t i;

	for (i = 0; i < script_table_len; i++)
		if (str_eq(script_table[i].name, name))
			return script_table[i].text;
	return NULL;
}

const char *script_of_family(const char *family)
{
	size_t i;

	for (i = 0; i < hostos_table_len; i++)
		if (str_eq(hostos_table[i].family, family))
			return script_text(hostos_table[i].script);
	return NULL;
}

static void add(struct script_pair *pairs, size_t *n, const char *name, const char *value)
{
	if (str_empty(value))
		return;
	assert(*n < SCRIPT_ARGS_MAX);
	pairs[*n].name = name;
	pairs[(*n)++].value = value;
}

void script_arg(struct script_call *c, const char *name, const char *value)
{
	add(c->args, &c->nargs, name, value);
}

void script_secret(struct script_call *c, const char *name, const char *value)
{
	add(c->secrets, &c->nsecrets, name, value);
}

void script_release(struct script_call *c)
{
	json_free(&c->facts);
}

static bool looks_like_json(const char *v)
{
	return v[0] == '{' || v[0] == '[';
}

static struct json *fact_value(const char *v)
{
	struct json *j = NULL;

	if (looks_like_json(v) && json_parse(v, strlen(v), &j, NULL) == ERR_OK)
		return j;
	return json_string_new(v);
}

static void on_fact(void *ctx, const char *line)
{
	struct script_run *r = ctx;
	const char *eq = strchr(line, '=');
	char key[128];
	struct json *list;

	if (!eq || eq == line || (size_t)(eq - line) >= sizeof(key))
		return;
	memcpy(key, line, (size_t)(eq - line));
	key[eq - line] = '\0';
	if (!str_eq(key, "row") && !str_eq(key, "left")) {
		json_set(r->call->facts, key, fact_value(eq + 1));
		return;
	}
	list = json_get(r->call->facts, key);
	if (!list) {
		list = json_array_new();
		json_set(r->call->facts, key, list);
	}
	json_append(list, fact_value(eq + 1));
}

static void take_error(struct script_call *c, const char *text)
{
	const char *sentence = strchr(text, ' ');
	size_t len = sentence ? (size_t)(sentence - text) : strlen(text);

	snprintf(c->error_code, sizeof(c->error_code), "%.*s", (int)len, text);
	err_set(&c->err, ERR_REMOTE, "%s", sentence ? sentence + 1 : text);
}

static void take_progress(struct script_call *c, const char *text)
{
	char *end;
	int64_t done = strtoll(text, &end, 10);
	int64_t total = strtoll(end, NULL, 10);

	if (c->events.on_progress)
		c->events.on_progress(c->events.ctx, ssh_host(c->ssh), done, total);
}

static void tell(struct script_call *c, enum script_line kind, const char *text)
{
	if (c->events.on_line)
		c->events.on_line(c->events.ctx, ssh_host(c->ssh), kind, text);
}

static void on_line(void *ctx, const char *line)
{
	struct script_run *r = ctx;
	struct script_call *c = r->call;

	if (str_starts(line, "@error "))
		take_error(c, line + 7);
	else if (str_starts(line, "@hint "))
		err_hint(&c->err, "%s", line + 6);
	else if (str_starts(line, "@progress "))
		take_progress(c, line + 10);
	else if (str_starts(line, "@warn "))
		tell(c, SCRIPT_WARN, line + 6);
	else if (str_starts(line, "@debug "))
		tell(c, SCRIPT_DEBUG, line + 7);
	else if (line[0] != '\0') {
		snprintf(r->last_line, sizeof(r->last_line), "%s", line);
		tell(c, SCRIPT_TEXT, line);
	}
}

static enum err_code compose(struct script_run *r, const char **line, struct cmd *cmd)
{
	struct script_call *c = r->call;
	const char *text = script_text(c->script);
	const char *os = NULL;
	size_t i;

	assert(text);
	if (c->family) {
		os = script_of_family(c->family);
		if (!os)
			return err_set(&c->err, ERR_UNSUPPORTED,
			               "host system family \"%s\" is not supported", c->family);
	}
	cmd_word(cmd, "sh");
	cmd_word(cmd, "-s");
	cmd_word(cmd, "--");
	for (i = 0; i < c->nargs; i++)
		cmd_pair(cmd, c->args[i].name, c->args[i].value);
	TRY(cmd_line(cmd, line, &c->err));
	for (i = 0; i < c->nsecrets; i++)
		cmd_assignment(&r->input, c->secrets[i].name, c->secrets[i].value);
	strbuf_adds(&r->input, script_text("lib.sh"));
	strbuf_adds(&r->input, script_text("pg.sh"));
	if (os)
		strbuf_adds(&r->input, os);
	strbuf_adds(&r->input, text);
	return r->input.overflow ? err_set(&c->err, ERR_LIMIT, "input of %s is too long", c->script)
	                         : ERR_OK;
}

/* The last line may also be the script's, from before. */
static void set_broken(struct script_run *r)
{
	if (str_starts(r->last_line, "ssh"))
		err_set(&r->call->err, ERR_UNREACHABLE, "the ssh connection broke: %s",
		        r->last_line);
	else
		err_set(&r->call->err, ERR_UNREACHABLE, "the ssh connection broke");
}

static void judge(struct script_run *r, const struct proc_run *p)
{
	struct script_call *c = r->call;

	c->exit_status = p->exit_status;
	if (p->exit_status == 0 || p->exit_status == SCRIPT_EXIT_NOT_YET) {
		err_clear(&c->err);
		return;
	}
	if (p->timed_out) {
		err_set(&c->err, ERR_TIMEOUT, "%s took longer than %lld s", c->script,
		        (long long)(c->timeout_ms / 1000));
	} else if (p->exit_status == SCRIPT_EXIT_REFUSED && c->err.code != ERR_OK) {
		c->err.code = ERR_REFUSED;
	} else if (c->err.code == ERR_OK && p->exit_status == 255) {
		set_broken(r);
	} else if (c->err.code == ERR_OK) {
		err_set(&c->err, ERR_REMOTE, "%s ended with status %d: %s", c->script,
		        p->exit_status, str_or(r->last_line, "no reason given"));
	}
}

static bool prepare(struct script_run *r, struct proc_run *p, struct script_call *c)
{
	CLEANUP(cmd_release) struct cmd cmd = CMD_INIT;
	const char *line = NULL;

	r->call = c;
	r->input.max = SCRIPT_INPUT_MAX;
	c->facts = json_object_new();
	err_clear(&c->err);
	if (ssh_error(c->ssh)) {
		c->err = *ssh_error(c->ssh);
		return false;
	}
	ssh_prologue(c->ssh, &r->input);
	if (compose(r, &line, &cmd) != ERR_OK)
		return false;
	p->argv = ssh_argv(c->ssh, line, false);
	p->input = strbuf_cstr(&r->input);
	p->input_len = r->input.len;
	p->keep_stdin_open = true;
	p->timeout_ms = c->timeout_ms;
	p->on_err_line = on_line;
	p->on_out_line = on_fact;
	p->ctx = r;
	return true;
}

enum err_code script_run_all(struct script_call *calls, size_t n, struct err *e)
{
	struct script_run *runs = xcalloc(n + 1, sizeof(*runs));
	struct proc_run *procs = xcalloc(n + 1, sizeof(*procs));
	struct script_run **who = xcalloc(n + 1, sizeof(struct script_run *));
	enum err_code code = ERR_OK;
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (prepare(&runs[i], &procs[k], &calls[i]))
			who[k++] = &runs[i];
	}
	if (k > 0)
		code = proc_run_all(procs, k, 0, e);
	for (i = 0; i < k; i++) {
		if (code == ERR_OK)
			judge(who[i], &procs[i]);
		proc_run_release(&procs[i]);
	}
	for (i = 0; i < n; i++)
		strbuf_release_secret(&runs[i].input);
	free_str((char **)&runs);
	free_str((char **)&procs);
	free_str((char **)&who);
	return code;
}

enum err_code script_run(struct script_call *call, struct err *e)
{
	TRY(script_run_all(call, 1, e));
	if (call->err.code != ERR_OK && e)
		*e = call->err;
	return call->err.code;
}
