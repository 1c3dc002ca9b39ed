/* pgtandem-job: runs one job and is gone.  The engine is at the other end of descriptor 3. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "plan/command.h"
#include "plan/hosts.h"

#define ENGINE_FD        3
#define START_TIMEOUT_MS 30000

static volatile sig_atomic_t cancelled;

static void on_term(int sig)
{
	cancelled = 1;
}

static void set_signals(void)
{
	struct sigaction term = { .sa_handler = on_term };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* secrets are in memory: no core dump, no peeking by the same user */
	prctl(PR_SET_DUMPABLE, 0);
}

/* "start" is the first frame that the engine sends. */
static enum err_code receive_start(struct ipc_conn *engine, struct ipc_msg *m, struct err *e)
{
	TRY(ipc_recv(engine, m, START_TIMEOUT_MS, e));
	if (!str_eq(m->call, "start"))
		return err_set(e, ERR_PARSE, "the first frame is no start frame");
	return ERR_OK;
}

static enum err_code run_job(struct ipc_conn *engine, struct run *r, struct err *e)
{
	struct ipc_msg m = { 0 };
	enum err_code code;

	r->engine = engine;
	r->cancelled = &cancelled;
	code = receive_start(engine, &m, e);
	if (code == ERR_OK && json_get_int(m.args, "attempt", 1) <= 1)
		failpoint_init(); /* a test kills the first attempt, not the one that repairs */
	if (code == ERR_OK && json_get_bool(m.args, "cancel", false))
		cancelled = 1;
	if (code == ERR_OK)
		code = run_init(r, m.args, e);
	ipc_msg_release(&m);
	if (code == ERR_OK)
		code = fs_mkdirs(r->run_dir, 0700, e);
	return code == ERR_OK ? plan_run(r, e) : code;
}

int main(int argc, char **argv)
{
	struct ipc_conn *engine;
	struct run run = { 0 };
	struct err e = { 0 };
	enum err_code code;

	if (argc == 2 && str_eq(argv[1], "--version")) {
		puts("pgtandem-job " PGTANDEM_VERSION);
		return 0;
	}
	log_open("job", LOG_INFO);
	set_signals();
	proc_set_cancel_flag(&cancelled);
	engine = ipc_new(ENGINE_FD);
	code = run_job(engine, &run, &e);
	if (code != ERR_OK)
		log_err(LOG_ERROR, "job", &e);
	hosts_close(&run);
	run_release(&run);
	ipc_free(&engine);
	return code == ERR_OK ? 0 : 1;
}
