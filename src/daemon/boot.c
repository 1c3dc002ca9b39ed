#include "daemon/boot.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/str.h"

void boot_process(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	failpoint_init();
	sigaction(SIGPIPE, &ignore, NULL);
}

void boot_follow_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static enum err_code boot_config(struct boot *b, struct err *e)
{
	CLEANUP(strbuf_release) struct strbuf errors = STRBUF_INIT;
	const char *text = json_get_str(b->msg.body, "config");

	config_init(&b->config);
	if (!text || config_parse(&b->config, "boot", text, &errors) > 0)
		return err_set(e, ERR_PARSE, "settings: %s", strbuf_cstr(&errors));
	return ERR_OK;
}

enum err_code boot_child(const char *role, struct boot *b, struct err *e)
{
	char name[16];

	snprintf(name, sizeof(name), "pgtandem-%s", role);
	(void)prctl(PR_SET_NAME, name);
	log_open(role, LOG_INFO);
	*b = (struct boot){ 0 };
	TRY(channel_recv(CHANNEL_CHILD_FD, &b->msg, e));
	TRY(boot_config(b, e));
	log_open(role, b->config.log_level);
	return ERR_OK;
}

void boot_release(struct boot *b)
{
	channel_msg_release(&b->msg);
	config_release(&b->config);
}

void boot_ready(void)
{
	(void)channel_send(CHANNEL_CHILD_FD, "ready", NULL, NULL, NULL, 0, NULL);
}
