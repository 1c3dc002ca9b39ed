/* The table of step kinds: a row and, where a script is not enough, a function. */
#include "plan/kinds.h"

#include "base/str.h"
#include "plan/hosts.h"
#include "plan/step.h"

#define HOURS 3600

/* The certificate is made when it is needed, so that its key is stored nowhere but on the host. */
static enum err_code issue_certificate(struct step *s, struct script_call *call, struct err *e)
{
	const char *host = json_get_str(s->row, "host");
	const char *ip = json_get_str(hosts_row(s->run, host), "ip");
	struct json *args = json_object_new(), *names = json_array_new(), *result = NULL;

	json_append_str(names, host);
	if (!str_empty(ip) && !str_eq(ip, host))
		json_append_str(names, ip);
	json_set(args, "names", names);
	TRY(run_call(s->run, "cert.issue", args, &result, e));
	script_secret(call, "s_cert", arena_strdup(s->run->a, json_get_str(result, "cert")));
	script_secret(call, "s_key", arena_strdup(s->run->a, json_get_str(result, "key")));
	script_secret(call, "s_ca", arena_strdup(s->run->a, json_get_str(result, "ca")));
	json_free(&result);
	return ERR_OK;
}

#define SCRIPT_STEP (STEP_HAS_CHECK | STEP_HAS_UNDO | STEP_OS)

const struct step_kind step_kinds[] = {
	{ .name = "install",
	  .script = "install.sh",
	  .flags = SCRIPT_STEP,
	  .timeout_s = HOURS,
	  .tries = 2 },
	{ .name = "instance", .script = "instance.sh", .flags = SCRIPT_STEP, .timeout_s = 600 },
	{ .name = "tls",
	  .script = "tls.sh",
	  .flags = SCRIPT_STEP & ~(unsigned)STEP_HAS_CHECK,
	  .timeout_s = 120,
	  .tries = 3,
	  .prepare = issue_certificate },
	{ .name = "conf", .script = "conf.sh", .flags = SCRIPT_STEP, .timeout_s = 120, .tries = 3 },
	{ .name = "hba", .script = "hba.sh", .flags = SCRIPT_STEP, .timeout_s = 120, .tries = 3 },
	{ .name = "grant",
	  .script = "hba.sh",
	  .flags = STEP_HAS_UNDO | STEP_OS,
	  .timeout_s = 120,
	  .tries = 3,
	  .do_action = "add" },
	{ .name = "ungrant",
	  .script = "hba.sh",
	  .flags = STEP_OS | STEP_MAY_FAIL,
	  .timeout_s = 120,
	  .tries = 3,
	  .do_action = "del" },
	{ .name = "start",
	  .script = "service.sh",
	  .flags = STEP_HAS_CHECK | STEP_HAS_UNDO | STEP_OS,
	  .timeout_s = HOURS,
	  .check_action = "status",
	  .do_action = "start",
	  .undo_action = "stop" },
	{ .name = "bring_up", /* who asked for a running server keeps it */
	  .script = "service.sh",
	  .flags = STEP_HAS_CHECK | STEP_OS,
	  .timeout_s = HOURS,
	  .check_action = "status",
	  .do_action = "start" },
	{ .name = "halt",
	  .script = "service.sh",
	  .flags = STEP_HAS_UNDO | STEP_OS,
	  .timeout_s = 2 * HOURS,
	  .do_action = "stop",
	  .undo_action = "start" },
	{ .name = "replay",
	  .script = "replay.sh",
	  .flags = STEP_HAS_UNDO,
	  .timeout_s = 120,
	  .tries = 2 },
	{ .name = "stop",
	  .script = "drop.sh",
	  .flags = STEP_OS,
	  .timeout_s = HOURS,
	  .tries = 2,
	  .do_action = "stop" },
	{ .name = "remove",
	  .script = "drop.sh",
	  .flags = STEP_OS,
	  .timeout_s = HOURS,
	  .tries = 2,
	  .do_action = "remove" },
	{ .name = "roles",
	  .script = "roles.sh",
	  .flags = STEP_HAS_UNDO,
	  .timeout_s = 120,
	  .tries = 3 },
	{ .name = "slot",
	  .script = "slot.sh",
	  .flags = STEP_HAS_CHECK | STEP_HAS_UNDO,
	  .timeout_s = 120,
	  .tries = 3 },
	{ .name = "drop_slot",
	  .script = "sql.sh",
	  .flags = STEP_MAY_FAIL,
	  .timeout_s = 120,
	  .tries = 3 },
	{ .name = "basebackup",
	  .script = "basebackup.sh",
	  .flags = SCRIPT_STEP | STEP_LONG,
	  .timeout_s = 7 * 24 * HOURS,
	  .tries = 3 },
	{ .name = "standby",
	  .script = "standby.sh",
	  .flags = SCRIPT_STEP,
	  .timeout_s = 600,
	  .tries = 2 },
	{ .name = "wait_streaming",
	  .script = "wait_streaming.sh",
	  .flags = STEP_NO_CHANGE,
	  .timeout_s = HOURS },
	{ .name = "register",
	  .act = kind_register,
	  .undo = kind_unregister,
	  .flags = STEP_HAS_UNDO,
	  .tries = 3 },
	{ .name = "deregister", .act = kind_unregister, .tries = 3 },
	{ .name = NULL },
};
